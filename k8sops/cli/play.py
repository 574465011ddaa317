"""Operations from the command line: options become a request, the terminal is the view, the user is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8sops.cli import options as o
from k8sops.cli.common import assignments, console, load_spec, print_json, sudo_password, words
from k8sops.cli.prompt import require_name, require_yes
from k8sops.errors import UsageError

if TYPE_CHECKING:
    from k8sops.cli.view import Terminal
    from k8sops.engine.plan import Plan
    from k8sops.operations.operation import Confirm, Operation, Report
    from k8sops.operations.request import Request


def plan_request(options: o.PlanOptions, wait: float = 0) -> Request:
    """What plan, check and apply were asked for."""
    from k8sops.engine.plan import Filters
    from k8sops.operations.request import Request

    tags, parameters = (words(options.tags), words(options.skip_tags)), assignments(options.extra_vars)
    filters = Filters(options.limit, *tags, words(options.pick), parameters)
    waived, password = words(options.ignore_preflight_errors), sudo_password if options.ask_become_pass else None
    return Request(options.inventory, options.playbook, filters, waived, options.forks, wait, password)


def request_of(options: o.PlayOptions, forks: int = 20, waived: str = "") -> Request:
    """What a command with a playbook of its own was asked for; the operation adds the playbook."""
    from k8sops.operations.request import Request

    password = sudo_password if options.ask_become_pass else None
    return Request(options.inventory, waived=words(waived), forks=forks, wait=options.wait, password=password)


def terminal(options: o.PlayOptions | o.PlanOptions, *, diffs: bool, preview: bool = False) -> Terminal:
    """The view on stdout; on stderr where stdout is for JSON alone.

    `preview`: the plan is the result, as JSON if that is wanted, and progress goes to stderr.
    """
    from k8sops.cli.view import Terminal, TerminalData

    as_json = options.output is o.Output.json
    kind = TerminalData if preview and as_json else Terminal
    activity = console(stderr=True) if preview else None
    return kind(console(options.color, stderr=as_json), verbose=options.verbose, diffs=diffs, activity=activity)


def play(operation: Operation, options: o.PlayOptions, confirm: Confirm) -> int:
    """The operation, carried out if the user wants it; the exit code."""
    return play_report(operation, options, confirm).code


def play_report(operation: Operation, options: o.PlayOptions, confirm: Confirm) -> Report:
    """What the operation came to, printed."""
    from k8sops.operations.operation import perform

    report = perform(operation, terminal(options, diffs=True), confirm, check=options.check)
    if options.output is o.Output.json:
        print_json(report_data(report))
    return report


def report_data(report: Report) -> dict[str, Any]:
    """For machines: the run; the plan where only that was wanted; an error where the plan cannot be applied."""
    from k8sops.cli.view import refused_document
    from k8sops.operations.data import done_data, plan_data

    if report.done is None:
        return refused_document(report.plan, report.code) if report.impossible else plan_data(report.plan)
    tests = {} if report.tests is None else {"tests": [vars(test) for test in report.tests]}
    return done_data(report.done, report.run) | tests


def without_question(plan: Plan) -> None:
    """The command itself is confirmation enough."""


def yes_or_no(yes: bool) -> Confirm:
    """Asks for a typed yes, unless it was given beforehand."""

    def confirm(plan: Plan) -> None:
        if not yes:
            require_yes()

    return confirm


def by_name(operation: Operation, confirmed: str) -> Confirm:
    """Asks for the cluster's name to be typed, unless it was given beforehand: then it must be this cluster's."""
    refuse_other_cluster(confirmed, load_spec(operation.request.inventory).cluster)

    def confirm(plan: Plan) -> None:
        if not confirmed:
            require_name(plan.spec.cluster, operation.consequence)

    return confirm


def refuse_other_cluster(confirm: str, cluster: str) -> None:
    """UsageError where another cluster was meant."""
    if confirm and confirm != cluster:
        raise UsageError(f"--confirm {confirm} does not match cluster {cluster}")
