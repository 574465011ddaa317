"""API clients that had seen later revisions restarted and resynced."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.restore import restore_of
from k8sops.roles.etcd.restore_resources import caught_up, pods_restarted


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield pods_restarted(restore_of(fleet).id)
    yield caught_up([one.name for one in spec.hosts if fleet[one.name].joined], after="etcd:rollback")


TASK = Task(
    name="etcd-rollback-caught-up",
    title="API clients resynced",
    needs=("etcd-rollback-started",),
    resources=_resources,
)
