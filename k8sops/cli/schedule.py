"""etcd schedule: control planes back up etcd by themselves, and what came of it."""

from __future__ import annotations

import typer

from k8sops.cli import options as o
from k8sops.cli.common import answer, connections, load_spec
from k8sops.cli.group import Group
from k8sops.cli.play import play, request_of, yes_or_no
from k8sops.cli.prompt import refuse_without_terminal

app = typer.Typer(cls=Group, help="Scheduled backups, as `backup` in the inventory says.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
@o.spread
def schedule(
    context: typer.Context,
    options: o.PlayOptions,
    limit: o.LimitOption = "all",
    ignore_preflight_errors: o.IgnoreOption = "",
    yes: o.YesOption = False,
) -> int | None:
    """Set up scheduled backups, as `backup` in the inventory says.

    Where the inventory has no schedule, scheduled backups are removed.
    """
    from k8sops.operations.upkeep import scheduling

    if context.invoked_subcommand:
        return None
    operation = scheduling(request_of(options, waived=ignore_preflight_errors), limit)
    refuse_without_terminal(yes or options.check)
    return play(operation, options, yes_or_no(yes))


@o.command(app)
def status(options: o.HostOptions) -> int:
    """Show the last and the next runs of all control planes."""
    from k8sops.report.etcd import print_schedule
    from k8sops.roles.etcd.schedule import ask

    spec = load_spec(options.inventory)
    with connections(spec, ask_password=options.ask_become_pass) as connect:
        found = ask(connect, spec)
    return answer(found, options, print_schedule)
