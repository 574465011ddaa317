"""etcd data from before a restore put back on every control plane."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.restore import restore_of
from k8sops.roles.etcd.restore_resources import data_back


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    one = restore_of(fleet)
    if host.name in one.members:
        yield data_back(one.id)


TASK = Task(
    name="etcd-rollback-data",
    title="pre-restore etcd data put back",
    needs=("etcd-rollback-stopped",),
    resources=_resources,
)
