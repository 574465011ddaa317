"""runs list, runs show: what earlier runs did, from their journals."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from k8sops.cli import complete
from k8sops.cli import options as o
from k8sops.cli.common import console, print_json

RUN: Any = typer.Argument(help="A run's id, the beginning of one, or `last`.", autocompletion=complete.runs)
app = typer.Typer(help="Earlier runs, from their journals.", no_args_is_help=True)


@app.command("list")
def list_runs(output: o.OutputOption = o.Output.table) -> None:
    """List the runs, the newest first."""
    from k8sops.journal import read, runs, state_dir
    from k8sops.report import table

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
                "started": f"{datetime.fromtimestamp(start.get('at', 0), UTC):%F %T}Z",
                "seconds": end.get("seconds"),
                "changed": changed,
                "code": end.get("code"),
            }
        )
    if output is o.Output.json:
        print_json(rows)
        return
    title = ("RUN", "CLUSTER", "PLAYBOOK", "STARTED", "SECONDS", "CHANGED", "EXIT CODE")
    table(console(), title, [["-" if value is None else str(value) for value in row.values()] for row in rows])


@app.command()
def html(
    run: Annotated[str, RUN] = "last",
    out: Annotated[Path | None, typer.Option(help="The file; default: the run's id, in this folder.")] = None,
) -> None:
    """Write a run as one HTML file: hosts as rows, resources as bars, differences and output behind a click."""
    from k8sops import timeline
    from k8sops.journal import find_run, read, state_dir
    from k8sops.localfile import write_private

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
    from k8sops.journal import find_run, read, state_dir
    from k8sops.report import Progress, print_recap
    from k8sops.runner import Tally

    events = list(read(find_run(state_dir() / "runs", run)))
    if output is o.Output.json:
        print_json(events)
        return
    screen = console()
    progress = Progress(screen, {}, verbose=verbose)
    progress.status = None
    for event in events:
        progress(event)
        if event["type"] == "recap":
            print_recap(screen, {name: Tally(**host) for name, host in event["hosts"].items()}, everything=True)
