"""etcd: its members, their upkeep, backups and the way back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from k8sops.cli import complete, restore
from k8sops.cli import options as o
from k8sops.cli.common import answer, connections, load_spec
from k8sops.cli.group import Group
from k8sops.cli.play import clusters_name, play, refuse_other_cluster, yes_or_no
from k8sops.cli.prompt import CONFIRM, refuse_without_terminal
from k8sops.cli.work import Request, playing
from k8sops.errors import InputError

app = typer.Typer(
    cls=Group, help="etcd: members, maintenance, backups, restore.", no_args_is_help=True, rich_markup_mode=None
)
member = typer.Typer(cls=Group, help="Remove or replace dead members.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(member, name="member")
o.command(app)(restore.restore)
o.command(app)(restore.back)


@o.command(app)
def status(options: o.HostOptions) -> int:
    """Show members, leader, sizes, alarms and fault tolerance.

    The members are asked themselves; the API need not be available.
    """
    from k8sops.report.etcd import print_members

    found = _members(options)
    return answer(found, options, print_members)


@o.command(app)
def defrag(options: o.PlayOptions, yes: o.YesOption = False) -> int:
    """Defragment etcd, one member at a time, leader last."""
    return _upkeep(_request(options, "etcd-defrag"), options, yes)


@o.command(app)
def disarm(options: o.PlayOptions, yes: o.YesOption = False) -> int:
    """Disarm alarms, once their cause is gone."""
    return _upkeep(_request(options, "etcd-disarm"), options, yes)


@o.command(app)
def compact(
    options: o.PlayOptions,
    keep: Annotated[int, typer.Option(min=100, metavar="N", help="How many revisions to keep.")] = 1000,
    yes: o.YesOption = False,
) -> int:
    """Compact the history, keeping the last revisions.

    API servers do so every five minutes.
    """
    return _upkeep(_request(options, "etcd-compact").told(keep=str(keep)), options, yes)


@o.command(member)
def remove(
    options: o.PlayOptions,
    id: Annotated[str, typer.Argument(metavar="ID", help="The member's id, as `etcd status` shows it.")],
    confirm: o.ConfirmOption = "",
) -> int:
    """Remove a dead member by its id.

    Refused where no quorum would be left.
    """
    refuse_without_terminal(bool(confirm) or options.check, CONFIRM)
    refuse_other_cluster(confirm, load_spec(options.inventory).cluster)
    found = _members(options)
    there = {row["id"]: row for row in found["members"]}
    if id not in there:
        shown = ", ".join(f"{row['id']} ({row['name'] or row['host']})" for row in found["members"])
        raise InputError(f"no member `{id}`", remedy=f"there are: {shown}")
    if there[id]["alive"]:
        raise InputError(
            f"{id} ({there[id]['name']}) is alive", remedy=f"`k8sops reset {there[id]['host']}` takes a node out"
        )
    request = _request(options, "etcd-member-remove").told(member=id)
    return play(request, options, clusters_name(confirm, f"removes etcd member {id} from"))


@member.command()
def replace(
    node: Annotated[
        str,
        typer.Argument(metavar="NODE", help="The control plane whose member is dead.", autocompletion=complete.host),
    ],
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    verbose: o.VerboseOption = 0,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    confirm: o.ConfirmOption = "",
) -> int:
    """Replace a dead member: reset its host and join it again."""
    from k8sops.cli import apply, reset

    refuse_without_terminal(bool(confirm), "Use --confirm CLUSTER.")
    shared: Any = {"inventory": inventory, "verbose": verbose, "ask_become_pass": ask_become_pass, "color": color}
    spec, play_options = load_spec(inventory), o.PlayOptions(**shared, wait=wait)
    refuse_other_cluster(confirm, spec.cluster)
    if node not in [host.name for host in spec.control_planes]:
        raise InputError(f"no control plane `{node}`", remedy="`k8sops etcd status` shows members and their hosts")
    found = _members(play_options)
    if not found["hasQuorum"]:
        raise InputError("the quorum is lost", remedy="`k8sops etcd restore` brings etcd back")
    if any(row["alive"] for row in found["members"] if row["host"] == node):
        raise InputError(f"the member on {node} is alive", remedy=f"`k8sops reset {node}` takes a node out")
    code = reset.reset(play_options, [node], confirm=confirm)
    # What the reset was asked for covers it: the same host comes back.
    return code or apply.apply(o.PlanOptions(**shared, limit=node), yes=True, allow="restart,drain,delete", wait=wait)


def _request(options: o.PlayOptions, playbook: str) -> Request:
    from k8sops.roles.etcd.members import refuse_external

    refuse_external(load_spec(options.inventory))
    return playing(options, playbook)


def _upkeep(request: Request, options: o.PlayOptions, yes: bool) -> int:
    refuse_without_terminal(yes or options.check)
    return play(request, options, yes_or_no(yes))


def _members(options: o.HostOptions) -> dict[str, Any]:
    from k8sops.engine.session import Session
    from k8sops.roles.etcd.members import ask

    spec = load_spec(options.inventory)
    with connections(spec, ask_password=options.ask_become_pass) as connect:
        return ask(Session(connect, lambda event: None), spec)
