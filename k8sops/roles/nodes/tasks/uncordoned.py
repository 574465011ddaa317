"""Nodes that k8sops has cordoned are Ready and take pods again."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.kubernetes import nodes_ready
from k8sops.resources.nodes import uncordoned


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if fleet[host.name].joined:
        yield nodes_ready([host.name])
        yield uncordoned(host.name)


TASK = Task(name="uncordoned", title="node ready and uncordoned", resources=_resources, on="control_plane[any]")
