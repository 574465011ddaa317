"""kubelets restarted if revisions have gone back: otherwise they wait for revisions that they have seen."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.restore import restore_of, rewinds
from k8sops.roles.etcd.restore_resources import clients_restarted


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if rewinds(fleet) and fleet[host.name].joined:
        yield clients_restarted(restore_of(fleet).begun)


TASK = Task(
    name="etcd-kubelets-restarted",
    title="kubelets restarted",
    resources=_resources,
)
