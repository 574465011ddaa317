"""reset: nodes leave the cluster, and their hosts come to be free of it."""

from __future__ import annotations

from typing import Annotated

import typer

from k8sops.cli import complete
from k8sops.cli import options as o
from k8sops.cli.play import by_name, play, request_of
from k8sops.cli.prompt import CONFIRM, refuse_without_terminal


def reset(
    options: o.PlayOptions,
    nodes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NODE]...", help="Nodes to remove: names or patterns.", autocompletion=complete.hosts),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Reset every node of the cluster.")] = False,
    forks: o.ForksOption = 20,
    ignore_preflight_errors: o.IgnoreOption = "",
    confirm: o.ConfirmOption = "",
) -> int:
    """Remove nodes from the cluster, or the whole cluster.

    Nodes are drained first. What k8sops put on their hosts is removed; packages stay.
    """
    from k8sops.operations.reset import resetting

    refuse_without_terminal(bool(confirm) or options.check, CONFIRM)
    request = request_of(options, forks, ignore_preflight_errors)
    operation = resetting(request, nodes or (), every=every)
    return play(operation, options, by_name(operation, confirm))
