"""etcd: its members, their upkeep, backups and the way back."""

from __future__ import annotations

import typer

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec, print_json

app = typer.Typer(help="etcd: members, upkeep, backups, restore.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def status(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
) -> int:
    """Members, leader, sizes, alarms, latency, and how many may still be lost; without the API."""
    from k8sops.members import ask, print_members
    from k8sops.survey import Session

    spec = load_spec(inventory)
    with connections(spec, ask_password=ask_become_pass) as connect:
        found = ask(Session(connect, lambda event: None), spec)
    if output is o.Output.json:
        print_json(found)
    else:
        print_members(console(color), found)
    return 0 if found["healthy"] else 3
