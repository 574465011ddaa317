"""The inventory of a lab: an ordinary one, as anybody behind a firewall with mirrors would write it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import yaml

from k8sops.errors import InputError, Where
from k8sops.lab.hosts import Lab
from k8sops.lab.mirror import Mirror

HEAD = """\
# The inventory of lab {name}, written by `k8sops lab up`. Nothing in it is special to a lab but the addresses:
# these hosts share one kernel and one disk, so kubelet must not evict when the machine's disk is fairly full, and
# kube-proxy cannot set the kernel's connection tracking.
"""


def inventory(
    lab: Lab,
    kubernetes: str,
    mirror: Mirror | None,
    *,
    cgroup_v1: bool,
    backend: str = "vxlan",
    docker: Collection[str] = (),
    ignore: Sequence[str] = (),
) -> str:
    """The text of the inventory."""
    hosts = {host.name: {"address": host.address, "host_key": host.host_key} for host in lab.hosts}
    for name in docker:
        hosts[name]["runtime"] = "docker"
    planes = {name: host for name, host in hosts.items() if name.startswith("cp")}
    data: dict[str, Any] = {
        "cluster": lab.name,
        "kubernetes": kubernetes,
        "network": {
            "pods": "10.244.0.0/16",
            "services": "10.96.0.0/12",
            "cni": "flannel",
            "flannel": {"backend": backend},
        },
        "runtime": "containerd",
        "ssh": {"user": "ops", "become": True, "identity": str(lab.key)},
        "kubelet": {
            "evictionHard": {"nodefs.available": "1Gi", "imagefs.available": "1Gi", "memory.available": "100Mi"},
            "imageGCHighThresholdPercent": 100,
        },
        "kube_proxy": {"conntrack": {"maxPerCore": 0, "min": 0}},
        "preflight": {"ignore": list(ignore)},
    }
    if cgroup_v1:
        data["allow_cgroup_v1"] = True
    if mirror:
        data["packages"] = {"key": mirror.key}
        images = dict.fromkeys(("registry.k8s.io", "ghcr.io"), mirror.images_url)
        data["mirrors"] = {"packages": mirror.packages_url, "images": images}
    groups = {"control_plane": {"hosts": planes}}
    workers = {name: host for name, host in hosts.items() if name not in planes}
    if workers:
        groups["workers"] = {"hosts": workers}
    return HEAD.format(name=lab.name) + yaml.safe_dump({**data, "groups": groups}, sort_keys=False, width=120)


def write_inventory(path: Path, text: str) -> None:
    """The inventory is there, whole or not at all; one that no lab wrote is never written over."""
    if path.exists() and not path.read_text(encoding="utf-8").startswith(HEAD.split("{")[0]):
        raise InputError(
            "exists, and was not written by a lab",
            where=Where(str(path)),
            remedy="use --inventory FILE to write another",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
