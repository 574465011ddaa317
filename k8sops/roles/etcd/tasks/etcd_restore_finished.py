"""The restore finished."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.restore import restore_of
from k8sops.roles.etcd.restore_resources import finished


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if host.name in restore_of(fleet).members:
        yield finished()


TASK = Task(
    name="etcd-restore-finished",
    title="restore finished",
    resources=_resources,
)
