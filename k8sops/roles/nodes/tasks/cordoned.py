"""Nodes take no new pods while later steps of the play change them."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.nodes import cordoned


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if fleet[host.name].joined:
        yield cordoned(host.name)


TASK = Task(name="cordoned", title="node cordoned while it is changed", resources=_resources, on="control_plane[any]")
