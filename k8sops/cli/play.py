"""A playbook that a command runs by itself: shown, asked for, carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from k8sops.cli import options as o
from k8sops.cli.common import console, print_json
from k8sops.cli.prompt import require_name, require_yes
from k8sops.cli.verify import verdict
from k8sops.cli.work import Request, Work, exit_code, nothing, show_plan, stop_here, working
from k8sops.errors import UsageError

if TYPE_CHECKING:
    from k8sops.engine.plan import Plan
    from k8sops.engine.runner import Done
    from k8sops.verify import Result

Ask = Callable[[Work, "Plan"], None]
"""Raises Cancelled when the user does not want it."""
Then = Callable[[Work, "Plan"], "list[Result] | None"]
"""Its results of tests, if there are any, belong to the run: to what is printed as JSON, and to the exit code."""


def play(
    request: Request, options: o.PlayOptions, ask: Ask, *, first: Ask | None = None, then: Then | None = None
) -> int:
    """The request's playbook, carried out if the user wants it; `first` is done under the cluster's lock before it,
    `then` after it, when nothing has failed. The exit code."""
    from k8sops.operations.data import done_data
    from k8sops.report.terminal import print_done

    screen = console(options.color, stderr=options.output is o.Output.json)
    with working(screen, request) as work:
        found = work.look(request.waived)
        code = show_plan(screen, found, o.Output.table, diffs=True)
        stopped = stop_here(found, options.output, code, check=options.check)
        work.record(found, runs=not stopped)
        if stopped:
            work.end(code)
            return code
        done: Done = nothing(found)
        if found.changes:
            ask(work, found)
            done = work.run(found, options.wait, first=(lambda: first(work, found)) if first else None)
            print_done(screen, done, everything=bool(request.verbose))
        code = exit_code(done)
        work.end(code, done)
        well = not (done.failures or done.still or done.interrupted)
        tests = then(work, found) if then and well else None
        if options.output is o.Output.json:
            more = {} if tests is None else {"tests": [vars(one) for one in tests]}
            print_json(done_data(done, work.journal.run) | more)
        return code or (0 if tests is None else verdict(tests))


def yes_or_no(yes: bool) -> Ask:
    """Asks for a typed yes, unless it was given beforehand."""

    def ask(work: Work, found: Plan) -> None:
        if not yes:
            require_yes()

    return ask


def clusters_name(confirm: str, consequence: str) -> Ask:
    """Asks for the cluster's name to be typed, unless it was given beforehand. `consequence`: `removes w2 from`."""

    def ask(work: Work, found: Plan) -> None:
        if not confirm:
            require_name(work.spec.cluster, consequence)

    return ask


def refuse_other_cluster(confirm: str, cluster: str) -> None:
    """UsageError where another cluster was meant."""
    if confirm and confirm != cluster:
        raise UsageError(f"--confirm {confirm}: the cluster is {cluster}")
