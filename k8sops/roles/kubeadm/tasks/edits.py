"""Edits of the inventory that cannot be rolled out to a living cluster yet: reported only."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.kubeadm.facts import living
from k8sops.roles.kubeadm.living import edits


def _asks(spec: ClusterSpec, host: HostEntry, parameters: Parameters) -> str:
    return living.asks(spec)


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    yield from edits.findings(spec, fleet)
    yield from edits.membership(spec, fleet)


TASK = Task(name="edits", title="cluster settings match the inventory", findings=_findings, asks=_asks)
