"""Maintenance of the members of etcd, and the schedule of its backups."""

from __future__ import annotations

from k8sops.operations.inputs import load_spec
from k8sops.operations.operation import Operation
from k8sops.operations.request import Request
from k8sops.roles.etcd.members import refuse_external


def defragmenting(request: Request) -> Operation:
    """The members defragmented one at a time, the leader last."""
    return _on_members(request.playing("etcd-defrag"))


def disarming(request: Request) -> Operation:
    """Alarms disarmed, once their cause is gone."""
    return _on_members(request.playing("etcd-disarm"))


def compacting(request: Request, keep: int) -> Operation:
    """The history compacted to this many revisions."""
    return _on_members(request.playing("etcd-compact", keep=str(keep)))


def scheduling(request: Request, limit: str = "all") -> Operation:
    """Control planes back up etcd as `backup` in the inventory says; without a schedule there, no longer."""
    return _on_members(request.playing("etcd-schedule", limit))


def _on_members(request: Request) -> Operation:
    """An operation on an etcd that k8sops manages."""
    refuse_external(load_spec(request.inventory))
    return Operation(request)
