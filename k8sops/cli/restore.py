"""etcd restore, etcd back: etcd as it was in a backup, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import words
from k8sops.cli.play import by_name, play, request_of
from k8sops.cli.prompt import CONFIRM, refuse_without_terminal

if TYPE_CHECKING:
    from k8sops.engine.plan import Plan
    from k8sops.operations.operation import Operation
    from k8sops.operations.work import Work
    from k8sops.verify import Result

PATIENCE = 300
"""Seconds within which the cluster must hold afterwards.

Clients of the API come back to it after pauses of up to a minute, and of another one where what they had seen is no
more (client-go's reflectors): until then kube-proxy and CoreDNS know no new Service.
"""


def restore(
    options: o.PlayOptions,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The backup, as `etcd list` shows it.")],
    source: o.FromOption = "",
    identity: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The age key that decrypts an encrypted copy.")
    ] = None,
    without: Annotated[str, typer.Option(metavar="HOSTS", help="Control planes that are lost for good.")] = "",
    new_hosts: Annotated[
        bool, typer.Option("--new-hosts", help="The hosts are new and bare: create the cluster of the backup.")
    ] = False,
    unverified: Annotated[
        str, typer.Option(metavar="NAME", help="Allow this backup although no drill has passed.")
    ] = "",
    confirm: o.ConfirmOption = "",
    verify: Annotated[bool, typer.Option(help="Test the cluster afterwards.")] = True,
) -> int:
    """Restore etcd from a backup, on every control plane.

    Shows first what will be lost. The old data is kept; `etcd rollback` switches back to them.
    """
    from k8sops.operations.restore import restoring

    refuse_without_terminal(bool(confirm) or options.check, CONFIRM)
    request, gone = request_of(options), words(without)
    with restoring(
        request, name, source=source, identity=identity, without=gone, new_hosts=new_hosts, unverified=unverified
    ) as operation:
        confirming = by_name(operation, confirm)
        return play(_tested(operation, options, gone, verify), options, confirming)


def rollback(
    options: o.PlayOptions,
    id: Annotated[str, typer.Argument(metavar="ID", help="The restore to undo, as it was printed.")],
    without: Annotated[str, typer.Option(metavar="HOSTS", help="Control planes that are lost for good.")] = "",
    confirm: o.ConfirmOption = "",
    verify: Annotated[bool, typer.Option(help="Test the cluster afterwards.")] = True,
) -> int:
    """Undo a restore: switch back to the data before it."""
    from k8sops.operations.restore import undoing

    refuse_without_terminal(bool(confirm) or options.check, CONFIRM)
    gone = words(without)
    operation = undoing(request_of(options), id, without=gone)

    def then(work: Work, plan: Plan) -> Sequence[Result] | None:
        return _verified(work, options) if verify and not gone else None

    return play(replace(operation, then=then), options, by_name(operation, confirm))


def _tested(operation: Operation, options: o.PlayOptions, gone: frozenset[str], verify: bool) -> Operation:
    """The operation, followed by tests of the cluster where all of its nodes are back."""

    def then(work: Work, plan: Plan) -> Sequence[Result] | None:
        operation.then(work, plan)
        if _name_old_nodes(work) or gone:
            work.view.note("Once every node has joined: k8sops verify")
            return None
        return _verified(work, options) if verify else None

    return replace(operation, then=then)


def _verified(work: Work, options: o.HostOptions) -> list[Result]:
    """The cluster tested, and the results shown where people read."""
    from k8sops.cli.verify import examine, show

    results = examine(work.spec, PATIENCE, options)
    if options.output is o.Output.table:
        show(results, options.color)
    return results


def _name_old_nodes(work: Work) -> list[str]:
    """The nodes of the backup that the inventory does not have; their hosts may be gone, so they are not waited for."""
    from k8sops.report.status import ask

    names = {host.name for host in work.spec.hosts}
    old = sorted(row["name"] for row in ask(work.session.connect, work.spec)["nodes"] if row["name"] not in names)
    if old:
        work.view.note(
            f"\nNodes in the backup but not in the inventory: {', '.join(old)}. Remove: kubectl delete node NAME"
        )
    return old
