"""etcd alarms cleared."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.upkeep import disarmed


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield disarmed()


TASK = Task(name="etcd-disarmed", title="etcd alarms cleared", resources=_resources)
