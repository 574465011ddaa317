"""reset: nodes leave the cluster, and their hosts come to be free of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from k8sops.cli import complete
from k8sops.cli import options as o
from k8sops.cli.common import console, load_spec, print_json
from k8sops.cli.work import exit_code, make_request, nothing, show_plan, working
from k8sops.errors import Cancelled, InputError, UnreachableError, UsageError

NODES: Any = typer.Argument(help="Nodes that leave: names or patterns.", autocompletion=complete.hosts)


def reset(
    nodes: Annotated[
        list[str] | None, typer.Argument(help="Nodes that leave: names or patterns.", autocompletion=complete.hosts)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="The whole cluster goes.")] = False,
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    forks: o.ForksOption = 20,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    ignore_preflight_errors: o.IgnoreOption = "",
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    check: Annotated[bool, typer.Option("--check", "-C", help="Only show.")] = False,
    confirm: Annotated[str, typer.Option(metavar="CLUSTER", help="The cluster's name, instead of being asked.")] = "",
) -> int:
    """Drain nodes, take them out of the cluster, remove what is ours from their hosts. Packages stay."""
    from k8sops.report import done_data, print_done

    if every == bool(nodes):
        raise UsageError("name nodes, or --all", remedy="k8sops reset w1;  k8sops reset --all")
    if not confirm and not check and not sys.stdin.isatty():
        raise UsageError("nobody can be asked here", remedy="--confirm CLUSTER says yes, --check only shows")
    limit = "all" if every else ",".join(nodes or [])
    request = make_request(
        inventory, "reset", limit, "", "", "", forks, verbose, ignore_preflight_errors, ask_become_pass
    )
    leaving = _leaving(request.inventory, limit, every)
    request = request.told(leaving=",".join(sorted(leaving)))
    screen = console(color, stderr=output is o.Output.json)
    with working(screen, request) as work:
        name = work.spec.cluster
        if confirm and confirm != name:
            raise UsageError(f"--confirm {confirm}: the cluster is {name}")
        found = work.look(request.waived)
        code = show_plan(screen, found, o.Output.table, diffs=True)
        if (code and not (code == UnreachableError.exit_code and found.fleet.facts)) or check:
            work.end(code)
            return code
        done = nothing(found)
        if found.changes:
            if not confirm and typer.prompt(f"\nType the cluster's name to remove {limit} from it", default="") != name:
                raise Cancelled("nothing was changed")
            done = work.run(found, wait)
            print_done(screen, done, everything=bool(verbose))
        code = exit_code(done)
        work.end(code, done)
        if output is o.Output.json:
            print_json(done_data(done, work.journal.run))
        elif not every and not code:
            screen.print("They are in the inventory still: `k8sops apply` would join them again.", highlight=False)
        return code


def _leaving(inventory: Path, limit: str, every: bool) -> frozenset[str]:
    """The hosts that are to leave; some control plane stays, unless the whole cluster goes."""
    from k8sops.patterns import select

    spec = load_spec(inventory)
    leaving = frozenset(host.name for host in select(spec, limit))
    if not every and leaving >= {one.name for one in spec.control_planes}:
        raise InputError("no control plane would stay", remedy="--all resets the whole cluster")
    return leaving
