"""Nodes leave the cluster, and their hosts are freed of it."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.engine.plan import Plan
from k8sops.errors import InputError, UsageError
from k8sops.inventory.patterns import select
from k8sops.inventory.spec import ClusterSpec
from k8sops.operations.inputs import load_spec
from k8sops.operations.operation import Operation
from k8sops.operations.request import Request
from k8sops.operations.work import Work


def resetting(request: Request, nodes: Sequence[str], *, every: bool = False) -> Operation:
    """These nodes, by name or pattern, leave the cluster; `every`: all nodes do, and the cluster is gone."""
    if every == bool(nodes):
        raise UsageError("name nodes, or --all", remedy="k8sops reset w1;  k8sops reset --all")
    limit = "all" if every else ",".join(nodes)
    leaving = _leaving(load_spec(request.inventory), limit, every=every)

    def note_that_they_are_listed(work: Work, plan: Plan) -> None:
        if not every:
            work.view.note(_still_listed(leaving))

    return Operation(
        request.playing("reset", limit, leaving=",".join(leaving)),
        "removes every node of" if every else f"removes {', '.join(leaving)} from",
        then=note_that_they_are_listed,
    )


def _still_listed(names: list[str]) -> str:
    single = len(names) == 1
    subject = f"{', '.join(names)} {'is' if single else 'are'}"
    them, they = ("it", "it") if single else ("them", "they")
    advice = f"Remove {them} there if {they} should stay out."
    return f"{subject} still in the inventory; the next apply will rejoin {them}. {advice}"


def _leaving(spec: ClusterSpec, limit: str, *, every: bool) -> list[str]:
    """The hosts that are to leave; some control plane stays, unless the whole cluster goes."""
    leaving = [host.name for host in select(spec, limit)]
    if not leaving:
        raise InputError(f"no host matches {limit}", remedy=f"hosts: {', '.join(host.name for host in spec.hosts)}")
    if not every and {*leaving} >= {host.name for host in spec.control_planes}:
        raise InputError("refusing to remove the last control plane", remedy="--all resets the whole cluster")
    return leaving
