"""reset: nodes leave the cluster, and their hosts come to be free of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import complete
from k8sops.cli import options as o
from k8sops.cli.common import load_spec
from k8sops.cli.play import clusters_name, play, refuse_other_cluster
from k8sops.cli.prompt import CONFIRM, refuse_without_terminal
from k8sops.cli.work import Work, playing
from k8sops.errors import InputError, UsageError

if TYPE_CHECKING:
    from k8sops.engine.plan import Plan
    from k8sops.inventory.spec import ClusterSpec


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
    if every == bool(nodes):
        raise UsageError("name nodes, or --all", remedy="k8sops reset w1;  k8sops reset --all")
    refuse_without_terminal(bool(confirm) or options.check, CONFIRM)
    limit = "all" if every else ",".join(nodes or [])
    spec = load_spec(options.inventory)
    leaving = _leaving(spec, limit, every)
    refuse_other_cluster(confirm, spec.cluster)

    def then(work: Work, found: Plan) -> None:
        if not every and options.output is o.Output.table:
            work.note(_still_listed(leaving))

    ask = clusters_name(confirm, "removes every node of" if every else f"removes {', '.join(leaving)} from")
    request = playing(options, "reset", limit, forks, ignore_preflight_errors).told(leaving=",".join(leaving))
    return play(request, options, ask, then=then)


def _still_listed(names: list[str]) -> str:
    single = len(names) == 1
    subject = f"{', '.join(names)} {'is' if single else 'are'}"
    them, they = ("it", "it") if single else ("them", "they")
    advice = f"Remove {them} there if {they} should stay out."
    return f"{subject} still in the inventory; the next apply will rejoin {them}. {advice}"


def _leaving(spec: ClusterSpec, limit: str, every: bool) -> list[str]:
    """The hosts that are to leave; some control plane stays, unless the whole cluster goes."""
    from k8sops.inventory.patterns import select

    leaving = [host.name for host in select(spec, limit)]
    if not leaving:
        raise InputError(f"no host matches {limit}", remedy=f"hosts: {', '.join(host.name for host in spec.hosts)}")
    if not every and {*leaving} >= {one.name for one in spec.control_planes}:
        raise InputError("refusing to remove the last control plane", remedy="--all resets the whole cluster")
    return leaving
