"""Nodes are cordoned and drained while later steps of the play change them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.nodes import cordoned, drained


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if fleet[host.name].joined:
        drain = spec.settings.drain
        yield cordoned(host.name)
        state = drained(host.name, answers=True, force=drain.force, seconds=drain.timeout_seconds)
        yield replace(state, transient=True)


TASK = Task(name="drained", title="node drained while it is changed", resources=_resources, on="control_plane[any]")
