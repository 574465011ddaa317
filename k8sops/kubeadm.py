"""The configuration files of kubeadm and of the pod network, as text; and the token of this run."""

from __future__ import annotations

import hashlib
import json
import secrets
import string
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from k8sops.errors import InputError, Where
from k8sops.facts import Fleet
from k8sops.render import render
from k8sops.shell import Secret
from k8sops.spec import FLANNEL, FLANNEL_CNI, ClusterSpec, HostEntry

TOKEN, CERTIFICATE_KEY = "SECRETHALFHERE00", "CERTIFICATEKEYHERE"
"""What stands in a configuration, where a plan shows it, in the place of the secrets of this run."""
LETTERS = string.ascii_lowercase + string.digits


@cache
def token() -> tuple[str, Secret]:
    """The bootstrap token of this run: its public id and its secret half (form: KEP-130)."""
    half = "".join(secrets.choice(LETTERS) for _ in range(16))
    return "".join(secrets.choice(LETTERS) for _ in range(6)), Secret("join_token", half)


@cache
def certificate_key() -> Secret:
    """What the cluster's certificates are encrypted with while control planes of this run join (KEP-2505)."""
    return Secret("certificate_key", secrets.token_hex(32))


def silent_hosts(spec: ClusterSpec, fleet: Fleet) -> list[HostEntry]:
    """Hosts that were asked, and did not answer: those the run is about, and every control plane."""
    asked = [one for one in spec.hosts if one.name in fleet.scope or one.is_control_plane]
    return [one for one in asked if one.name not in fleet.facts]


def founder(spec: ClusterSpec, fleet: Fleet) -> str | None:
    """The control plane that is made by `kubeadm init`: the first of the inventory, unless another is there already."""
    first, *others = (one.name for one in spec.control_planes)
    made_elsewhere = any(fleet[name].initialised for name in others)
    return None if made_elsewhere and not fleet[first].initialised else first


def joining_planes(spec: ClusterSpec, fleet: Fleet) -> list[HostEntry]:
    """Control planes that this run is about and that have not finished joining."""
    first = founder(spec, fleet)
    planes = [one for one in spec.control_planes if one.name in fleet.there and one.name != first]
    return [one for one in planes if not fleet[one.name].initialised]


def joining(spec: ClusterSpec, fleet: Fleet) -> list[str]:
    """Hosts that this run is about and that are no nodes yet."""
    there = fleet.there
    workers = [one.name for one in spec.workers if one.name in there and not fleet[one.name].joined]
    return [*(one.name for one in joining_planes(spec, fleet)), *workers]


def _args(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Extra arguments as v1beta4 has them: a list, because a flag may stand more than once."""
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def _gates(spec: ClusterSpec) -> dict[str, str]:
    gates = ",".join(f"{name}={str(on).lower()}" for name, on in sorted(spec.settings.feature_gates.items()))
    return {"feature-gates": gates} if gates else {}


def _kubelet_args(host: HostEntry) -> list[dict[str, str]]:
    return _args({"node-ip": host.address, **host.kubelet_extra_args})


def kubelet_configuration(spec: ClusterSpec) -> dict[str, Any]:
    """Fields of KubeletConfiguration that differ from what kubeadm sets by itself."""
    base: dict[str, Any] = {"cgroupDriver": "systemd"}
    if spec.settings.feature_gates:
        base["featureGates"] = dict(spec.settings.feature_gates)
    if spec.tolerates_cgroup_v1 and spec.kubelet_knows_cgroup_v1:
        base["failCgroupV1"] = False
    return {**base, **spec.settings.kubelet}


def init_config(spec: ClusterSpec, host: HostEntry, *, certificate_key: str = "") -> str:
    """The file that `kubeadm init` and its phases read."""
    settings, gates = spec.settings, _gates(spec)
    proxy = {"featureGates": dict(settings.feature_gates)} if settings.feature_gates else {}
    return render(
        f"kubeadm/init-{spec.release.kubeadm_api}.yaml.j2",
        spec=spec,
        host=host,
        kubelet_args=_kubelet_args(host),
        api_server_args=_args({**gates, **settings.api_server.extra_args}),
        controller_manager_args=_args({**gates, **settings.controller_manager.extra_args}),
        scheduler_args=_args({**gates, **settings.scheduler.extra_args}),
        etcd_args=_args(settings.etcd.extra_args),
        kubelet=kubelet_configuration(spec),
        kube_proxy={"mode": "iptables", **proxy, **settings.kube_proxy},
        certificate_key=certificate_key,
    )


def join_config(spec: ClusterSpec, host: HostEntry, *, token_id: str, ca_hash: str) -> str:
    """The file that `kubeadm join` reads; TOKEN and CERTIFICATE_KEY stand where the secrets belong."""
    return render(
        f"kubeadm/join-{spec.release.kubeadm_api}.yaml.j2",
        spec=spec,
        host=host,
        token_id=token_id,
        placeholder=TOKEN,
        certificate_key=CERTIFICATE_KEY,
        ca_hash=ca_hash,
        kubelet_args=_kubelet_args(host),
    )


def flannel_manifest(spec: ClusterSpec) -> str:
    """flannel, with the backend that the inventory names."""
    backend = {"Type": spec.settings.network.flannel.backend}
    net = json.dumps({"Network": str(spec.pods), "EnableNFTables": False, "Backend": backend})
    plugins = [
        {"type": "flannel", "delegate": {"hairpinMode": True, "isDefaultGateway": True}},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    cni = json.dumps({"name": "cbr0", "cniVersion": "0.3.1", "plugins": plugins})
    digest = hashlib.sha256(f"{net}{cni}".encode()).hexdigest()[:16]
    return render(
        "cni/flannel.yaml.j2", image=FLANNEL, cni_image=FLANNEL_CNI, net_conf=net, cni_conf=cni, digest=digest
    )


def own_manifests(paths: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """(name, text, number of objects) of each manifest file that the user names."""
    for name in paths:
        try:
            text = Path(name).expanduser().read_text(encoding="utf-8")
            kinds = sum(1 for one in yaml.safe_load_all(text) if one)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = Where(name, mark.line + 1, mark.column + 1) if mark else Where(name)
            raise InputError(f"cannot be used as a manifest: {error.problem}", where=where) from None
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise InputError(f"cannot be used as a manifest: {error}", where=Where(name)) from None
        yield Path(name).stem, text, kinds
