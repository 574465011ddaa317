"""Only the last revisions have a history."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.errors import InputError
from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.etcd import compacted
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task

KEEP, LEAST = 1000, 100


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    keep = fleet.parameters.get("keep", str(KEEP))
    if not keep.isdecimal() or int(keep) < LEAST:
        raise InputError(f"keep={keep}: a number of revisions is wanted, {LEAST} at least")
    yield compacted(int(keep))


TASK = Task(
    name="etcd-compacted", title="only the last revisions have a history", resources=_resources, parameters=("keep",)
)
