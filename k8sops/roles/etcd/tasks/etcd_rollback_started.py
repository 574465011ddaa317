"""etcd and the API server started on the data from before a restore."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.restore import restore_of
from k8sops.roles.etcd.restore_resources import api_started, etcd_started


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    one = restore_of(fleet)
    if host.name in one.members:
        yield etcd_started(f"! goes_back {quote(one.id)}")
        yield api_started(f"! goes_back {quote(one.id)}")


TASK = Task(
    name="etcd-rollback-started",
    title="etcd and the API server started on the old data",
    needs=("etcd-rollback-data",),
    resources=_resources,
)
