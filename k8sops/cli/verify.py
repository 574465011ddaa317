"""verify: the pytest-testinfra suite against the inventory's hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec, print_json


def verify(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    junit: Annotated[Path | None, typer.Option(help="Write the results as JUnit XML too.")] = None,
    timeout: Annotated[
        int, typer.Option(metavar="SECONDS", help="For so long, what does not hold yet is looked at again.")
    ] = 120,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
) -> int:
    """Test the hosts and how the cluster behaves: pods reach each other, Services and names answer."""
    from k8sops.verify import Result, print_results, run_suite

    spec, screen = load_spec(inventory), console(color)
    progress = console(color, stderr=True)
    with connections(spec, ask_password=ask_become_pass) as connect, progress.status("") as status:

        def tell(result: Result) -> None:
            status.update(f"{result.name}: {'ok' if result.passed else 'FAILED'}")

        results = run_suite(spec, connect, tell, timeout, junit)
    failed = [one for one in results if not one.passed]
    if output is o.Output.json:
        print_json({"apiVersion": "k8sops/v1", "kind": "Verification", "tests": [vars(one) for one in results]})
    else:
        print_results(screen, results)
        screen.print(f"\n{len(results) - len(failed)} hold, {len(failed)} do not", highlight=False)
    return 0 if results and not failed else 3
