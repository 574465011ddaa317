"""etcd: members, maintenance, backups, restore and rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import complete, restore
from k8sops.cli import options as o
from k8sops.cli.common import answer, load_spec, sudo_password
from k8sops.cli.group import Group
from k8sops.cli.play import by_name, play, refuse_other_cluster, request_of, without_question, yes_or_no
from k8sops.cli.prompt import CONFIRM, refuse_without_terminal

if TYPE_CHECKING:
    from k8sops.operations.operation import Operation

app = typer.Typer(
    cls=Group, help="etcd: members, maintenance, backups, restore.", no_args_is_help=True, rich_markup_mode=None
)
member = typer.Typer(cls=Group, help="Remove or replace dead members.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(member, name="member")
o.command(app)(restore.restore)
o.command(app)(restore.rollback)
# The former name.
o.command(app, "back", hidden=True)(restore.rollback)


@o.command(app)
def status(options: o.HostOptions) -> int:
    """Show members, leader, sizes, alarms and fault tolerance.

    Queries the members themselves: works while the API is down.
    """
    from k8sops.operations.members import members_of
    from k8sops.report.etcd import print_members

    found = members_of(load_spec(options.inventory), sudo_password if options.ask_become_pass else None)
    return answer(found, options, print_members)


@o.command(app)
def defrag(options: o.PlayOptions, yes: o.YesOption = False) -> int:
    """Defragment etcd, one member at a time, leader last."""
    from k8sops.operations.upkeep import defragmenting

    return _upkeep(defragmenting(request_of(options)), options, yes)


@o.command(app)
def disarm(options: o.PlayOptions, yes: o.YesOption = False) -> int:
    """Disarm alarms, once their cause is gone."""
    from k8sops.operations.upkeep import disarming

    return _upkeep(disarming(request_of(options)), options, yes)


@o.command(app)
def compact(
    options: o.PlayOptions,
    keep: Annotated[int, typer.Option(min=100, metavar="N", help="How many revisions to keep.")] = 1000,
    yes: o.YesOption = False,
) -> int:
    """Compact the history, keeping the last revisions.

    API servers do so every five minutes.
    """
    from k8sops.operations.upkeep import compacting

    return _upkeep(compacting(request_of(options), keep), options, yes)


@o.command(member)
def remove(
    options: o.PlayOptions,
    id: Annotated[str, typer.Argument(metavar="ID", help="The member's id, as `etcd status` shows it.")],
    confirm: o.ConfirmOption = "",
) -> int:
    """Remove a dead member by its id.

    Refused where no quorum would be left.
    """
    from k8sops.operations.members import removing

    refuse_without_terminal(bool(confirm) or options.check, CONFIRM)
    refuse_other_cluster(confirm, load_spec(options.inventory).cluster)
    operation = removing(request_of(options), id)
    return play(operation, options, by_name(operation, confirm))


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
    from k8sops.operations.members import replacing

    refuse_without_terminal(bool(confirm), "Use --confirm CLUSTER.")
    options = o.PlayOptions(
        inventory=inventory, verbose=verbose, ask_become_pass=ask_become_pass, color=color, wait=wait
    )
    refuse_other_cluster(confirm, load_spec(inventory).cluster)
    leaving, joining = replacing(request_of(options), node)
    # What the reset was confirmed for covers the join: the same host comes back.
    return play(leaving, options, by_name(leaving, confirm)) or play(joining, options, without_question)


def _upkeep(operation: Operation, options: o.PlayOptions, yes: bool) -> int:
    refuse_without_terminal(yes or options.check)
    return play(operation, options, yes_or_no(yes))
