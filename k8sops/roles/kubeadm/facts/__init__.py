"""How far the cluster is, as its hosts say it: who has begun it, who joins, who did not answer."""

from __future__ import annotations

from k8sops.engine.facts import Fleet
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.protocols import network_of

CONFIG_DIR = "/etc/kubernetes/k8sops"
INITIALISED = f"{CONFIG_DIR}/initialised"
"""Written last, once `kubeadm init` or a control plane's join has finished."""


def silent_hosts(spec: ClusterSpec, fleet: Fleet) -> list[HostEntry]:
    """Unreachable hosts among those in the scope of the run and all control planes."""
    asked = [one for one in spec.hosts if one.name in fleet.scope or one.is_control_plane]
    return [one for one in asked if one.name not in fleet.facts]


def founder(spec: ClusterSpec, fleet: Fleet) -> str | None:
    """The control plane for `kubeadm init`: the first of the inventory, unless another is initialised already."""
    first, *others = (one.name for one in spec.control_planes)
    made_elsewhere = any(fleet[name].initialised for name in others)
    return None if made_elsewhere and not fleet[first].initialised else first


def joining_planes(spec: ClusterSpec, fleet: Fleet) -> list[HostEntry]:
    """Control planes in the scope of the run that have not finished joining."""
    first = founder(spec, fleet)
    planes = [one for one in spec.control_planes if one.name in fleet.there and one.name != first]
    return [one for one in planes if not fleet[one.name].initialised]


def joining(spec: ClusterSpec, fleet: Fleet) -> list[str]:
    """Hosts in the scope of the run that have not joined."""
    there = fleet.there
    workers = [one.name for one in spec.workers if one.name in there and not fleet[one.name].joined]
    return [*(one.name for one in joining_planes(spec, fleet)), *workers]


def cluster_images(spec: ClusterSpec) -> list[str]:
    """Images that the cluster runs beside those of kubeadm."""
    return [*network_of(spec).images(spec), spec.pause_image, spec.verify_image]
