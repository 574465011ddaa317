"""etcd and the API server started."""

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
        yield etcd_started(f"restored_with {quote(one.id)}")
        yield api_started(f"restored_with {quote(one.id)}")


TASK = Task(
    name="etcd-restore-started",
    title="etcd and the API server started",
    needs=("etcd-restore-data",),
    resources=_resources,
)
