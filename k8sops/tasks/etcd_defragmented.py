"""No database of a member wastes its disk."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.etcd import defragmented
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield defragmented()


TASK = Task(name="etcd-defragmented", title="no database wastes its disk", resources=_resources)
