"""kubelet running on existing control planes: without it there is no API server to query."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.services import service


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if fleet[host.name].initialised:
        yield service("kubelet")


TASK = Task(
    name="kubelet",
    title="kubelet running on existing control planes",
    needs=("kubernetes-packages", "container-runtime"),
    resources=_resources,
)
