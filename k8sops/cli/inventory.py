"""init, inventory show, inventory schema: the inventory file itself; nothing is sent to any host."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from k8sops.cli import complete
from k8sops.cli import options as o
from k8sops.cli.common import console, print_json
from k8sops.cli.group import Group
from k8sops.errors import InputError, Where

SCHEMA = "inventory.schema.json"
app = typer.Typer(cls=Group, help="Settings of a host, and the schema of the inventory.", no_args_is_help=True)


def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The inventory to write.")] = o.DEFAULT_INVENTORY,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write an inventory with comments, to start from.

    Beside it goes the schema by which editors complete and check it.
    """
    from k8sops.engine.render import data_path

    if file.exists() and not force:
        raise InputError("already exists", where=Where(str(file)), remedy="--force overwrites it")
    for name, target in (("inventory.example.yaml", file), (SCHEMA, file.parent / SCHEMA)):
        target.write_text(data_path(name).read_text(encoding="utf-8"), encoding="utf-8")
    print(f"wrote {file}; next: add your hosts, then k8sops plan -i {file}")


@app.command()
def show(
    host: Annotated[str, typer.Argument(help="A host's name.", autocompletion=complete.host)],
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    output: o.OutputOption = o.Output.table,
) -> None:
    """Show the settings of a host, and where each comes from."""
    from difflib import get_close_matches

    from k8sops.engine.documents import document
    from k8sops.inventory.load import load_inventory
    from k8sops.report.terminal import table

    loaded = load_inventory(inventory)
    found = [one for one in loaded.hosts if one.name == host]
    if not found:
        near = get_close_matches(host, [one.name for one in loaded.hosts], 1)
        raise InputError(
            f"no host `{host}`", where=Where(str(inventory)), remedy=f"did you mean `{near[0]}`?" if near else ""
        )
    settings = found[0].explained
    if output is o.Output.json:
        rows = [{"setting": one.name, "value": one.value, "where": str(one.where)} for one in settings]
        print_json(document("HostSettings", {"host": host, "group": found[0].group, "settings": rows}))
        return
    table(console(), ("SETTING", "VALUE", "FROM"), [(one.name, str(one.value), str(one.where)) for one in settings])


@app.command()
def schema() -> None:
    """Print the JSON Schema of an inventory, for editors."""
    from k8sops.inventory import load as module

    print_json(module.schema())
