"""verify: the pytest-testinfra suite against the inventory's hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import console, load_spec


def verify(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    junit: Annotated[Path | None, typer.Option(help="Write the results as JUnit XML too.")] = None,
    output: o.OutputOption = o.Output.table,
    verbose: o.VerboseOption = 0,
    color: o.ColorOption = o.Color.auto,
) -> int:
    """Test the hosts and the cluster's behaviour: every pod reaches every other, Services and names answer."""
    from k8sops.verify import report, run_suite

    load_spec(inventory)
    results = run_suite(inventory, junit)
    report(console(color), results, json=output is o.Output.json, verbose=bool(verbose))
    return 0 if results and all(one.passed for one in results) else 3
