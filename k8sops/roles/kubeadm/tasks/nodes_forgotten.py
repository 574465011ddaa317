"""Old Node objects of joining hosts deleted, because kubeadm refuses a name that exists."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.kubeadm.leaving import node_gone


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    for one in spec.hosts:
        if one.name != host.name and one.name in fleet.there and not fleet[one.name].joined:
            yield node_gone(one.name)


TASK = Task(
    name="nodes-forgotten",
    title="old Node objects of joining hosts deleted",
    needs=("kubeadm-init",),
    resources=_resources,
)
