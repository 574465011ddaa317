"""Clocks that agree: etcd leases and certificates need them."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.packages import packages
from k8sops.resources.services import service
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task

OTHERS = ("chrony", "ntpsec", "ntp", "openntpd")


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if not spec.settings.time_sync:
        return
    # A host that keeps its time by another daemon is left with it: the two packages exclude each other.
    if any(name in fleet[host.name].packages for name in OTHERS):
        return
    yield packages("time-sync", {"systemd-timesyncd": None})
    yield service("systemd-timesyncd", running=not fleet[host.name].container)


TASK = Task(name="time-sync", title="the clock is kept by a time service", resources=_resources)
