"""etcd and API server stopped on every control plane."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.restore import restore_of
from k8sops.roles.etcd.restore_resources import control_plane_stopped


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    one = restore_of(fleet)
    if host.name in one.members:
        yield control_plane_stopped(f"restored_with {quote(one.id)}")


TASK = Task(
    name="etcd-restore-stopped",
    title="etcd and API servers stopped",
    needs=("etcd-restore-ready",),
    resources=_resources,
)
