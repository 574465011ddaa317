"""etcd: its members, their upkeep, backups and the way back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from k8sops.cli import complete, restore
from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec, print_json
from k8sops.cli.play import How, clusters_name, play, refuse_other_cluster, refuse_silence, yes_or_no
from k8sops.cli.work import Request, make_request
from k8sops.errors import InputError

app = typer.Typer(help="etcd: members, upkeep, backups, restore.", no_args_is_help=True, rich_markup_mode=None)
member = typer.Typer(help="Members that are dead.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(member, name="member")
app.command()(restore.restore)
app.command()(restore.back)


@app.command()
def status(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
) -> int:
    """Members, leader, sizes, alarms, latency, and how many may still be lost; without the API."""
    from k8sops.etcd.members import print_members

    found = _members(inventory, ask_become_pass)
    if output is o.Output.json:
        print_json(found)
    else:
        print_members(console(color), found)
    return 0 if found["healthy"] else 3


@app.command()
def defrag(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    yes: o.YesOption = False,
    check: o.CheckOption = False,
) -> int:
    """Give back what is free in the databases' files: one member at a time, the leader last."""
    return _upkeep(_request(inventory, "etcd-defrag", verbose, ask_become_pass), How(output, color, wait, check), yes)


@app.command()
def disarm(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    yes: o.YesOption = False,
    check: o.CheckOption = False,
) -> int:
    """Take alarms off, once their cause is gone."""
    return _upkeep(_request(inventory, "etcd-disarm", verbose, ask_become_pass), How(output, color, wait, check), yes)


@app.command()
def compact(
    keep: Annotated[int, typer.Option(min=100, help="How many of the last revisions keep their history.")] = 1000,
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    yes: o.YesOption = False,
    check: o.CheckOption = False,
) -> int:
    """Cut off the history behind the last revisions; API servers do so by themselves every five minutes."""
    request = _request(inventory, "etcd-compact", verbose, ask_become_pass).told(keep=str(keep))
    return _upkeep(request, How(output, color, wait, check), yes)


@member.command()
def remove(
    id: Annotated[str, typer.Argument(help="The member's id, as `etcd status` shows it.")],
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    check: o.CheckOption = False,
    confirm: o.ConfirmOption = "",
) -> int:
    """Remove a dead member, by its exact id; refused where no quorum would be left."""
    refuse_silence(bool(confirm) or check, "--confirm CLUSTER says yes, --check only shows")
    refuse_other_cluster(confirm, load_spec(inventory).cluster)
    found = _members(inventory, ask_become_pass)
    there = {row["id"]: row for row in found["members"]}
    if id not in there:
        shown = ", ".join(f"{row['id']} ({row['name'] or row['host']})" for row in found["members"])
        raise InputError(f"no member `{id}`", remedy=f"there are: {shown}")
    if there[id]["alive"]:
        raise InputError(
            f"{id} ({there[id]['name']}) is alive", remedy=f"`k8sops reset {there[id]['host']}` takes a node out"
        )
    request = _request(inventory, "etcd-member-remove", verbose, ask_become_pass).told(member=id)
    return play(request, How(output, color, wait, check), clusters_name(confirm, f"remove the member {id}"))


@member.command()
def replace(
    node: Annotated[str, typer.Argument(help="The control plane whose member is dead.", autocompletion=complete.host)],
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    verbose: o.VerboseOption = 0,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    confirm: o.ConfirmOption = "",
) -> int:
    """Make a dead member anew: its control plane is reset, or new and bare, and joins again."""
    from k8sops.cli import apply, reset

    refuse_silence(bool(confirm), "--confirm CLUSTER says yes")
    spec = load_spec(inventory)
    refuse_other_cluster(confirm, spec.cluster)
    if node not in [host.name for host in spec.control_planes]:
        raise InputError(f"no control plane `{node}`", remedy="`k8sops etcd status` shows members and their hosts")
    found = _members(inventory, ask_become_pass)
    if not found["hasQuorum"]:
        raise InputError("the quorum is lost", remedy="`k8sops etcd restore` brings etcd back")
    if any(row["alive"] for row in found["members"] if row["host"] == node):
        raise InputError(f"the member on {node} is alive", remedy=f"`k8sops reset {node}` takes a node out")
    common: Any = {"inventory": inventory, "verbose": verbose, "ask_become_pass": ask_become_pass, "color": color}
    code = reset.reset([node], wait=wait, confirm=confirm, **common)
    # What the reset was asked for covers it: the same host comes back.
    return code or apply.apply(limit=node, yes=True, allow="restart,drain,delete", wait=wait, **common)


def _request(inventory: Any, playbook: str, verbose: int, ask_become_pass: bool) -> Request:
    from k8sops.etcd.members import refuse_external

    refuse_external(load_spec(inventory))
    return make_request(inventory, playbook, "all", "", "", "", 20, verbose, "", ask_become_pass)


def _upkeep(request: Request, how: How, yes: bool) -> int:
    refuse_silence(yes or how.check, "--yes applies without asking, --check only shows")
    return play(request, how, yes_or_no(yes))


def _members(inventory: Any, ask_become_pass: bool) -> dict[str, Any]:
    from k8sops.etcd.members import ask
    from k8sops.session import Session

    spec = load_spec(inventory)
    with connections(spec, ask_password=ask_become_pass) as connect:
        return ask(Session(connect, lambda event: None), spec)
