"""etcd schedule: control planes back up etcd by themselves, and what came of it."""

from __future__ import annotations

import typer

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec, print_json
from k8sops.cli.play import How, play, refuse_silence, yes_or_no
from k8sops.cli.work import make_request

app = typer.Typer(
    help="Control planes back up etcd by themselves, as the inventory's `backup` says.", rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
def schedule(
    context: typer.Context,
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    limit: o.LimitOption = "all",
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    ignore_preflight_errors: o.IgnoreOption = "",
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    yes: o.YesOption = False,
    check: o.CheckOption = False,
) -> int | None:
    """Control planes back up etcd by themselves, as the inventory's `backup` says; or no more."""
    from k8sops.etcd.members import refuse_external

    if context.invoked_subcommand:
        return None
    refuse_external(load_spec(inventory))
    refuse_silence(yes or check, "--yes applies without asking, --check only shows")
    request = make_request(
        inventory, "etcd-schedule", limit, "", "", "", 20, verbose, ignore_preflight_errors, ask_become_pass
    )
    return play(request, How(output, color, wait, check), yes_or_no(yes))


@app.command()
def status(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
) -> int:
    """The last runs on all control planes, and the next ones."""
    from k8sops.etcd.schedule import ask, print_schedule

    spec = load_spec(inventory)
    with connections(spec, ask_password=ask_become_pass) as connect:
        found = ask(connect, spec)
    if output is o.Output.json:
        print_json(found)
    else:
        print_schedule(console(color), found)
    return 0 if found["healthy"] else 3
