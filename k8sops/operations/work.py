"""An operation under way: its inventory, playbook, journal and connections."""

from __future__ import annotations

import getpass
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from threading import Event as Flag
from threading import current_thread, main_thread
from typing import TYPE_CHECKING

from k8sops import __version__
from k8sops.engine.plan import Filters, Plan
from k8sops.engine.playbook import Playbook
from k8sops.engine.runsecrets import RunSecrets
from k8sops.engine.selection import check_filters, check_ignored
from k8sops.engine.session import Connect, Session
from k8sops.errors import Cancelled, HostError, K8sopsError
from k8sops.inventory.patterns import select
from k8sops.inventory.spec import ClusterSpec
from k8sops.operations.connections import connections
from k8sops.operations.inputs import load_named_playbook, load_spec
from k8sops.operations.request import Request
from k8sops.operations.view import View

if TYPE_CHECKING:
    from k8sops.engine.journal import Event, Journal
    from k8sops.engine.runner import Done


@dataclass
class Work:
    """What an operation works with."""

    request: Request
    spec: ClusterSpec
    playbook: Playbook
    journal: Journal
    view: View
    session: Session
    since: float

    def plan(self) -> Plan:
        """What would change, as the hosts are now."""
        from k8sops.engine.survey import make_plan

        with self.view.showing(f"looking at {len(self.spec.hosts)} hosts"):
            plan = make_plan(self.session, self.spec, self.playbook, self.request.filters, self.request.waived)
        self.journal.strike(secret for step in plan.steps for secret in step.resource.secrets)
        return plan

    def record(self, plan: Plan, *, runs: bool) -> None:
        """The journal has what the plan showed; of one that `runs`, the changes are recorded as they are made."""
        from k8sops.engine.summary import folded, summary

        for finding in plan.findings:
            self.session.emit({"type": "finding", **vars(finding), "level": finding.level})
        if not runs:
            changes = [
                {"resource": step.resource.id, "outcome": outcome.value, "hosts": hosts, "diff": lines}
                for step, outcome, lines, hosts in folded(plan)
            ]
            self.session.emit({"type": "plan", "summary": summary(plan), "changes": changes})

    def run(self, plan: Plan, first: Callable[[], None]) -> Done:
        """The plan, after `first`, carried out while no other run may change the cluster."""
        from k8sops.engine import lock
        from k8sops.engine.runner import run

        planes = [host.name for host in plan.spec.control_planes if host.name in plan.fleet.facts]
        with self.view.showing("acquiring the cluster lock"):
            owner = f"{self.session.who}, {self.playbook.name}, run {self.journal.run}"
            held = lock.wait_for(self.session.connect, planes, owner, self.request.wait, self.view.note)
        try:
            first()
            with self.view.showing(), _stopping(self.session.stop, self.view.note):
                done = run(replace(self.session, held=held.ours), plan)
                lost = not held.ours()
        finally:
            held.release()
        if lost:
            raise HostError(planes[0], "the cluster lock was lost; no step was started after that", remedy="run again")
        hidden = [replace(failure, lines=tuple(map(self.journal.struck, failure.lines))) for failure in done.failures]
        return replace(done, failures=tuple(hidden))

    def fail(self, why: object, code: int) -> None:
        """The journal has why the run ended before it was over."""
        self.session.emit({"type": "error", "what": str(why), "code": code})
        self.end(code)

    def end(self, code: int, done: Done | None = None) -> None:
        """The journal has how the run ended."""
        if done:
            self.session.emit({"type": "recap", "hosts": {name: vars(tally) for name, tally in done.tallies.items()}})
        self.session.emit({"type": "run.end", "code": code, "seconds": round(time.time() - self.since, 1)})


@contextmanager
def working(request: Request, view: View, connect: Connect | None = None) -> Iterator[Work]:
    """Inventory, playbook, journal and connections of one operation; all closed in the end.

    `connect`: the hosts by name; None: over SSH.
    """
    spec = load_spec(request.inventory)
    playbook = load_named_playbook(request.playbook, spec.folder)
    check_filters(spec, playbook, request.filters)
    check_ignored([*request.waived, *spec.preflight_ignore])
    with ExitStack() as stack:
        names, forks = _queried(spec, request.filters), request.forks
        if connect is None:
            ssh = connections(spec, password=request.password, dial=names, forks=forks)
            connect = stack.enter_context(ssh)
        # What the rest of the work needs is imported while logins are under way.
        from k8sops.engine.journal import Journal, state_dir

        secrets = RunSecrets()
        journal = Journal(state_dir() / "runs", secrets.all)
        stack.callback(journal.close)

        def emit(event: Event) -> None:
            view.event(journal.write(event))

        memory = state_dir() / "facts" / f"{spec.cluster}.{playbook.name}.json"
        session = Session(connect, emit, request.forks, who(), memory=memory, secrets=secrets)
        start = {"run": journal.run, "cluster": spec.cluster, "playbook": playbook.name, "who": who()}
        emit({"type": "run.start", **start, "inventory": str(request.inventory), "version": __version__})
        work = Work(request, spec, playbook, journal, view, session, time.time())
        with _recorded(work):
            yield work


@contextmanager
def _recorded(work: Work) -> Iterator[None]:
    """Where the operation is ended by an error, the journal has it."""
    try:
        yield
    except K8sopsError as error:
        work.fail(error, error.exit_code)
        raise
    except KeyboardInterrupt:
        work.fail("stopped by Ctrl-C", Cancelled.exit_code)
        raise
    except Exception as error:
        work.fail(f"a bug in k8sops: {type(error).__name__}: {error}", K8sopsError.exit_code)
        raise


def who() -> str:
    """Who runs this, for locks and journals."""
    return f"{getpass.getuser()}@{os.uname().nodename}"


def _queried(spec: ClusterSpec, filters: Filters) -> list[str]:
    """The hosts that facts are asked of, whatever the playbook."""
    return list(dict.fromkeys(host.name for host in (*spec.control_planes, *select(spec, filters.limit))))


@contextmanager
def _stopping(stop: Flag, say: Callable[[str], None]) -> Iterator[None]:
    """Ctrl-C once: what runs on hosts is finished, and no more is begun. Twice: this process ends.

    Only the main thread may set handlers of signals; a run in another thread is ended by its caller.
    """
    if current_thread() is not main_thread():
        yield
        return

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
