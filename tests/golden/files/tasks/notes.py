"""A task of the user's own, with what no task of k8sops uses."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.files import directory


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield directory("/etc/notes", mode=0o750, owner="root:adm")


TASK = Task(name="notes", title="a folder for notes", resources=_resources)
