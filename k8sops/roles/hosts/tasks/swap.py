"""No swap under kubelet."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.kernel import swap_off


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    # An inventory that tells kubelet to run with swap means to keep it.
    if spec.settings.kubelet.get("failSwapOn") is not False:
        yield swap_off()


TASK = Task(name="swap", title="swap off, now and after a reboot", resources=_resources)
