"""The nodes of old hosts are gone where new hosts of their names are to join: kubeadm refuses a name that is taken."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.leaving import node_gone
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    for one in spec.hosts:
        if one.name != host.name and one.name in fleet.there and not fleet[one.name].joined:
            yield node_gone(one.name)


TASK = Task(
    name="nodes-forgotten",
    title="no node bears the name of a host that is to join",
    needs=("kubeadm-init",),
    resources=_resources,
)
