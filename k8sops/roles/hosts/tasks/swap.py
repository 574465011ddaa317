"""Swap turned off for kubelet."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.kernel import swap_off


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    # If the inventory configures kubelet to run with swap, swap stays on.
    if spec.settings.kubelet.get("failSwapOn") is not False:
        yield swap_off()


TASK = Task(name="swap", title="swap off, now and after a reboot", resources=_resources)
