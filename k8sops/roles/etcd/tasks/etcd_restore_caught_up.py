"""kubelets and controllers reconnected to the restored API."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.restore import restore_of, rewinds
from k8sops.roles.etcd.restore_resources import caught_up, pods_restarted
from k8sops.roles.protocols import network_of


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if rewinds(fleet):
        yield pods_restarted(restore_of(fleet).id)
    nodes = [one.name for one in spec.hosts if fleet[one.name].joined]
    yield caught_up(nodes, after="etcd:restored")
    yield from network_of(spec).after_restore(nodes, after="etcd:restored")


TASK = Task(
    name="etcd-restore-caught-up",
    title="kubelets and controllers reconnected to the API",
    needs=("etcd-restore-started",),
    resources=_resources,
)
