"""plan, apply, check: what would change, the same asked for and done, and whether anything would."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import context
from k8sops.cli import options as o
from k8sops.cli.common import console, print_json, words
from k8sops.cli.prompt import refuse_without_terminal, require_yes
from k8sops.cli.work import asked, exit_code, nothing, show_plan, stop_here, working
from k8sops.errors import UsageError

if TYPE_CHECKING:
    from k8sops.engine.plan import Plan

PENDING = 2
"""Exit code of `check`, and of `plan --detailed-exitcode`, when something would change."""


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
    from k8sops.engine.plan import Filters

    refuse_without_terminal(yes or check or bool(file))
    allowed = _allowed(allow)
    request = asked(options)
    if file:
        from k8sops.operations import savedplan
    saved = savedplan.load(file) if file else None
    if saved and (request.filters != Filters() or request.waived):
        raise UsageError(
            "a saved plan cannot be narrowed",
            remedy="leave out --limit, --tags, --skip-tags, --pick, -e and --ignore-preflight-errors",
        )
    if saved:
        savedplan.refuse_other_inventory(saved)
        waived = frozenset(saved.data["waived"])
        request = replace(
            request, inventory=saved.inventory, playbook=saved.playbook, filters=saved.filters, waived=waived
        )
    screen = console(options.color, stderr=options.output is o.Output.json)
    with working(screen, request) as work:
        from k8sops.engine.summary import only_conditions
        from k8sops.operations.data import done_data
        from k8sops.report.closing import closing
        from k8sops.report.terminal import print_closing, print_done

        begun, found = work.since, context.with_findings(work.look(request.waived))
        if saved:
            savedplan.refuse_stale(saved, found)
        code = show_plan(screen, found, o.Output.table, diffs=diff)
        stopped = stop_here(found, options.output, code, check=check)
        work.record(found, runs=not stopped)
        if stopped:
            work.end(code)
            return code
        if found.changes:
            if yes and not saved:
                _refuse_risks(found, allowed)
            elif not saved and not only_conditions(found):
                require_yes()
            begun = time.time()
            done = work.run(found, wait)
            print_done(screen, done, everything=bool(options.verbose))
        else:
            done = nothing(found)
        if not done.interrupted:
            context.write(screen, work.session, found, done)
        code = exit_code(done)
        work.end(code, done)
        if options.output is o.Output.json:
            print_json(done_data(done, work.journal.run))
        else:
            print_closing(screen, closing(found, done, time.time() - begun, work.journal.run))
        return code


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


def _refuse_risks(found: Plan, allowed: frozenset[str]) -> None:
    """--yes covers files and packages; what disturbs more is named on the command line, or asked for."""
    missing = sorted(found.risks.keys() - allowed - {"file"})
    if missing:
        names = ", ".join(missing)
        raise UsageError(f"--yes does not cover: {names}", remedy=f"--allow {','.join(missing)} covers it")


def _only_show(options: o.PlanOptions, *, diffs: bool, pending: bool, out: Path | None = None) -> int:
    from k8sops.operations import savedplan

    request = asked(options)
    with working(console(stderr=True), request) as work:
        found = context.with_findings(work.look(request.waived))
        # With JSON, stdout is the document alone.
        screen = console(options.color, stderr=options.output is o.Output.json)
        code = show_plan(screen, found, options.output, diffs=diffs)
        work.record(found, runs=False)
        if out and not code:
            savedplan.save(out, found, inventory=request.inventory, playbook=request.playbook)
            work.note(f"written to {out}; k8sops show {out}; k8sops apply {out}")
        code = code or (PENDING if pending and (found.changes or found.pending) else 0)
        work.end(code)
        return code
