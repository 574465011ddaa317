"""No API server and no etcd runs on any control plane."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.etcd.restore import restore_of
from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.restore import control_plane_stopped
from k8sops.shell import quote
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    one = restore_of(fleet)
    if host.name in one.members:
        yield control_plane_stopped(f"restored_with {quote(one.id)}")


TASK = Task(
    name="etcd-restore-stopped",
    title="no API server and no etcd runs",
    needs=("etcd-restore-ready",),
    resources=_resources,
)
