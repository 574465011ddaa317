"""init, inventory show, inventory schema: the inventory file itself; nothing is sent to any host."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from k8sops.cli import complete
from k8sops.cli import options as o
from k8sops.cli.common import console, print_json
from k8sops.errors import InputError, Where

SCHEMA = "inventory.schema.json"
app = typer.Typer(help="The inventory: what a host ends up with, and the schema.", no_args_is_help=True)


def init(
    file: Annotated[Path, typer.Argument(help="Where the inventory goes.")] = o.DEFAULT_INVENTORY,
    force: Annotated[bool, typer.Option(help="Write over a file that is there.")] = False,
) -> None:
    """Write a commented inventory to start from, and the schema by which editors complete it."""
    from k8sops.render import data_path

    if file.exists() and not force:
        raise InputError("is there already", where=Where(str(file)), remedy="--force writes over it")
    for name, target in (("inventory.example.yaml", file), (SCHEMA, file.parent / SCHEMA)):
        target.write_text(data_path(name).read_text(encoding="utf-8"), encoding="utf-8")
    print(f"wrote {file}; next: put your hosts in, then k8sops plan -i {file}")


@app.command()
def show(
    host: Annotated[str, typer.Argument(help="A host's name.", autocompletion=complete.host)],
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    output: o.OutputOption = o.Output.table,
) -> None:
    """Say what a host ended up with, and from which line."""
    from difflib import get_close_matches

    from k8sops.inventory import load_inventory
    from k8sops.report import table

    loaded = load_inventory(inventory)
    found = [one for one in loaded.hosts if one.name == host]
    if not found:
        near = get_close_matches(host, [one.name for one in loaded.hosts], 1)
        raise InputError(
            f"no host `{host}`", where=Where(str(inventory)), remedy=f"did you mean `{near[0]}`?" if near else ""
        )
    settings = found[0].explained
    if output is o.Output.json:
        print_json([{"setting": one.name, "value": one.value, "where": str(one.where)} for one in settings])
        return
    table(console(), ("SETTING", "VALUE", "FROM"), [(one.name, str(one.value), str(one.where)) for one in settings])


@app.command()
def schema() -> None:
    """Print the JSON Schema of an inventory, for editors."""
    from k8sops import inventory as module

    print_json(module.schema())
