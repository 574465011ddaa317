"""plan, apply, check: show changes, make them after confirmation, report whether there are any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import console, print_json, words
from k8sops.cli.play import plan_request, report_data, terminal
from k8sops.cli.prompt import refuse_without_terminal, require_yes
from k8sops.errors import UsageError

if TYPE_CHECKING:
    from k8sops.engine.plan import Plan


def plan(
    options: o.PlanOptions,
    diff: o.DiffOption = True,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the plan to a file, for `apply FILE`.")
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when something would change.")
    ] = False,
) -> int:
    """Show every change on every host, and change nothing."""
    return _only_show(options, diffs=diff, pending=detailed_exitcode, out=out)


def check(options: o.PlanOptions, diff: o.DiffOption = False) -> int:
    """Report what differs from the inventory (exit code 2).

    Nothing is changed. Exit code 0: nothing differs.
    """
    return _only_show(options, diffs=diff, pending=True)


def apply(
    options: o.PlanOptions,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A plan that `plan --out` wrote; it runs without asking.")
    ] = None,
    diff: o.DiffOption = False,
    yes: o.YesOption = False,
    allow: o.AllowOption = "",
    wait: o.WaitOption = 0,
    check: Annotated[bool, typer.Option("--check", "-C", help="Only show what would change, as `plan` does.")] = False,
) -> int:
    """Show every change on every host, ask, and apply them."""
    from k8sops.engine.summary import only_conditions
    from k8sops.operations.apply import applying, applying_saved
    from k8sops.operations.operation import perform
    from k8sops.operations.savedplan import load

    refuse_without_terminal(yes or check or bool(file))
    allowed, request = _allowed(allow), plan_request(options, wait)
    operation = applying_saved(load(file), request) if file else applying(request)

    def confirm(plan: Plan) -> None:
        if yes and not file:
            _refuse_risks(plan, allowed)
        elif not file and not only_conditions(plan):
            require_yes()

    view = terminal(options, diffs=diff)
    report = perform(operation, view, confirm, check=check)
    if options.output is o.Output.json:
        print_json(report_data(report))
    elif report.done:
        from k8sops.report.closing import closing
        from k8sops.report.terminal import print_closing

        print_closing(view.screen, closing(report.plan, report.done, report.seconds, report.run))
    return report.code


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan that `plan --out` wrote.")],
    output: o.OutputOption = o.Output.table,
    color: o.ColorOption = o.Color.auto,
) -> None:
    """Show a saved plan; no host is contacted."""
    from k8sops.operations import savedplan
    from k8sops.report import terminal

    saved = savedplan.load(file)
    if output is o.Output.json:
        print_json(saved.data)
    else:
        terminal.print_plan_data(console(color), saved.data["plan"])


def _allowed(allow: str) -> frozenset[str]:
    allowed = words(allow)
    if wrong := sorted(allowed - {"restart", "drain", "delete"}):
        raise UsageError(
            f"--allow: unknown risk `{wrong[0]}`", remedy="one or more of restart, drain, delete, comma-separated"
        )
    return allowed


def _refuse_risks(plan: Plan, allowed: frozenset[str]) -> None:
    """--yes covers files and packages; other risks need --allow, or a confirmation at the prompt."""
    from k8sops.operations.apply import risks_beyond

    if missing := risks_beyond(plan, allowed):
        raise UsageError(f"--yes does not cover: {', '.join(missing)}", remedy=f"--allow {','.join(missing)} covers it")


def _only_show(options: o.PlanOptions, *, diffs: bool, pending: bool, out: Path | None = None) -> int:
    from k8sops.operations import savedplan
    from k8sops.operations.apply import applying
    from k8sops.operations.operation import preview

    request, view = plan_request(options), terminal(options, diffs=diffs, preview=True)

    def keep(plan: Plan) -> None:
        if out:
            savedplan.save(out, plan, inventory=request.inventory, playbook=request.playbook)
            view.note(f"written to {out}; k8sops show {out}; k8sops apply {out}")

    return preview(applying(request), view, pending=pending, keep=keep).code
