"""Edits of what nodes run: kubelet, kube-proxy, addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.kubeadm.config import kube_proxy_configuration, kubelet_args, kubelet_configuration
from k8sops.roles.kubeadm.facts import living
from k8sops.roles.kubeadm.living.compare import (
    Difference,
    differences,
    empty_in_kubelet,
    empty_in_proxy,
    flag_differences,
    shown,
)
from k8sops.roles.kubeadm.living.control_plane import is_address
from k8sops.roles.kubeadm.living.defaults import KUBELET, KUBELET_FLAGS, PROXY
from k8sops.roles.kubeadm.living.edit import Edit
from k8sops.roles.protocols import cri_socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def kube_proxy(spec: ClusterSpec, cluster: living.Cluster) -> Iterator[Edit]:
    """kube-proxy's ConfigMap."""
    for one in differences(cluster.proxy or {}, kube_proxy_configuration(spec), PROXY, empty_in_proxy):
        yield _field(spec, "kube_proxy", one, cluster.source, "ConfigMap kube-proxy")


def _field(spec: ClusterSpec, part: str, one: Difference, host: str, place: str) -> Edit:
    """A field of kubelet's or kube-proxy's configuration, under the setting that it comes from."""
    own, path = getattr(spec.settings, part), ".".join(one.path)
    if one.path[0] == "featureGates" and "featureGates" not in own:
        return Edit("FeatureGates", f"feature_gates.{'.'.join(one.path[1:])}", one.has, one.wants, host, place)
    kind = "KubeletSettings" if part == "kubelet" else "KubeProxySettings"
    if path == "failCgroupV1" and path not in own:
        # The setting says the opposite: failing is kubelet's default.
        has, wants = (None if value is None else not value for value in (one.has, one.wants))
        return Edit(kind, "allow_cgroup_v1", has or False, wants or False, host, place)
    return Edit(kind, f"{part}.{path}", one.has, one.wants, host, place)


def kubelets(spec: ClusterSpec, fleet: Fleet, cluster: living.Cluster | None) -> Iterator[Edit]:
    """The configuration that joining nodes get, and that of each node."""
    wants = kubelet_configuration(spec)
    if cluster and cluster.kubelet is not None:
        for one in differences(cluster.kubelet, wants, KUBELET, empty_in_kubelet):
            yield _field(spec, "kubelet", one, cluster.source, "ConfigMap kubelet-config")
    for host in spec.hosts:
        # A control plane that k8sops has not created does not belong to this cluster.
        ours = fleet[host.name].joined and (fleet[host.name].initialised or not host.is_control_plane)
        config = living.kubelet_config(fleet[host.name]) if ours else None
        for one in differences(config or wants, wants, KUBELET, empty_in_kubelet):
            yield _field(spec, "kubelet", one, host.name, "/var/lib/kubelet/config.yaml")


def kubelet_flags(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Edit]:
    """kubelet's flags as kubeadm wrote them at the join, and what /etc/default/kubelet makes of them."""
    flags, later = living.kubelet_flags(facts)
    wants = kubelet_args(spec, host)
    if host.kubelet_extra_args.get("node-ip") is None:
        # That the host's address differs has words of its own.
        wants.pop("node-ip")
    if flags is None or _socket(facts.cri_socket) != _socket(cri_socket(spec, host)):
        return
    skipped = {"node-ip"} - wants.keys()
    written = {name: values for name, values in flags.items() if name not in skipped}
    over = {name: values for name, values in later.items() if name in wants}
    for has, place in ((written, "kubeadm-flags.env"), ({**written, **over}, "/etc/default/kubelet")):
        for one in flag_differences(has, wants, dict.fromkeys(KUBELET_FLAGS)):
            if place == "kubeadm-flags.env" or one.path[0] in over:
                setting = f"kubelet_extra_args.{one.path[0]}"
                yield Edit("KubeletSettings", setting, one.has, one.wants, host.name, place)


def _socket(address: str) -> str:
    return address.removeprefix("unix://").replace("/var/run/", "/run/")


def address(spec: ClusterSpec, host: HostEntry, facts: HostFacts, cluster: living.Cluster | None) -> Iterator[Edit]:
    """The address by which the cluster knows a node."""

    def edit(has: Iterable[str], place: str) -> Edit:
        return Edit("NodeAddress", "address", shown(tuple(has)), host.address, host.name, place)

    flags, _ = living.kubelet_flags(facts)
    own = ipaddress.ip_address(host.address)
    if "node-ip" not in host.kubelet_extra_args:
        has = (flags or {}).get("node-ip")
        if has and not _is_same(own, has[0].split(",")):
            yield edit(has, "kubelet's --node-ip")
        node = cluster.nodes.get(host.name) if cluster else None
        if node and node.addresses and not _is_same(own, node.addresses):
            yield edit(node.addresses, "InternalIP of the Node")
    if "advertise-address" not in spec.settings.api_server.extra_args:
        has = (living.pod_flags(facts, "kube-apiserver") or {}).get("advertise-address")
        if has and not _is_same(own, has):
            yield edit(has, "--advertise-address of kube-apiserver")


def _is_same(address: Address, texts: Iterable[str]) -> bool:
    """Whether one of these is the address, or stands for any of the host's (0.0.0.0, ::)."""
    return any(
        text in ("0.0.0.0", "::") or (is_address(text) and ipaddress.ip_address(text) == address) for text in texts
    )
