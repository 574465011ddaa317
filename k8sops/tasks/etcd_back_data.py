"""etcd has the data from before a restore, on every control plane."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.etcd.restore import restore_of
from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.restore import data_back
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    one = restore_of(fleet)
    if host.name in one.members:
        yield data_back(one.id)


TASK = Task(
    name="etcd-back-data",
    title="etcd has the data from before the restore",
    needs=("etcd-back-stopped",),
    resources=_resources,
)
