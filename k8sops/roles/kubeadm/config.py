"""The configuration files of kubeadm as text."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from k8sops.engine.render import render
from k8sops.errors import InputError, Where
from k8sops.inventory.settings import Component
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.protocols import cri_socket, runtime_of

TOKEN, CERTIFICATE_KEY = "SECRETHALFHERE00", "CERTIFICATEKEYHERE"
"""Placeholders for the secrets of this run in configurations that a plan shows."""
EXTERNAL_ETCD = tuple(f"/etc/kubernetes/pki/etcd-external/{name}" for name in ("ca.crt", "client.crt", "client.key"))
"""Files by which API servers reach an external etcd."""


def _args(spec: ClusterSpec, values: Mapping[str, str | list[str]]) -> list[dict[str, str]] | dict[str, str]:
    """Extra arguments in the form of this kubeadm: a list since v1beta4, where a flag may be repeated."""
    if spec.release.kubeadm_api != "v1beta4":
        return {name: value for name, value in sorted(values.items()) if isinstance(value, str)}
    lists = {name: [value] if isinstance(value, str) else value for name, value in sorted(values.items())}
    return [{"name": name, "value": one} for name, many in lists.items() for one in many]


def volumes(component: Component) -> list[dict[str, Any]]:
    """Extra volumes in kubeadm's form (HostPathMount)."""
    fields = {"name": "name", "host_path": "hostPath", "mount_path": "mountPath"}
    fields |= {"read_only": "readOnly", "path_type": "pathType"}
    return [{fields[key]: value for key, value in one.model_dump().items()} for one in component.extra_volumes]


def component_args(spec: ClusterSpec, component: Component) -> dict[str, str | list[str]]:
    """Flags of a control plane component in addition to kubeadm's own."""
    return {**_gates(spec), **component.extra_args}


def _component(spec: ClusterSpec, component: Component) -> dict[str, Any]:
    """A control plane component in the form of ClusterConfiguration."""
    made: dict[str, Any] = {"extraArgs": _args(spec, component_args(spec, component))}
    if component.extra_volumes:
        made["extraVolumes"] = volumes(component)
    return made


def _etcd(spec: ClusterSpec) -> dict[str, Any]:
    external = spec.settings.etcd.external
    if not external:
        return {"local": {"extraArgs": _args(spec, spec.settings.etcd.extra_args)}}
    files = {f"{name}File": path for name, path in zip(("ca", "cert", "key"), EXTERNAL_ETCD, strict=True)}
    return {"external": {"endpoints": list(external.endpoints), **files}}


def gates_flag(spec: ClusterSpec) -> str:
    """The feature gates as the value of the flag --feature-gates."""
    return ",".join(f"{name}={str(on).lower()}" for name, on in sorted(spec.settings.feature_gates.items()))


def _gates(spec: ClusterSpec) -> dict[str, str]:
    gates = gates_flag(spec)
    return {"feature-gates": gates} if gates else {}


def kubelet_args(spec: ClusterSpec, host: HostEntry) -> dict[str, str | list[str]]:
    """Flags of this host's kubelet in addition to kubeadm's own."""
    own = {"node-ip": host.address, **runtime_of(host).kubelet_args(spec)}
    return {**own, **host.kubelet_extra_args}


def _registration(spec: ClusterSpec, host: HostEntry) -> dict[str, Any]:
    """The nodeRegistration of the host."""
    args = _args(spec, kubelet_args(spec, host))
    return {"name": host.name, "criSocket": cri_socket(spec, host), "kubeletExtraArgs": args}


def kubelet_configuration(spec: ClusterSpec) -> dict[str, Any]:
    """Fields of KubeletConfiguration that differ from the defaults of kubeadm."""
    base: dict[str, Any] = {"cgroupDriver": "systemd"}
    if spec.settings.feature_gates:
        base["featureGates"] = dict(spec.settings.feature_gates)
    if spec.tolerates_cgroup_v1 and spec.kubelet_knows_cgroup_v1:
        base["failCgroupV1"] = False
    return {**base, **spec.settings.kubelet}


def kube_proxy_configuration(spec: ClusterSpec) -> dict[str, Any]:
    """Fields of KubeProxyConfiguration that differ from the defaults of kubeadm."""
    gates = {"featureGates": dict(spec.settings.feature_gates)} if spec.settings.feature_gates else {}
    return {"mode": "iptables", **gates, **spec.settings.kube_proxy}


def init_config(spec: ClusterSpec, host: HostEntry, *, certificate_key: str = "") -> str:
    """The file that `kubeadm init` and its phases read."""
    settings = spec.settings
    return render(
        "kubeadm/init.yaml.j2",
        spec=spec,
        host=host,
        registration=_registration(spec, host),
        api_server=_component(spec, settings.api_server),
        controller_manager=_component(spec, settings.controller_manager),
        scheduler=_component(spec, settings.scheduler),
        etcd=_etcd(spec),
        kubelet=kubelet_configuration(spec),
        kube_proxy=kube_proxy_configuration(spec),
        certificate_key=certificate_key,
    )


def join_config(spec: ClusterSpec, host: HostEntry, *, token_id: str, ca_hash: str) -> str:
    """The file that `kubeadm join` reads, with TOKEN and CERTIFICATE_KEY as placeholders of the secrets."""
    return render(
        "kubeadm/join.yaml.j2",
        spec=spec,
        host=host,
        token_id=token_id,
        placeholder=TOKEN,
        certificate_key=CERTIFICATE_KEY,
        ca_hash=ca_hash,
        registration=_registration(spec, host),
    )


def external_etcd_files(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    """(path on control planes, content) of the files for an external etcd."""
    external = spec.settings.etcd.external
    if external:
        for path, name in zip(EXTERNAL_ETCD, (external.ca, external.cert, external.key), strict=True):
            try:
                yield path, (spec.folder / os.path.expanduser(name)).read_text(encoding="ascii")
            except (OSError, ValueError) as error:
                raise InputError(f"cannot be read: {error}", where=Where(name), remedy="see etcd.external") from None
