"""Defaults of kubeadm, as data: flags and fields with these values do not differ from an inventory without them.

From kubeadm's source, releases 1.33 to 1.37: phases/controlplane/manifests.go, phases/etcd/local.go,
phases/kubelet/flags.go, componentconfigs/{kubelet,kubeproxy}.go; flags of earlier releases as far as they are known.
None: the value depends on the cluster or the host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PKI = "/etc/kubernetes/pki"
ETCD = f"{PKI}/etcd"
CONTROLLER_MANAGER, SCHEDULER = (f"/etc/kubernetes/{name}.conf" for name in ("controller-manager", "scheduler"))

FLAGS: Mapping[str, Mapping[str, str | None]] = {
    "kube-apiserver": {
        "advertise-address": None,
        "allow-privileged": "true",
        "authorization-mode": "Node,RBAC",
        "client-ca-file": f"{PKI}/ca.crt",
        "enable-admission-plugins": "NodeRestriction",
        "enable-bootstrap-token-auth": "true",
        "etcd-cafile": None,
        "etcd-certfile": None,
        "etcd-keyfile": None,
        "etcd-servers": None,
        "insecure-port": "0",
        "kubelet-client-certificate": f"{PKI}/apiserver-kubelet-client.crt",
        "kubelet-client-key": f"{PKI}/apiserver-kubelet-client.key",
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "proxy-client-cert-file": f"{PKI}/front-proxy-client.crt",
        "proxy-client-key-file": f"{PKI}/front-proxy-client.key",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": f"{PKI}/front-proxy-ca.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "secure-port": None,
        "service-account-issuer": None,
        "service-account-key-file": f"{PKI}/sa.pub",
        "service-account-signing-key-file": f"{PKI}/sa.key",
        "service-cluster-ip-range": None,
        "tls-cert-file": f"{PKI}/apiserver.crt",
        "tls-private-key-file": f"{PKI}/apiserver.key",
    },
    "kube-controller-manager": {
        "allocate-node-cidrs": "true",
        "authentication-kubeconfig": CONTROLLER_MANAGER,
        "authorization-kubeconfig": CONTROLLER_MANAGER,
        "bind-address": "127.0.0.1",
        "client-ca-file": f"{PKI}/ca.crt",
        "cluster-cidr": None,
        "cluster-name": None,
        "cluster-signing-cert-file": None,
        "cluster-signing-key-file": None,
        "controllers": "*,bootstrapsigner,tokencleaner",
        "kubeconfig": CONTROLLER_MANAGER,
        "leader-elect": "true",
        "node-cidr-mask-size": None,
        "port": "0",
        "requestheader-client-ca-file": f"{PKI}/front-proxy-ca.crt",
        "root-ca-file": f"{PKI}/ca.crt",
        "service-account-private-key-file": f"{PKI}/sa.key",
        "service-cluster-ip-range": None,
        "use-service-account-credentials": "true",
    },
    "kube-scheduler": {
        "authentication-kubeconfig": SCHEDULER,
        "authorization-kubeconfig": SCHEDULER,
        "bind-address": "127.0.0.1",
        "kubeconfig": SCHEDULER,
        "leader-elect": "true",
        "port": "0",
    },
    "etcd": {
        "advertise-client-urls": None,
        "cert-file": f"{ETCD}/server.crt",
        "client-cert-auth": "true",
        "data-dir": "/var/lib/etcd",
        "experimental-initial-corrupt-check": "true",
        "experimental-watch-progress-notify-interval": "5s",
        "feature-gates": "InitialCorruptCheck=true",
        "initial-advertise-peer-urls": None,
        "initial-cluster": None,
        "initial-cluster-state": None,
        "key-file": f"{ETCD}/server.key",
        "listen-client-urls": None,
        "listen-metrics-urls": None,
        "listen-peer-urls": None,
        "name": None,
        "peer-cert-file": f"{ETCD}/peer.crt",
        "peer-client-cert-auth": "true",
        "peer-key-file": f"{ETCD}/peer.key",
        "peer-trusted-ca-file": f"{ETCD}/ca.crt",
        "snapshot-count": "10000",
        "trusted-ca-file": f"{ETCD}/ca.crt",
        "watch-progress-notify-interval": "5s",
    },
}
KUBELET_FLAGS = frozenset(
    (
        "cgroup-driver",
        "container-runtime",
        "container-runtime-endpoint",
        "hostname-override",
        "network-plugin",
        "pod-infra-container-image",
        "register-with-taints",
        "resolv-conf",
    )
)
"""Flags in kubeadm-flags.env that are kubeadm's own."""

KUBELET: Mapping[str, Any] = {
    "apiVersion": None,
    "kind": None,
    "authentication": {
        "anonymous": {"enabled": False},
        "webhook": {"enabled": True},
        "x509": {"clientCAFile": f"{PKI}/ca.crt"},
    },
    "authorization": {"mode": "Webhook"},
    "cgroupDriver": "systemd",
    "clusterDNS": None,
    "clusterDomain": None,
    "containerRuntimeEndpoint": None,
    "healthzBindAddress": "127.0.0.1",
    "healthzPort": 10248,
    "resolvConf": None,
    "rotateCertificates": True,
    "staticPodPath": "/etc/kubernetes/manifests",
}
PROXY: Mapping[str, Any] = {
    "apiVersion": None,
    "kind": None,
    "bindAddress": None,
    "clientConnection": {"kubeconfig": "/var/lib/kube-proxy/kubeconfig.conf"},
    "clusterCIDR": None,
}

KUBELET_ZEROS = frozenset(
    (
        "enableContentionProfiling",
        "eventBurst",
        "evictionMaxPodGracePeriod",
        "kernelMemcgNotification",
        "kubeAPIBurst",
        "maxOpenFiles",
        "maxPods",
        "nodeLeaseDurationSeconds",
        "podsPerCore",
        "port",
        "protectKernelDefaults",
        "readOnlyPort",
        "registryBurst",
        "rotateCertificates",
        "runOnce",
        "serverTLSBootstrap",
    )
)
"""Fields of KubeletConfiguration in which 0 or false is what a missing field is (k8s.io/kubelet, v1beta1/types.go)."""
PROXY_POINTERS = frozenset(
    (
        "conntrack.maxPerCore",
        "conntrack.min",
        "conntrack.tcpCloseWaitTimeout",
        "conntrack.tcpEstablishedTimeout",
        "iptables.localhostNodePorts",
        "iptables.masqueradeBit",
        "nftables.masqueradeBit",
        "oomScoreAdj",
    )
)
"""Fields of KubeProxyConfiguration in which 0, false or 0s is a value like any other (k8s.io/kube-proxy)."""
