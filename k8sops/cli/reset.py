"""reset: nodes leave the cluster, and their hosts come to be free of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import complete
from k8sops.cli import options as o
from k8sops.cli.common import load_spec
from k8sops.cli.play import clusters_name, play, refuse_other_cluster, refuse_silence
from k8sops.cli.work import Work, playing
from k8sops.errors import InputError, UsageError

if TYPE_CHECKING:
    from k8sops.plan import Plan
    from k8sops.spec import ClusterSpec


def reset(
    options: o.PlayOptions,
    nodes: Annotated[
        list[str] | None, typer.Argument(help="Nodes that leave: names or patterns.", autocompletion=complete.hosts)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="The whole cluster goes.")] = False,
    forks: o.ForksOption = 20,
    ignore_preflight_errors: o.IgnoreOption = "",
    confirm: o.ConfirmOption = "",
) -> int:
    """Drain nodes, take them out of the cluster, remove what is ours from their hosts. Packages stay."""
    if every == bool(nodes):
        raise UsageError("name nodes, or --all", remedy="k8sops reset w1;  k8sops reset --all")
    refuse_silence(bool(confirm) or options.check, "--confirm CLUSTER says yes, --check only shows")
    limit = "all" if every else ",".join(nodes or [])
    spec = load_spec(options.inventory)
    leaving = _leaving(spec, limit, every)
    refuse_other_cluster(confirm, spec.cluster)

    def then(work: Work, found: Plan) -> None:
        if not every and options.output is o.Output.table:
            work.note("They are in the inventory still: `k8sops apply` would join them again.")

    ask = clusters_name(confirm, f"remove {limit} from it")
    request = playing(options, "reset", limit, forks, ignore_preflight_errors).told(leaving=",".join(leaving))
    return play(request, options, ask, then=then)


def _leaving(spec: ClusterSpec, limit: str, every: bool) -> list[str]:
    """The hosts that are to leave; some control plane stays, unless the whole cluster goes."""
    from k8sops.patterns import select

    leaving = [host.name for host in select(spec, limit)]
    if not every and {*leaving} >= {one.name for one in spec.control_planes}:
        raise InputError("no control plane would stay", remedy="--all resets the whole cluster")
    return leaving
