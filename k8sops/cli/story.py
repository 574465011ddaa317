"""A run as text, from its journal: what its plan showed, what it did, and why it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from k8sops.engine.journal import Event
from k8sops.engine.plan import Outcome
from k8sops.engine.runner import Tally
from k8sops.engine.stream import Failure
from k8sops.engine.summary import fold
from k8sops.report.terminal import LEVELS, SIGNS, Progress, print_failure, print_recap

CODES = {
    0: "done",
    1: "a bug in k8sops",
    2: "changes are pending",
    3: "something failed on a host",
    4: "a host could not be reached",
    5: "invalid input",
    6: "preflight failed",
    7: "locked by another run",
    64: "invalid command line",
    130: "stopped by Ctrl-C",
}


def tell(console: Console, events: Sequence[Event], *, verbose: int) -> None:
    """The events in order. A run whose journal has no end is still going on, or died."""
    progress = Progress(console, {}, verbose=verbose)
    progress.status = None
    findings = [event for event in events if event["type"] == "finding"]
    for event in events:
        progress(event)
        if event["type"] in TELLERS:
            TELLERS[event["type"]](console, event)
        # Findings are told together, where the first of them stands.
        if findings and event is findings[0]:
            _findings(console, findings)
    if not any(event["type"] == "run.end" for event in events):
        console.print(
            "\nNo end recorded: the run is still in progress, or was killed.", style="yellow", highlight=False
        )


def _start(console: Console, event: Event) -> None:
    at = f"{datetime.fromtimestamp(event.get('at', 0), UTC):%F %T}Z"
    text = f"Run {event.get('run')}, cluster {event.get('cluster')}, playbook {event.get('playbook')}"
    _print(console, f"{text}, started {at} by {event.get('who')}")


def _unreachable(console: Console, event: Event) -> None:
    console.print(f"[red]unreachable[/red] {escape(event['why'])}", highlight=False, soft_wrap=True)


def _findings(console: Console, findings: Sequence[Event]) -> None:
    hosts: dict[tuple[str, str, str], list[str]] = {}
    for one in findings:
        hosts.setdefault((one["level"], one["name"], one["what"]), []).append(one["host"])
    for level, colour in LEVELS.items():
        for (found, name, what), names in hosts.items():
            if found == level:
                head = f"[{colour}]\\[{level.upper()} {name}][/{colour}]"
                console.print(f"{head} {escape(fold(names))}: {escape(what)}", highlight=False, soft_wrap=True)


def _plan(console: Console, event: Event) -> None:
    for change in event["changes"]:
        _print(console, f"  {SIGNS[Outcome(change['outcome'])]} {change['resource']}  {fold(change['hosts'])}")
        for line in change["diff"]:
            _print(console, f"      {line}", style="dim")
    _print(console, f"\n{event['summary']}", style="bold")


def _failed(console: Console, event: Event) -> None:
    kept = {name: event.get(name, "") for name in ("host", "task", "resource", "why", "command")}
    print_failure(console, Failure(**kept, lines=tuple(event.get("lines", ()))))


def _recap(console: Console, event: Event) -> None:
    print_recap(console, {name: Tally(**host) for name, host in event["hosts"].items()}, everything=True)


def _error(console: Console, event: Event) -> None:
    _print(console, f"\n{event['what']}", style="red")


def _end(console: Console, event: Event) -> None:
    code = event["code"]
    _print(console, f"\nExit code {code} ({CODES.get(code, 'unknown')}) after {event['seconds']} s", style="bold")


def _print(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style or None, highlight=False, markup=False, soft_wrap=True)


TELLERS: Mapping[str, Callable[[Console, Event], None]] = {
    "run.start": _start,
    "unreachable": _unreachable,
    "plan": _plan,
    "failed": _failed,
    "recap": _recap,
    "error": _error,
    "run.end": _end,
}
