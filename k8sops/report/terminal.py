"""Plans, progress and recaps for people, and the same as plain data. Works on plans and events, never on hosts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from k8sops.engine.findings import Level
from k8sops.engine.journal import Event
from k8sops.engine.plan import Outcome, Plan, Seen, Step
from k8sops.engine.runner import Done, Tally
from k8sops.engine.stream import Failure
from k8sops.engine.summary import count, fold, folded
from k8sops.report.closing import duration, legend

LEVELS: Mapping[Level, str] = {"warning": "yellow", "pending": "magenta", "error": "red"}
SIGNS = {Outcome.DRIFT: "~", Outcome.UNKNOWN: "?", Outcome.BROKEN: "!"}


def print_plan(console: Console, plan: Plan, *, diffs: bool) -> None:
    """Every change on every host, play by play."""
    at = -1
    for step, outcome, lines, hosts in folded(plan):
        if step.play != at:
            at = step.play
            console.print(f"\n[bold]PLAY {escape(plan.playbook.plays[at].name)}[/bold]", highlight=False)
        gate = " (waited for)" if step.resource.apply is None and outcome is not Outcome.BROKEN else ""
        colour = {"~": "yellow", "?": "cyan", "!": "red"}[SIGNS[outcome]]
        sign = f"[{colour}]{SIGNS[outcome]}[/{colour}]"
        place = f"{fold(hosts)} (runs on {step.on})" if step.on else fold(hosts)
        head = f"  {sign} {escape(step.resource.id)}{gate}  [dim]{escape(place)}[/dim]"
        console.print(head, highlight=False, soft_wrap=True)
        if outcome is Outcome.UNKNOWN:
            console.print(
                "      " + _because(plan, step),
                highlight=False,
                soft_wrap=True,
                style="dim",
            )
        elif diffs or outcome is Outcome.BROKEN or len(lines) <= 3:
            for line in lines:
                console.print(f"      {line}", style=_colour(line), highlight=False, markup=False, soft_wrap=True)
        else:
            console.print(f"      {len(lines)} lines (--diff shows them)", style="dim", highlight=False)
    print_legend(console, (SIGNS[outcome] for _, outcome, _, _ in folded(plan)))


def print_legend(console: Console, signs: Iterable[str]) -> None:
    if text := legend(signs):
        console.print(f"\n{text}", style="dim", highlight=False, markup=False)


def print_closing(console: Console, lines: Iterable[str]) -> None:
    """The outcome of a run stands out; what follows it does not."""
    for at, line in enumerate(lines):
        start = "" if at else "\n"
        console.print(f"{start}{line}", style="dim" if at else "bold", highlight=False, markup=False, soft_wrap=True)


def print_plan_data(console: Console, data: Mapping[str, Any]) -> None:
    """A plan from its data, every difference whole."""
    console.print(f"Cluster {data['cluster']}, playbook {data['playbook']}", highlight=False)
    at = ""
    for one in data["changes"]:
        if one["play"] != at:
            at = one["play"]
            console.print(f"\n[bold]PLAY {escape(at)}[/bold]", highlight=False)
        sign = SIGNS[Outcome(one["outcome"])]
        console.print(f"  {sign} {escape(one['resource'])}  [dim]{one['host']}[/dim]", highlight=False, soft_wrap=True)
        for line in one["diff"]:
            console.print(f"      {line}", style=_colour(line), highlight=False, markup=False, soft_wrap=True)
    print_legend(console, (SIGNS[Outcome(one["outcome"])] for one in data["changes"]))
    console.print(f"\n[bold]{escape(data['summary'])}[/bold]", highlight=False)


def _because(plan: Plan, step: Step) -> str:
    """Why a step whose check is inconclusive will run."""
    if causes := plan.causes(step):
        verb = "restarts" if step.resource.risk == "restart" else "due"
        return f"{verb} because of {fold(causes)}"
    said = plan.seen.get(step.key, Seen(Outcome.UNKNOWN)).said
    return "depends on an earlier change" + (f": {said[-1]}" if said else "")


def _colour(line: str) -> str:
    if line.startswith("+") and not line.startswith("+++"):
        return "green"
    if line.startswith("-") and not line.startswith("---"):
        return "red"
    return "dim"


def print_findings(console: Console, plan: Plan) -> None:
    """Findings in the style of kubeadm: errors last, next to the prompt."""
    hosts: dict[tuple[Level, str, str], list[str]] = {}
    for finding in plan.findings:
        hosts.setdefault((finding.level, finding.name, finding.what), []).append(finding.host)
    for level, colour in LEVELS.items():
        for (found, name, what), names in hosts.items():
            if found == level:
                head = f"[{colour}]\\[{level.upper()} {name}][/{colour}]"
                console.print(f"{head} {escape(fold(names))}: {escape(what)}", highlight=False, soft_wrap=True)


def print_unreachable(console: Console, silent: Mapping[str, str]) -> None:
    for why in silent.values():
        console.print(f"[red]unreachable[/red] {escape(why)}", highlight=False, soft_wrap=True)


def print_recap(console: Console, tallies: Mapping[str, Tally], *, everything: bool) -> None:
    """A line a host, as Ansible prints it; hosts without a change only when asked for."""
    shown = {n: t for n, t in tallies.items() if everything or t.changed or t.failed or t.unreachable}
    console.print("\n[bold]RECAP[/bold]", highlight=False)
    width = max((len(name) for name in shown), default=0)
    for name, t in shown.items():
        colour = "red" if t.failed or t.unreachable else "yellow" if t.changed else "green"
        counts = f"ok={t.ok} changed={t.changed} unreachable={t.unreachable} failed={t.failed}"
        console.print(f"  [{colour}]{name:<{width}}[/{colour}] : {counts}", highlight=False)
    if len(tallies) > len(shown):
        console.print(f"  {count(len(tallies) - len(shown), 'host')} without a change", style="dim", highlight=False)


def print_failure(console: Console, failure: Failure) -> None:
    """Where, why, the last lines of output, and the command."""
    place = " / ".join(part for part in (failure.host, failure.task, failure.resource) if part)
    place += f" (ran on {failure.executor})" if failure.executor != failure.host else ""
    console.print(
        f"\n[red bold]FAILED[/red bold] {escape(place)}: {escape(failure.why)}", highlight=False, soft_wrap=True
    )
    for line in failure.lines:
        console.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)
    if failure.command:
        first = failure.command.strip().splitlines()
        console.print(
            f"  it ran: {first[0][:160]}{' …' if len(first) > 1 else ''}", style="dim", markup=False, highlight=False
        )


def _failed(done: Done) -> str:
    """`3 of 3 hosts failed`."""
    failed = sum(1 for tally in done.tallies.values() if tally.failed or tally.unreachable)
    return f"{failed} of {count(len(done.tallies), 'host')} failed"


def print_done(console: Console, done: Done, *, everything: bool) -> None:
    for failure in done.failures:
        print_failure(console, failure)
    for step in done.still:
        console.print(
            f"[red]NOT CONVERGED[/red] {step.host} / {step.task} / {escape(step.resource.id)}", highlight=False
        )
    if done.stopped_before:
        console.print(
            f"\n[red]Stopped before[/red] “{escape(done.stopped_before)}”: {escape(_failed(done))}. "
            "Fix the errors above, then run the same command again.",
            highlight=False,
            soft_wrap=True,
        )
    if done.interrupted:
        console.print("\n[red]Stopped[/red]. Run the same command again to continue.", highlight=False)
    print_recap(console, done.tallies, everything=everything)


def table(console: Console, title: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table without lines, as kubectl prints it."""
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    for name in title:
        grid.add_column(name, overflow="fold", no_wrap=False)
    for row in rows:
        grid.add_row(*(escape(cell) for cell in row))
    console.print(grid, highlight=False)


