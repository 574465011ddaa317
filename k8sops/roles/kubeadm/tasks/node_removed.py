"""Nodes drained, removed from etcd and deleted. Skipped if the whole cluster is reset."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.findings import Finding
from k8sops.engine.parameters import HOSTS, HostNames, TaskParameters, parameter
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry, in_url
from k8sops.resources.nodes import drained
from k8sops.roles.kubeadm.facts import identity
from k8sops.roles.kubeadm.leaving import node_gone
from k8sops.roles.protocols import etcd_members

NO_VOLUMES = "delete the pods that use it, or drain the node, then reset again"


class Parameters(TaskParameters):
    leaving: HostNames = parameter(*HOSTS, default=())


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if host.name in fleet.leaving:
        return
    drain = spec.settings.drain
    # Workers first: the API goes away with the last control plane.
    for one in [*spec.workers, *spec.control_planes]:
        if one.name in fleet.leaving:
            there = one.name in fleet.facts
            yield drained(one.name, answers=there, force=drain.force, seconds=drain.timeout_seconds)
            if one.is_control_plane and not spec.settings.etcd.external:
                yield etcd_members().member_left(one.name, peer=f"https://{in_url(one.address)}:2380")
            yield node_gone(one.name)


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    """Hosts of other clusters, and mounted volumes if the whole cluster is reset: no drain unmounts those."""
    yield from identity.reset_findings(spec, fleet)
    if fleet.leaving >= {one.name for one in spec.control_planes}:
        for name in sorted(fleet.leaving & fleet.facts.keys()):
            for volume in fleet[name].volumes:
                yield Finding(name, "MountedVolume", f"volume {volume} is still mounted: {NO_VOLUMES}")


TASK = Task(
    name="node-removed",
    title="node removed from the cluster",
    resources=_resources,
    findings=_findings,
    asks=identity.asks,
    parameters=Parameters,
)
