"""What commands that plan and run share: the request, the work under way, what a run came to."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer import Abort

from k8sops import __version__
from k8sops.cli import options as o
from k8sops.cli.common import assignments, connections, load_named_playbook, load_spec, print_json, who, words
from k8sops.errors import Cancelled, HostError, K8sopsError, LockedError, PreflightError, UnreachableError

if TYPE_CHECKING:
    from threading import Event as Flag

    from rich.console import Console

    from k8sops.engine.journal import Event, Journal
    from k8sops.engine.plan import Filters, Plan
    from k8sops.engine.playbook import Playbook
    from k8sops.engine.runner import Done
    from k8sops.engine.session import Session
    from k8sops.inventory.spec import ClusterSpec
    from k8sops.report.terminal import Progress


@dataclass(frozen=True)
class Request:
    """What a user asked for, as all commands take it."""

    inventory: Path
    playbook: str
    filters: Filters
    forks: int
    verbose: int
    waived: frozenset[str]
    ask_password: bool

    def told(self, **parameters: str) -> Request:
        """The same, with these parameters beside those that it has."""
        return replace(self, filters=replace(self.filters, parameters={**self.filters.parameters, **parameters}))


def asked(options: o.PlanOptions) -> Request:
    """What plan, check and apply were asked for."""
    from k8sops.engine.plan import Filters

    filters = Filters(options.limit, words(options.tags), words(options.skip_tags), words(options.pick))
    waived, password = words(options.ignore_preflight_errors), options.ask_become_pass
    request = Request(options.inventory, options.playbook, filters, options.forks, options.verbose, waived, password)
    return request.told(**assignments(options.extra_vars))


def playing(options: o.PlayOptions, playbook: str, limit: str = "all", forks: int = 20, waive: str = "") -> Request:
    """What a command with a playbook of its own was asked for."""
    from k8sops.engine.plan import Filters

    password = options.ask_become_pass
    return Request(options.inventory, playbook, Filters(limit), forks, options.verbose, words(waive), password)


@dataclass
class Work:
    """What a command works with."""

    spec: ClusterSpec
    playbook: Playbook
    filters: Filters
    journal: Journal
    progress: Progress
    session: Session
    since: float

    def look(self, waived: Iterable[str]) -> Plan:
        from k8sops.engine.survey import make_plan

        with self.progress.showing(f"looking at {len(self.spec.hosts)} hosts"):
            found = make_plan(self.session, self.spec, self.playbook, self.filters, waived)
        self.journal.strike(secret for step in found.steps for secret in step.resource.secrets)
        return found

    def record(self, found: Plan, *, runs: bool) -> None:
        """The journal has what the plan showed; of one that `runs`, the changes are recorded as they are made."""
        from k8sops.engine.summary import summary
        from k8sops.report.terminal import folded

        for finding in found.findings:
            self.session.emit({"type": "finding", **vars(finding), "level": finding.level})
        if not runs:
            changes = [
                {"resource": step.resource.id, "outcome": outcome.value, "hosts": hosts, "diff": lines}
                for step, outcome, lines, hosts in folded(found)
            ]
            self.session.emit({"type": "plan", "summary": summary(found), "changes": changes})

    def run(self, found: Plan, wait: float, first: Callable[[], None] | None = None) -> Done:
        """The plan, after `first`, carried out while no other run may change the cluster."""
        from k8sops.engine import lock
        from k8sops.engine.runner import run

        planes = [host.name for host in found.spec.control_planes if host.name in found.fleet.facts]
        with self.progress.showing("asking for the cluster's lock"):
            who = f"{self.session.who}, {self.playbook.name}, run {self.journal.run}"
            held = lock.wait_for(self.session.connect, planes, who, wait, self.note)
        try:
            if first:
                first()
            with self.progress.showing(), _stopping(self.session.stop, self.note):
                done = run(replace(self.session, held=held.ours), found)
                lost = not held.ours()
        finally:
            held.release()
        if lost:
            raise HostError(planes[0], "the cluster's lock was lost; nothing was begun after that", remedy="run again")
        hidden = [replace(one, lines=tuple(map(self.journal.struck, one.lines))) for one in done.failures]
        return replace(done, failures=tuple(hidden))

    def note(self, text: str) -> None:
        self.progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def fail(self, why: object, code: int) -> None:
        """The journal has why the run ended before it was over."""
        self.session.emit({"type": "error", "what": str(why), "code": code})
        self.end(code)

    def end(self, code: int, done: Done | None = None) -> None:
        if done:
            self.session.emit({"type": "recap", "hosts": {name: vars(tally) for name, tally in done.tallies.items()}})
        self.session.emit({"type": "run.end", "code": code, "seconds": round(time.time() - self.since, 1)})


@contextmanager
def working(screen: Console, request: Request) -> Iterator[Work]:
    """Inventory, playbook, journal and connections of one command; all closed in the end."""
    from k8sops.engine.selection import check_filters, check_ignored

    spec = load_spec(request.inventory)
    playbook = load_named_playbook(request.playbook, spec.folder)
    check_filters(spec, playbook, request.filters)
    check_ignored([*request.waived, *spec.preflight_ignore])
    with ExitStack() as stack:
        names, forks = _looked_at(spec, request.filters), request.forks
        made = connections(spec, ask_password=request.ask_password, dial=names, forks=forks)
        connect = stack.enter_context(made)
        # What the rest of the work needs is imported while logins are under way.
        from k8sops.engine.journal import Journal, state_dir, usual_seconds
        from k8sops.engine.session import Session
        from k8sops.report.terminal import Progress
        from k8sops.roles.kubeadm.config import certificate_key, token

        folder = state_dir() / "runs"
        journal = Journal(folder, [token()[1], certificate_key()])
        stack.callback(journal.close)
        progress = Progress(screen, usual_seconds(folder), verbose=request.verbose)

        def emit(event: Event) -> None:
            progress(journal.write(event))

        memory = state_dir() / "facts" / f"{spec.cluster}.{playbook.name}.json"
        session = Session(connect, emit, request.forks, who(), memory=memory)
        start = {"run": journal.run, "cluster": spec.cluster, "playbook": playbook.name, "who": who()}
        emit({"type": "run.start", **start, "inventory": str(request.inventory), "version": __version__})
        work = Work(spec, playbook, request.filters, journal, progress, session, time.time())
        try:
            yield work
        except K8sopsError as error:
            work.fail(error, error.exit_code)
            raise
        except (KeyboardInterrupt, Abort):
            work.fail("stopped by Ctrl-C", Cancelled.exit_code)
            raise
        except Exception as error:
            work.fail(f"a bug of k8sops: {type(error).__name__}: {error}", K8sopsError.exit_code)
            raise


def _looked_at(spec: ClusterSpec, filters: Filters) -> list[str]:
    """The hosts that facts are asked of, whatever the playbook."""
    from k8sops.inventory.patterns import select

    return list(dict.fromkeys(host.name for host in (*spec.control_planes, *select(spec, filters.limit))))


@contextmanager
def _stopping(stop: Flag, say: Callable[[str], None]) -> Iterator[None]:
    """Ctrl-C once: what runs on hosts is finished, and no more is begun. Twice: this process ends."""

    def interrupt(number: int, frame: object) -> None:
        if stop.is_set():
            os._exit(Cancelled.exit_code)
        stop.set()
        say("Stopping after the current step. Press Ctrl-C again to quit immediately.")

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def nothing(found: Plan) -> Done:
    from k8sops.engine.runner import Done, Tally

    tallies = {name: Tally() for name in found.fleet.facts}
    return Done(tallies | {name: Tally(unreachable=1) for name in found.unreachable}, fleet=found.fleet)


def show_plan(screen: Console, found: Plan, output: o.Output, *, diffs: bool) -> int:
    """Prints a plan; the exit code when it cannot be applied."""
    from k8sops.engine.summary import none_reachable, summary
    from k8sops.operations.data import plan_data
    from k8sops.report import terminal

    if output is o.Output.json:
        print_json(plan_data(found))
    else:
        screen.print(
            f"Cluster {found.spec.cluster}, Kubernetes {found.spec.version}, playbook {found.playbook.name}",
            highlight=False,
        )
        terminal.print_unreachable(screen, found.unreachable)
        terminal.print_plan(screen, found, diffs=diffs)
        terminal.print_findings(screen, found)
        screen.print(f"\n[bold]{summary(found)}[/bold]", highlight=False)
    if none_reachable(found):
        return UnreachableError.exit_code
    if found.broken:
        return HostError.exit_code
    if found.errors:
        names = ",".join(sorted({finding.name for finding in found.errors if finding.kind.waivable}))
        skip = f", or skip checks with --ignore-preflight-errors={names}" if names else ""
        screen.print(f"Preflight failed: fix the errors above{skip} (docs/findings.md)", style="red", highlight=False)
        return PreflightError.exit_code
    return UnreachableError.exit_code if found.unreachable else 0


def refused_document(found: Plan, code: int) -> dict[str, Any]:
    """A plan that cannot be applied, as an error for machines, with what speaks against it."""
    from k8sops.engine.documents import document
    from k8sops.operations.data import plan_data

    plan = plan_data(found)
    fields = {"message": plan["summary"], "where": None, "host": None, "remedy": None, "exitCode": code}
    return document("Error", {**fields, "findings": plan["findings"], "unreachable": plan["unreachable"]})


def stop_here(found: Plan, output: o.Output, code: int, *, check: bool) -> bool:
    """Whether nothing is to be applied: it cannot be, or it is only to be shown. Said as JSON where that is asked for.

    Hosts that do not answer are left out, and the exit code says so in the end, as Ansible does.
    """
    impossible = bool(code) and not (code == UnreachableError.exit_code and found.fleet.facts)
    if output is o.Output.json and (impossible or check):
        from k8sops.operations.data import plan_data

        print_json(refused_document(found, code) if impossible else plan_data(found))
    return impossible or check


def exit_code(done: Done) -> int:
    """What a run came to, for scripts: the host that could not be reached counts before the one that failed."""
    if any(tally.unreachable for tally in done.tallies.values()):
        return UnreachableError.exit_code
    if any(failure.resource == "lock" for failure in done.failures):
        return LockedError.exit_code
    if done.failures or done.still:
        return HostError.exit_code
    return Cancelled.exit_code if done.interrupted else 0