# --- progress ------------------------------------------------------------------------------------------------------


class Progress:
    """Events as they come: plain lines where there is no terminal, and a line of what runs now where there is one."""

    def __init__(self, console: Console, usual: Mapping[str, float], *, verbose: int = 0) -> None:
        self.console, self.usual, self.verbose = console, usual, verbose
        self.now: dict[str, str] = {}
        self.what = ""
        self.since, self.planned, self.done = time.time(), 0, 0
        # The spinner draws it again and again, so that the time in it runs.
        self.status = console.status(self) if console.is_terminal else None

    def __rich__(self) -> Text:
        """The line of what runs now: how long it has taken, how many of the planned changes are made."""
        if self.what:
            return Text(self.what)
        running = [f"{host} {what}" for host, what in list(self.now.items())[:3]]
        more = f" and {len(self.now) - 3} more" if len(self.now) > 3 else ""
        of = f", {min(self.done, self.planned)} of {self.planned}" if self.planned else ""
        return Text(
            f"{duration(time.time() - self.since)}{of}: {'; '.join(running)}{more}", no_wrap=True, overflow="ellipsis"
        )

    @contextmanager
    def showing(self, what: str = "") -> Iterator[None]:
        """The line of what runs now is on the terminal."""
        if not self.status:
            yield
            return
        self.what = what
        with self.status:
            yield

    def __call__(self, event: Event) -> None:
        kind = event["type"]
        if kind == "play.start":
            self._play(event)
        elif kind == "run.start":
            self.since = event["at"]
        elif kind == "planned":
            # The time in which the user reads the plan does not count.
            self.since = self.since if self.planned else event["at"]
            self.planned += 1
        elif kind == "step":
            self._step(event)
        elif kind == "output":
            self._output(event)
        elif kind == "waiting":
            what = escape(event["for"].strip())
            self.console.print(f"  [cyan]waiting[/cyan]: {event['host']}  {what}", highlight=False)
        elif kind == "warning":
            what = escape(event["line"].strip())
            self.console.print(f"  [yellow]warning[/yellow]: {event['host']}  {what}", highlight=False, soft_wrap=True)
        elif kind == "failed":
            self.now.pop(event["host"], None)

    def _play(self, event: Event) -> None:
        number = f"{event['number']}/{event['of']} " if "number" in event else ""
        after = duration(event["at"] - self.since) if "at" in event else ""
        hosts = f"[dim]{escape(fold(event['hosts']))}  {after}[/dim]"
        self.console.print(f"\n[bold]PLAY {number}{escape(event['play'])}[/bold]  {hosts}", highlight=False)

    def _step(self, event: Event) -> None:
        host, resource, state = event["host"], event["resource"], event["state"]
        if state in ("apply", "wait"):
            before = self.usual.get(resource)
            self.now[host] = f"{resource}{f' (usually {before:.0f} s)' if before and before >= 1 else ''}"
            if not self.status and (before is None or before >= 5):
                self.console.print(f"  … {host}: {self.now[host]}", markup=False, highlight=False)
        elif state != "begin":
            self.done += host in self.now
            self.now.pop(host, None)
        colour = {"changed": "yellow", "holds": "green"}.get(state, "red")
        if state in ("begin", "apply", "wait") or (state == "holds" and not self.verbose):
            return
        took = f" [dim]{event['seconds']:.1f} s[/dim]" if event["seconds"] >= 1 else ""
        word = "ok" if state == "holds" else state
        self.console.print(f"  [{colour}]{word}[/{colour}]: {host}  {escape(resource)}{took}", highlight=False)

    def _output(self, event: Event) -> None:
        if self.verbose > 1:
            self.console.print(f"      {event['host']}: {event['line']}", markup=False, highlight=False, style="dim")
        elif event["host"] in self.now:
            self.now[event["host"]] = f"{event['resource']}: {event['line'][:60]}"
