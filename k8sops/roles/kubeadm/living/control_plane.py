"""Edits of what control planes run: flags, volumes, names of the API, an external etcd."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.kubeadm.config import component_args, volumes
from k8sops.roles.kubeadm.facts import living
from k8sops.roles.kubeadm.living.compare import Difference, flag_differences
from k8sops.roles.kubeadm.living.defaults import FLAGS
from k8sops.roles.kubeadm.living.edit import Edit

COMPONENTS = {
    "api_server": ("apiServer", "kube-apiserver"),
    "controller_manager": ("controllerManager", "kube-controller-manager"),
    "scheduler": ("scheduler", "kube-scheduler"),
}
"""The inventory's name for a program, kubeadm's, and that of its static pod."""
CONFIG_MAP = "ConfigMap kubeadm-config"


def kubeadm_config(spec: ClusterSpec, config: Mapping[str, Any], host: str) -> Iterator[Edit]:
    """What kubeadm would give to the next control plane."""
    place = CONFIG_MAP
    for name, (kubeadm, pod) in COMPONENTS.items():
        part, settings = config.get(kubeadm) or {}, getattr(spec.settings, name)
        yield from _extra_args(spec, name, pod, part.get("extraArgs"), component_args(spec, settings), host)
        have = {str(volume.get("name")): _volume(volume) for volume in part.get("extraVolumes") or ()}
        want = {str(volume["name"]): _volume(volume) for volume in volumes(settings)}
        for volume in sorted({*have, *want}):
            if have.get(volume) != want.get(volume):
                setting = f"{name}.extra_volumes.{volume}"
                yield Edit("ControlPlaneSettings", setting, have.get(volume), want.get(volume), host, place)
    etcd, external = config.get("etcd") or {}, spec.settings.etcd.external
    if "external" in etcd and external:
        has = list((etcd["external"] or {}).get("endpoints") or ())
        if sorted(has) != sorted(external.endpoints):
            yield Edit("ControlPlaneSettings", "etcd.external.endpoints", has, list(external.endpoints), host, place)
    if "local" in etcd and not external:
        args = (etcd["local"] or {}).get("extraArgs")
        yield from _extra_args(spec, "etcd", "etcd", args, spec.settings.etcd.extra_args, host)


def _extra_args(
    spec: ClusterSpec, name: str, pod: str, args: Any, wants: Mapping[str, str | list[str]], host: str
) -> Iterator[Edit]:
    """Flags in kubeadm-config; where it has none, the program has kubeadm's own."""
    for one in flag_differences(_listed(args), wants, {}):
        default = FLAGS[pod].get(one.path[0])
        if one.has is not None or default is None:
            yield from _flag(spec, name, one, host, CONFIG_MAP)
        elif one.wants != default:
            yield from _flag(spec, name, Difference(one.path, default, one.wants), host, CONFIG_MAP)


def _listed(args: Any) -> living.Flags:
    """Extra arguments of any version of kubeadm's API: a map, or a list of names and values since v1beta4."""
    if isinstance(args, Mapping):
        return {str(name): (str(value),) for name, value in args.items()}
    found: dict[str, tuple[str, ...]] = {}
    for one in args or ():
        found[str(one.get("name"))] = (*found.get(str(one.get("name")), ()), str(one.get("value", "")))
    return found


def _volume(volume: Mapping[str, Any]) -> dict[str, Any]:
    """A volume without what says nothing: kubeadm leaves that out."""
    return {key: value for key, value in sorted(volume.items()) if value and key != "name"}


def static_pods(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Edit]:
    """What the programs of one control plane are started with."""
    parts = [(name, pod, component_args(spec, getattr(spec.settings, name))) for name, (_, pod) in COMPONENTS.items()]
    for name, pod, wants in (*parts, ("etcd", "etcd", dict(spec.settings.etcd.extra_args))):
        flags = living.pod_flags(facts, pod)
        if flags is None:
            continue
        defaults = dict(FLAGS[pod])
        if pod == "kube-apiserver":
            # kubeadm leaves out of these modes what it does not know.
            wants.pop("authorization-mode", None)
            if "authorization-mode" in spec.settings.api_server.extra_args:
                defaults["authorization-mode"] = None
        for one in flag_differences(flags, wants, defaults):
            yield from _flag(spec, name, one, host.name, f"{pod}.yaml")


def _flag(spec: ClusterSpec, name: str, one: Difference, host: str, place: str) -> Iterator[Edit]:
    """A flag that differs; where it is that of the feature gates, each gate."""
    flag = one.path[0]
    own = getattr(spec.settings, name).extra_args
    if flag != "feature-gates" or flag in own or name == "etcd":
        yield Edit("ControlPlaneSettings", f"{name}.extra_args.{flag}", one.has, one.wants, host, place)
        return
    has, wants = _gates(one.has), _gates(one.wants)
    for gate in sorted({*has, *wants}):
        if has.get(gate) != wants.get(gate):
            yield Edit("FeatureGates", f"feature_gates.{gate}", has.get(gate), wants.get(gate), host, place)


def _gates(flag: Any) -> dict[str, bool]:
    pairs = (pair.partition("=") for pair in str(flag or "").split(",") if pair)
    return {name: value.lower() == "true" for name, _, value in pairs}


def sans(
    spec: ClusterSpec, fleet: Fleet, cluster: living.Cluster | None, planes: Iterable[HostEntry]
) -> Iterator[Edit]:
    """Names of the API: what kubeadm would put into the next certificate, and what is in those of today."""
    wants = {_normal(name): name for name in spec.settings.api_server.sans}
    gone: set[str] = set()
    if cluster and cluster.kubeadm is not None:
        listed = [_normal(str(name)) for name in (cluster.kubeadm.get("apiServer") or {}).get("certSANs") or ()]
        for name in wants:
            if name not in listed:
                yield _san(None, name, cluster.source, CONFIG_MAP)
        gone = _declared_sans(listed) - {*wants, *map(_normal, spec.sans)}
        for name in sorted(gone):
            yield _san(name, None, cluster.source, CONFIG_MAP)
    for host in planes:
        names = living.certificate_names(fleet[host.name])
        if names is not None:
            for name in wants:
                if name not in names:
                    yield _san(None, name, host.name, "apiserver.crt")
            for name in sorted(gone & names):
                yield _san(name, None, host.name, "apiserver.crt")


def _san(has: str | None, wants: str | None, host: str, place: str) -> Edit:
    return Edit("CertificateNames", "api_server.sans", has, wants, host, place)


def _declared_sans(listed: list[str]) -> set[str]:
    """The names that an inventory added: k8sops lists the endpoint, names and addresses of control planes before them.

    Names of control planes that have left are still in it, which is not an edit of `sans`.
    """
    rest = listed[1:]
    planes = next((at for at, name in enumerate(rest) if is_address(name)), len(rest))
    addresses = next((at for at, name in enumerate(rest[planes:]) if not is_address(name)), len(rest) - planes)
    return set(rest[planes + min(planes, addresses) :])


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _normal(name: str) -> str:
    """A name or an address as certificates are compared by."""
    return str(ipaddress.ip_address(name)) if is_address(name) else name.lower()
