"""runs list, runs show: what earlier runs did, from their journals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from k8sops.cli import complete
from k8sops.cli import options as o
from k8sops.cli.common import console, print_json
from k8sops.cli.group import Group

RUN: Any = typer.Argument(help="A run's id or its first characters, or `last`.", autocompletion=complete.runs)
app = typer.Typer(cls=Group, help="Earlier runs, from their journals.", no_args_is_help=True)


@app.command("list")
def list_runs(output: o.OutputOption = o.Output.table) -> None:
    """List runs, newest first."""
    from k8sops.engine.documents import document, rfc3339
    from k8sops.engine.journal import read, runs, state_dir
    from k8sops.report.terminal import table

    rows = []
    for path in runs(state_dir() / "runs")[:50]:
        events = list(read(path))
        start = next((one for one in events if one["type"] == "run.start"), {})
        end = next((one for one in events if one["type"] == "run.end"), {})
        recap: dict[str, dict[str, int]] = next((one["hosts"] for one in events if one["type"] == "recap"), {})
        changed = sum(host["changed"] for host in recap.values())
        rows.append(
            {
                "run": path.stem,
                "cluster": start.get("cluster", ""),
                "playbook": start.get("playbook", ""),
                "started": rfc3339(start.get("at")),
                "seconds": end.get("seconds"),
                "changed": changed,
                "exitCode": end.get("code"),
            }
        )
    if output is o.Output.json:
        print_json(document("RunList", {"items": rows}))
        return
    title = ("RUN", "CLUSTER", "PLAYBOOK", "STARTED", "SECONDS", "CHANGED", "EXIT CODE")
    table(console(), title, [["-" if value is None else str(value) for value in row.values()] for row in rows])


@app.command()
def html(
    run: Annotated[str, RUN] = "last",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write; default: ID.html in this folder.")
    ] = None,
) -> None:
    """Write a run as one HTML file.

    Hosts are rows, resources are bars; a click shows differences and output. The file needs no network.
    """
    from k8sops.engine.journal import find_run, read, state_dir
    from k8sops.engine.localfile import write_private
    from k8sops.report import timeline

    path = find_run(state_dir() / "runs", run)
    target = out or Path(f"{path.stem}.html")
    write_private(target, timeline.html(path.stem, list(read(path))))
    print(f"wrote {target}")


@app.command()
def show(
    run: Annotated[str, RUN] = "last",
    output: o.OutputOption = o.Output.table,
    verbose: o.VerboseOption = 2,
) -> None:
    """Show what a run did, step by step."""
    from k8sops.cli.story import tell
    from k8sops.engine.journal import find_run, read, state_dir
    from k8sops.operations.runs import run_document

    path = find_run(state_dir() / "runs", run)
    events = list(read(path))
    if output is o.Output.json:
        print_json(run_document(path.stem, events))
        return
    tell(console(), events, verbose=verbose)
