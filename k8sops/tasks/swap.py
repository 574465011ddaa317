"""No swap under kubelet."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.kernel import swap_off
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    # An inventory that tells kubelet to run with swap means to keep it.
    if spec.settings.kubelet.get("failSwapOn") is not False:
        yield swap_off()


TASK = Task(name="swap", title="swap is off, now and after a reboot", resources=_resources)
