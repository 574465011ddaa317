"""plan, apply, check: what would change, the same asked for and done, and whether anything would."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_named_playbook, load_spec, print_json, who, words
from k8sops.errors import (
    Cancelled,
    HostError,
    InputError,
    K8sopsError,
    LockedError,
    PreflightError,
    UnreachableError,
    UsageError,
)

if TYPE_CHECKING:
    from threading import Event as Flag

    from rich.console import Console

    from k8sops.journal import Event, Journal
    from k8sops.plan import Filters, Plan
    from k8sops.playbook import Playbook
    from k8sops.report import Progress
    from k8sops.runner import Done
    from k8sops.spec import ClusterSpec
    from k8sops.survey import Session

PENDING = 2
"""Exit code of `check`, and of `plan --detailed-exitcode`, when something would change."""


@dataclass(frozen=True)
class Request:
    """What a user asked for, as all three commands take it."""

    inventory: Path
    playbook: str
    filters: Filters
    forks: int
    verbose: int
    waived: frozenset[str]
    ask_password: bool


def plan(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    playbook: o.PlaybookOption = "site",
    limit: o.LimitOption = "all",
    tags: o.TagsOption = "",
    skip_tags: o.SkipTagsOption = "",
    forks: o.ForksOption = 20,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    diff: o.DiffOption = True,
    pick: o.PickOption = "",
    ignore_preflight_errors: o.IgnoreOption = "",
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    out: Annotated[Path | None, typer.Option(help="Write the plan to a file, for `apply FILE`.")] = None,
    detailed_exitcode: Annotated[bool, typer.Option(help="Exit 2 when something would change.")] = False,
) -> int:
    """Show every change on every host; change nothing."""
    request = _request(
        inventory, playbook, limit, tags, skip_tags, pick, forks, verbose, ignore_preflight_errors, ask_become_pass
    )
    return _only_show(request, console(color), output, diffs=diff, pending=detailed_exitcode, out=out)


def check(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    playbook: o.PlaybookOption = "site",
    limit: o.LimitOption = "all",
    tags: o.TagsOption = "",
    skip_tags: o.SkipTagsOption = "",
    forks: o.ForksOption = 20,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    diff: o.DiffOption = False,
    ignore_preflight_errors: o.IgnoreOption = "",
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
) -> int:
    """Report what has drifted from the inventory; exit 2 when something has. Changes nothing."""
    request = _request(
        inventory, playbook, limit, tags, skip_tags, "", forks, verbose, ignore_preflight_errors, ask_become_pass
    )
    return _only_show(request, console(color), output, diffs=diff, pending=True)


def apply(
    file: Annotated[Path | None, typer.Argument(help="A plan that `plan --out` wrote: it runs unasked.")] = None,
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    playbook: o.PlaybookOption = "site",
    limit: o.LimitOption = "all",
    tags: o.TagsOption = "",
    skip_tags: o.SkipTagsOption = "",
    pick: o.PickOption = "",
    forks: o.ForksOption = 20,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    diff: o.DiffOption = False,
    ignore_preflight_errors: o.IgnoreOption = "",
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    yes: o.YesOption = False,
    allow: o.AllowOption = "",
    wait: o.WaitOption = 0,
    check: Annotated[bool, typer.Option("--check", "-C", help="Only show, as `plan` does.")] = False,
) -> int:
    """Show every change on every host, ask, and make exactly those changes."""
    from k8sops import savedplan
    from k8sops.plan import Filters
    from k8sops.report import done_data, print_done

    if not yes and not check and not file and not sys.stdin.isatty():
        raise UsageError("nobody can be asked here", remedy="--yes applies without asking, --check only shows")
    allowed = _allowed(allow)
    request = _request(
        inventory, playbook, limit, tags, skip_tags, pick, forks, verbose, ignore_preflight_errors, ask_become_pass
    )
    saved = savedplan.load(file) if file else None
    if saved and (request.filters != Filters() or request.waived):
        raise UsageError(
            "a saved plan says itself what it is about",
            remedy="leave out --limit, --tags, --skip-tags, --pick and waivers",
        )
    if saved:
        savedplan.refuse_other_inventory(saved)
        waived = frozenset(saved.data["waived"])
        request = replace(
            request, inventory=saved.inventory, playbook=saved.playbook, filters=saved.filters, waived=waived
        )
    screen = console(color, stderr=output is o.Output.json)
    with _working(screen, request) as work:
        found = work.look(request.waived)
        if saved:
            savedplan.refuse_stale(saved, found)
        code = _show(screen, found, o.Output.table, diffs=diff)
        # Hosts that do not answer are left out, and the exit code says so in the end, as Ansible has it.
        if (code and not (code == UnreachableError.exit_code and found.fleet.facts)) or check:
            work.end(code)
            return code
        if found.changes:
            if yes and not saved:
                _refuse_risks(found, allowed)
            elif not saved and typer.prompt("\nApply this? (yes/no)", default="no") != "yes":
                raise Cancelled("nothing was changed")
            done = work.run(found, wait)
            print_done(screen, done, everything=bool(verbose))
        else:
            done = _nothing(found)
        if not done.interrupted:
            _fetch(screen, work.session, found, done)
        code = exit_code(done)
        work.end(code, done)
        if output is o.Output.json:
            print_json(done_data(done, work.journal.run))
        elif found.changes:
            screen.print(f"k8sops runs show {work.journal.run}", style="dim", highlight=False)
        return code


def show(
    file: Annotated[Path, typer.Argument(help="A plan that `plan --out` wrote.")],
    output: o.OutputOption = o.Output.table,
    color: o.ColorOption = o.Color.auto,
) -> None:
    """Show a plan that was written to a file; no host is asked."""
    from k8sops import report, savedplan

    saved = savedplan.load(file)
    if output is o.Output.json:
        print_json(saved.data)
    else:
        report.print_plan_data(console(color), saved.data["plan"])


def _allowed(allow: str) -> frozenset[str]:
    allowed = words(allow)
    if wrong := sorted(allowed - {"restart", "drain", "delete"}):
        raise UsageError(f"--allow knows no `{wrong[0]}`", remedy="it takes restart, drain, delete, with commas")
    return allowed


def _refuse_risks(found: Plan, allowed: frozenset[str]) -> None:
    """--yes covers files and packages; what disturbs more is named on the command line, or asked for."""
    missing = sorted(found.risks.keys() - allowed - {"file"})
    if missing:
        names = ", ".join(missing)
        raise UsageError(f"--yes does not cover: {names}", remedy=f"--allow {','.join(missing)} covers it")


def _request(
    inventory: Path, playbook: str, limit: str, tags: str, skip_tags: str, pick: str, forks: int, verbose: int,
    ignore_preflight_errors: str, ask_become_pass: bool,
) -> Request:  # fmt: skip
    from k8sops.plan import Filters

    filters = Filters(limit, words(tags), words(skip_tags), words(pick))
    return Request(inventory, playbook, filters, forks, verbose, words(ignore_preflight_errors), ask_become_pass)


def _only_show(
    request: Request, screen: Console, output: o.Output, *, diffs: bool, pending: bool, out: Path | None = None
) -> int:
    from k8sops import savedplan

    with _working(console(stderr=True), request) as work:
        found = work.look(request.waived)
        code = _show(screen, found, output, diffs=diffs)
        if out and not code:
            savedplan.save(out, found, inventory=request.inventory, playbook=request.playbook)
            work.note(f"written to {out}; k8sops show {out}; k8sops apply {out}")
        code = code or (PENDING if pending and found.changes else 0)
        work.end(code)
        return code


@dataclass
class _Work:
    """What a command works with."""

    spec: ClusterSpec
    playbook: Playbook
    filters: Filters
    journal: Journal
    progress: Progress
    session: Session
    since: float

    def look(self, waived: Iterable[str]) -> Plan:
        from k8sops.survey import make_plan

        with self.progress.showing(f"looking at {len(self.spec.hosts)} hosts"):
            return make_plan(self.session, self.spec, self.playbook, self.filters, waived)

    def run(self, found: Plan, wait: float) -> Done:
        """The plan, carried out while no other run may change the cluster."""
        from k8sops import lock
        from k8sops.runner import run

        planes = [host.name for host in found.spec.control_planes if host.name in found.fleet.facts]
        with self.progress.showing("asking for the cluster's lock"):
            who = f"{self.session.who}, {self.playbook.name}, run {self.journal.run}"
            held = lock.wait_for(self.session.connect, planes, who, wait, self.note)
        try:
            with self.progress.showing(), _stopping(self.session.stop, self.note):
                done = run(replace(self.session, lost=held.lost), found)
        finally:
            held.release()
        if held.lost.is_set():
            raise HostError(planes[0], "the cluster's lock was lost; nothing was begun after that", remedy="run again")
        return done

    def note(self, text: str) -> None:
        self.progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def end(self, code: int, done: Done | None = None) -> None:
        if done:
            self.session.emit({"type": "recap", "hosts": {name: vars(tally) for name, tally in done.tallies.items()}})
        self.session.emit({"type": "run.end", "code": code, "seconds": round(time.time() - self.since, 1)})


@contextmanager
def _working(screen: Console, request: Request) -> Iterator[_Work]:
    """Inventory, playbook, journal and connections of one command; all closed in the end."""
    from k8sops.journal import Journal, state_dir, usual_seconds
    from k8sops.kubeadm import certificate_key, token
    from k8sops.report import Progress
    from k8sops.survey import Session

    spec, playbook = load_spec(request.inventory), load_named_playbook(request.playbook)
    _check_words(spec, playbook, request.filters)
    folder = state_dir() / "runs"
    with ExitStack() as stack:
        connect = stack.enter_context(connections(spec, ask_password=request.ask_password))
        journal = Journal(folder, [token()[1], certificate_key()])
        stack.callback(journal.close)
        progress = Progress(screen, usual_seconds(folder), verbose=request.verbose)

        def emit(event: Event) -> None:
            progress(journal.write(event))

        session = Session(connect, emit, request.forks, who())
        start = {"run": journal.run, "cluster": spec.cluster, "playbook": playbook.name, "who": who()}
        emit({"type": "run.start", **start, "inventory": str(request.inventory)})
        work = _Work(spec, playbook, request.filters, journal, progress, session, time.time())
        try:
            yield work
        except K8sopsError as error:
            work.end(error.exit_code)
            raise


def _check_words(spec: ClusterSpec, playbook: Playbook, filters: Filters) -> None:
    """Every host and every tag that was named is one; refused before any host is asked."""
    from k8sops.patterns import select
    from k8sops.plan import tasks_of

    select(spec, filters.limit)
    known = {*tasks_of(playbook), *(tag for play in playbook.plays for tag in play.tags)}
    for word in filters.tags | filters.skip_tags:
        if word not in known:
            raise InputError(f"no task or tag `{word}`", remedy=f"there are: {', '.join(sorted(known))}")


@contextmanager
def _stopping(stop: Flag, say: Callable[[str], None]) -> Iterator[None]:
    """Ctrl-C once: what runs on hosts is finished, and no more is begun. Twice: this process ends."""

    def interrupt(number: int, frame: object) -> None:
        if stop.is_set():
            os._exit(Cancelled.exit_code)
        stop.set()
        say("stopping: what runs now is finished first; Ctrl-C again leaves at once")

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _nothing(found: Plan) -> Done:
    from k8sops.runner import Done, Tally

    tallies = {name: Tally() for name in found.fleet.facts}
    return Done(tallies | {name: Tally(unreachable=1) for name in found.unreachable}, fleet=found.fleet)


def _show(screen: Console, found: Plan, output: o.Output, *, diffs: bool) -> int:
    """Prints a plan; the exit code when it cannot be applied."""
    from k8sops import report

    if output is o.Output.json:
        print_json(report.plan_data(found))
    else:
        screen.print(
            f"Cluster {found.spec.cluster}, Kubernetes {found.spec.version}, playbook {found.playbook.name}",
            highlight=False,
        )
        report.print_unreachable(screen, found.unreachable)
        report.print_plan(screen, found, diffs=diffs)
        report.print_findings(screen, found)
        screen.print(f"\n[bold]{report.summary(found)}[/bold]", highlight=False)
    if not found.fleet.facts or len(found.unreachable) == len(found.spec.hosts):
        return UnreachableError.exit_code
    if found.broken:
        return HostError.exit_code
    if found.findings:
        names = ",".join(sorted({one.name for one in found.findings}))
        screen.print(
            f"not fit: mend it, or waive by name with --ignore-preflight-errors={names}", style="red", highlight=False
        )
        return PreflightError.exit_code
    return UnreachableError.exit_code if found.unreachable else 0


def exit_code(done: Done) -> int:
    """What a run came to, for scripts: the host that could not be reached counts before the one that failed."""
    if any(tally.unreachable for tally in done.tallies.values()):
        return UnreachableError.exit_code
    if any(failure.resource == "lock" for failure in done.failures):
        return LockedError.exit_code
    if done.failures or done.still:
        return HostError.exit_code
    return Cancelled.exit_code if done.interrupted else 0


def _fetch(screen: Console, session: Session, found: Plan, done: Done) -> None:
    """The operator's kubectl has a context for the cluster; nothing is asked of a host when it has."""
    from k8sops import kubeconfig

    name = done.fleet.delegate([host.name for host in found.spec.control_planes])
    digest, path = done.fleet[name].admin_conf, kubeconfig.default_path()
    if not done.fleet[name].initialised or kubeconfig.holds(path, found.spec, name, digest):
        return
    kubeconfig.write(path, found.spec, name, kubeconfig.fetch(session.connect(name)), digest)
    screen.print(f"context {kubeconfig.context_name(found.spec)} is in {path}", highlight=False)
