"""The terminal as the view of an operation: plan, progress, notes and recap."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from rich.console import Console

from k8sops.engine.documents import document
from k8sops.engine.journal import Event, state_dir, usual_seconds
from k8sops.engine.plan import Plan
from k8sops.engine.runner import Done
from k8sops.engine.summary import summary
from k8sops.errors import PreflightError
from k8sops.operations.data import plan_data
from k8sops.operations.outcome import obstacle
from k8sops.report import terminal


class Terminal:
    """Prints as the operation goes on. `diffs`: every line of every difference. `activity`: where progress goes, if not
    to the screen."""

    def __init__(self, screen: Console, *, verbose: int, diffs: bool, activity: Console | None = None) -> None:
        self.screen, self.verbose, self.diffs = screen, verbose, diffs
        self._activity = activity or screen

    @cached_property
    def _progress(self) -> terminal.Progress:
        return terminal.Progress(self._activity, usual_seconds(state_dir() / "runs"), verbose=self.verbose)

    def showing(self, activity: str = "") -> AbstractContextManager[None]:
        return self._progress.showing(activity)

    def event(self, event: Event) -> None:
        self._progress(event)

    def note(self, text: str) -> None:
        self._activity.print(text, highlight=False, markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        self._activity.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)

    def plan(self, plan: Plan) -> None:
        """The changes on every host, what speaks against them, and what it comes to."""
        title = f"Cluster {plan.spec.cluster}, Kubernetes {plan.spec.version}, playbook {plan.playbook.name}"
        self.screen.print(title, highlight=False)
        terminal.print_unreachable(self.screen, plan.unreachable)
        terminal.print_plan(self.screen, plan, diffs=self.diffs)
        terminal.print_findings(self.screen, plan)
        self.screen.print(f"\n[bold]{summary(plan)}[/bold]", highlight=False)
        print_refusal(self.screen, plan)

    def done(self, done: Done) -> None:
        terminal.print_done(self.screen, done, everything=bool(self.verbose))


class TerminalData(Terminal):
    """The plan as JSON on stdout; everything else as on a terminal."""

    def plan(self, plan: Plan) -> None:
        from k8sops.cli.common import print_json

        print_json(plan_data(plan))
        print_refusal(self.screen, plan)


def print_refusal(screen: Console, plan: Plan) -> None:
    """Where findings keep the plan from being applied: what to do about them."""
    if obstacle(plan) != PreflightError.exit_code:
        return
    names = ",".join(sorted({finding.name for finding in plan.errors if finding.kind.waivable}))
    skip = f", or skip checks with --ignore-preflight-errors={names}" if names else ""
    screen.print(f"Preflight failed: fix the errors above{skip} (docs/findings.md)", style="red", highlight=False)


def refused_document(plan: Plan, code: int) -> dict[str, Any]:
    """A plan that cannot be applied, as an error for machines, with what speaks against it."""
    data = plan_data(plan)
    fields = {"message": data["summary"], "where": None, "host": None, "remedy": None, "exitCode": code}
    return document("Error", {**fields, "findings": data["findings"], "unreachable": data["unreachable"]})
