"""No restore is under way any more."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.etcd.restore import restore_of
from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.restore import finished
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if host.name in restore_of(fleet).members:
        yield finished()


TASK = Task(
    name="etcd-restore-finished",
    title="no restore is under way",
    resources=_resources,
)
