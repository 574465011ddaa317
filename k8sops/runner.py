"""Facts, survey, plays: asks the hosts, plans, and runs a plan; every host's outcome counts, no first error wins."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from k8sops import facts as facts_module
from k8sops.errors import HostError, UnreachableError
from k8sops.facts import Fleet, HostFacts
from k8sops.host import Host
from k8sops.journal import Event
from k8sops.patterns import DELEGATE, select
from k8sops.plan import (
    Filters,
    Outcome,
    Plan,
    Seen,
    Step,
    find,
    hosts_of,
    make_steps,
    play_steps,
    probes_of,
)
from k8sops.playbook import Play, Playbook
from k8sops.shell import Marker, converge_script, envelope, new_mark, parse_line, survey_script
from k8sops.spec import ClusterSpec

T = TypeVar("T")
Emit = Callable[[Event], None]
Connect = Callable[[str], Host]
"""Gives the host of an inventory name; the connection itself is made by the first `run`."""

KEPT_LINES = 20


@dataclass(frozen=True)
class Session:
    """What a run works with: how hosts are reached, how many at once, where events go."""

    connect: Connect
    emit: Emit
    forks: int = 20
    who: str = "k8sops"

    def each(self, names: Sequence[str], work: Callable[[str], T]) -> dict[str, T | HostError]:
        """`work` on every host, `forks` at a time; an error of a host is its outcome, not the end of the others."""

        def one(name: str) -> T | HostError:
            try:
                return work(name)
            except HostError as error:
                return error

        if not names:
            return {}
        with ThreadPoolExecutor(max_workers=min(self.forks, len(names))) as pool:
            return dict(zip(names, pool.map(one, names), strict=True))


# --- asking --------------------------------------------------------------------------------------------------------


def gather(session: Session, spec: ClusterSpec, playbook: Playbook, filters: Filters) -> tuple[Fleet, dict[str, str]]:
    """The facts of the hosts that the run is about, and of all control planes; and why others did not answer."""
    limited = {host.name for host in select(spec, filters.limit)}
    asked = [host for host in spec.hosts if host.name in limited or host in spec.control_planes]
    probes = {host.name: probes_of(spec, playbook, host) for host in asked}

    def ask(name: str) -> HostFacts:
        mark = new_mark()
        lines: list[str] = []
        script = envelope(mark, ["mark facts", facts_module.SCRIPT, facts_module.probing(probes[name])])
        before = time.time()
        host = session.connect(name)
        result = host.run(script, timeout=60, on_line=lines.append)
        if not result.ok:
            raise HostError(name, f"its facts could not be asked (exit code {result.code}): {_tail(result.err)}")
        middle = before if result.seconds == 0 else time.time() - result.seconds / 2
        found = HostFacts.parse(_after_facts(mark, lines), asked_at=middle)
        session.emit({"type": "facts", "host": name, "seconds": round(result.seconds, 3)})
        return found

    answers = session.each([host.name for host in asked], ask)
    silent = {name: str(answer) for name, answer in answers.items() if isinstance(answer, HostError)}
    for name, why in silent.items():
        session.emit({"type": "unreachable", "host": name, "why": why})
    known = {name: answer for name, answer in answers.items() if isinstance(answer, HostFacts)}
    return Fleet(known, frozenset(limited)), silent


def survey(session: Session, steps: Sequence[Step], known: Iterable[str]) -> dict[tuple[int, str, str, str], Seen]:
    """What each step's check says now; one script a host."""
    by_host = _group(steps)

    def ask(name: str) -> dict[tuple[int, str, str, str], Seen]:
        mine = by_host[name]
        mark = new_mark()
        lines: list[str] = []
        script = survey_script(mark, [step.resource.fragment for step in mine])
        result = session.connect(name).run(script, timeout=120 + len(mine), on_line=lines.append)
        seen = read_survey(mark, lines)
        if not result.ok or len(seen) < len(mine):
            raise HostError(name, f"the survey ended early (exit code {result.code}): {_tail(result.err)}")
        return {step.key: seen[index] for index, step in enumerate(mine)}

    answers = session.each([name for name in by_host if name in set(known)], ask)
    found: dict[tuple[int, str, str, str], Seen] = {}
    for name, answer in answers.items():
        if isinstance(answer, HostError):
            found |= {step.key: Seen(Outcome.BROKEN, said=(answer.what,)) for step in by_host[name]}
        else:
            found |= answer
    return found


def read_survey(mark: str, lines: Iterable[str]) -> dict[int, Seen]:
    """The survey's output by index of the check."""
    seen: dict[int, Seen] = {}
    was: str | None = None
    said: list[str] = []
    for line in lines:
        marker = parse_line(mark, line)
        if marker is None:
            said.append(line)
        elif marker.word == "begin":
            was, said = None, []
        elif marker.word == "was":
            was = marker.text()
        elif marker.word == "checked":
            code = int(marker.args[1])
            seen[marker.index] = Seen(Outcome.of(code), was, _kept(said), code)
    return seen


def make_plan(
    session: Session, spec: ClusterSpec, playbook: Playbook, filters: Filters, waived: Iterable[str] = ()
) -> Plan:
    """Facts, then the survey: two scripts a host, however many tasks."""
    fleet, silent = gather(session, spec, playbook, filters)
    steps = make_steps(spec, playbook, fleet, filters)
    return Plan(
        spec=spec,
        playbook=playbook,
        fleet=fleet,
        filters=filters,
        steps=steps,
        seen=survey(session, steps, fleet.facts),
        findings=find(spec, playbook, fleet, waived),
        unreachable=silent,
    )


# --- running -------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """One host's line in the recap."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0


@dataclass(frozen=True)
class Failure:
    """A step that failed: where, what it was, what was run, what it printed last."""

    host: str
    task: str
    resource: str
    why: str
    lines: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True)
class Done:
    """How a run went."""

    tallies: Mapping[str, Tally]
    failures: tuple[Failure, ...] = ()
    still: tuple[Step, ...] = ()
    """Steps that drift although the run is over."""
    stopped_before: str = ""
    """The play that was not started, because too many hosts had failed."""
    fleet: Fleet = field(default_factory=lambda: Fleet({}))

    @property
    def changed(self) -> int:
        return sum(tally.changed for tally in self.tallies.values())


@dataclass
class _Progress:
    """What a run knows while it goes on."""

    plan: Plan
    fleet: Fleet
    tallies: dict[str, Tally]
    failures: list[Failure] = field(default_factory=list)

    def out(self, name: str) -> bool:
        tally = self.tallies.setdefault(name, Tally())
        return bool(tally.failed or tally.unreachable)


def run(session: Session, plan: Plan) -> Done:
    """The plan's drift is gone, or it is said by name what is left.

    A host that fails leaves the run; the others go on to the play's end. The next play starts only while the share
    of failed hosts is within `max_fail_percentage`; plays marked `always` start in any case.
    """
    tallies = {host.name: Tally() for host in plan.spec.hosts if host.name in plan.fleet.facts}
    for name in plan.unreachable:
        tallies[name] = Tally(unreachable=1)
    progress = _Progress(plan, plan.fleet, tallies)
    stopped = ""
    for index, play in enumerate(plan.playbook.plays):
        if stopped and not play.always:
            continue
        _run_play(session, progress, index, play)
        if not stopped and _too_many(progress, play, index):
            later = plan.playbook.plays[index + 1 :]
            stopped = next((one.name for one in later if not one.always), "")
    still = _survey_again(session, progress) if any(t.changed for t in tallies.values()) else ()
    return Done(tallies, tuple(progress.failures), still, stopped, progress.fleet)


def _run_play(session: Session, progress: _Progress, index: int, play: Play) -> None:
    plan = progress.plan
    due = {step.host for step in plan.changes if step.play == index}
    if play.hosts == DELEGATE and due:
        # The delegate is chosen anew: the one that was planned for may have died since.
        names = [host.name for host in hosts_of(plan.spec, play, progress.fleet, plan.filters)]
    else:
        names = [host.name for host in hosts_of(plan.spec, play, progress.fleet, plan.filters) if host.name in due]
    names = [name for name in names if name in progress.fleet.facts and not progress.out(name)]
    steps = _group(play_steps(plan.spec, plan.playbook, index, progress.fleet, plan.filters))
    names = [name for name in names if steps.get(name)]
    if not names:
        return
    session.emit({"type": "play.start", "play": play.name, "hosts": names})
    for batch in batches(names, play.serial):
        answers = session.each(batch, lambda name: _converge(session, name, steps[name]))
        for name, answer in answers.items():
            _note(session, progress, name, answer)
        if _too_many(progress, play, index):
            break
    session.emit({"type": "play.end", "play": play.name})


def batches(names: Sequence[str], serial: int | str | None) -> list[list[str]]:
    """Hosts in groups of `serial` (a number, or a percentage as text), in order; None: all at once."""
    if serial is None:
        size = len(names)
    elif isinstance(serial, str):
        size = max(1, len(names) * int(serial.rstrip("%")) // 100)
    else:
        size = serial
    return [list(names[at : at + size]) for at in range(0, len(names), size)]


def _too_many(progress: _Progress, play: Play, index: int) -> bool:
    hosts = hosts_of(progress.plan.spec, play, progress.fleet, progress.plan.filters)
    bad = sum(progress.out(host.name) for host in hosts)
    return bool(hosts) and bad * 100 > play.max_fail_percentage * len(hosts)


@dataclass
class _Ran:
    """What a play's script on one host came to."""

    ok: int = 0
    changed: int = 0
    failure: Failure | None = None
    unreachable: bool = False
    facts: HostFacts | None = None


def _note(session: Session, progress: _Progress, name: str, answer: _Ran | HostError) -> None:
    tally = progress.tallies[name]
    if isinstance(answer, HostError):
        answer = _Ran(failure=Failure(name, "", "", str(answer)), unreachable=isinstance(answer, UnreachableError))
    tally.ok += answer.ok
    tally.changed += answer.changed
    if answer.facts:
        known = {**progress.fleet.facts, name: answer.facts}
        progress.fleet = replace(progress.fleet, facts=known)
    if answer.failure:
        tally.unreachable += answer.unreachable
        tally.failed += not answer.unreachable
        progress.failures.append(answer.failure)
        session.emit({"type": "failed", "host": name, **vars(answer.failure)})


def _converge(session: Session, name: str, steps: Sequence[Step]) -> _Ran:
    """One script: every resource checked, applied on drift, checked again; then the facts."""
    mark, reader = new_mark(), _Reader(session.emit, name, steps)
    secrets = {secret.name: secret for step in steps for secret in step.resource.secrets}
    script = converge_script(
        mark,
        [step.resource.fragment for step in steps],
        who=session.who,
        facts=facts_module.SCRIPT,
        known=secrets.values(),
    )
    timeout = 60 + sum(step.resource.deadline + step.resource.settle for step in steps)
    before = time.time()
    try:
        result = session.connect(name).run(script, timeout=timeout, on_line=lambda line: reader.take(mark, line))
    except HostError as error:
        reader.lost(error)
        return reader.ran
    if reader.ran.failure is None and not reader.ended:
        reader.ran.failure = Failure(
            name, "", "", f"the script ended early (exit code {result.code})", (_tail(result.err),)
        )
    reader.ran.facts = HostFacts.parse(reader.facts, asked_at=time.time()) if reader.ended else None
    if reader.ran.facts:
        reader.ran.facts = replace(reader.ran.facts, skew=0.0 if time.time() < before else reader.ran.facts.skew)
    return reader.ran


class _Reader:
    """Turns a play script's output into events as it streams in, and into the host's outcome."""

    def __init__(self, emit: Emit, host: str, steps: Sequence[Step]) -> None:
        self.emit, self.host, self.steps = emit, host, steps
        self.ran, self.ended = _Ran(), False
        self.facts: list[str] = []
        self._said: list[str] = []
        self._at: Step | None = None
        self._since = 0.0
        self._in_facts = False

    def take(self, mark: str, line: str) -> None:
        marker = parse_line(mark, line)
        if marker is not None:
            self._marker(marker)
        elif self._in_facts:
            self.facts.append(line)
        elif self._at and line.strip():
            self._said.append(line)
            self.emit({"type": "output", "host": self.host, "resource": self._at.resource.id, "line": line})

    def _marker(self, marker: Marker) -> None:
        word = marker.word
        if word == "begin":
            self._at, self._said, self._since = self.steps[marker.index], [], time.time()
            self._tell("begin")
        elif word == "checked":
            self._checked(int(marker.args[1]))
        elif word in ("apply", "wait"):
            self._tell(word)
        elif word == "settled":
            self.ran.changed += self._at.resource.apply is not None if self._at else 0
            self.ran.ok += 1
            self._tell("changed" if self._at and self._at.resource.apply is not None else "holds")
        elif word == "failed":
            self._fail("failed", f"ended with exit code {marker.args[1]}")
        elif word == "unsettled":
            settle = self._at.resource.settle if self._at else 0
            self._fail("unsettled", f"does not hold {f'{settle:.0f} s ' if settle else ''}after it was applied")
        elif word == "locked":
            self.ran.failure = Failure(
                self.host, "", "lock", f"another run is at work on this host: {' '.join(marker.args)}"
            )
        elif word == "facts":
            self._in_facts = True
        elif word == "end":
            self.ended = True

    def _checked(self, code: int) -> None:
        outcome = Outcome.of(code)
        if outcome is Outcome.HOLDS:
            self.ran.ok += 1
            self._tell("holds")
        elif outcome is Outcome.UNKNOWN:
            self._fail("unknown", "could not be told")
        elif outcome is Outcome.BROKEN:
            self._fail("broken", f"its check failed with exit code {code}")

    def _tell(self, state: str) -> None:
        step = self._at
        assert step is not None
        seconds = round(time.time() - self._since, 3)
        self.emit(
            {
                "type": "step",
                "host": self.host,
                "task": step.task,
                "resource": step.resource.id,
                "state": state,
                "seconds": seconds,
            }
        )

    def _fail(self, state: str, why: str) -> None:
        step = self._at
        assert step is not None
        self._tell(state)
        command = step.resource.apply if state in ("failed", "unsettled") else step.resource.check
        self.ran.failure = Failure(
            self.host, step.task, step.resource.id, why, tuple(self._said[-KEPT_LINES:]), command or step.resource.check
        )

    def lost(self, error: HostError) -> None:
        task, resource = (self._at.task, self._at.resource.id) if self._at else ("", "")
        self.ran.unreachable = isinstance(error, UnreachableError)
        self.ran.failure = Failure(self.host, task, resource, str(error), tuple(self._said[-KEPT_LINES:]))


def _survey_again(session: Session, progress: _Progress) -> tuple[Step, ...]:
    """Steps that still drift, on the hosts that did not fail."""
    plan = progress.plan
    steps = [
        step
        for step in make_steps(plan.spec, plan.playbook, progress.fleet, plan.filters)
        if not progress.out(step.host)
    ]
    seen = survey(session, steps, progress.fleet.facts)
    return tuple(step for step in steps if seen.get(step.key, Seen(Outcome.UNKNOWN)).outcome is not Outcome.HOLDS)


def _group(steps: Iterable[Step]) -> dict[str, list[Step]]:
    by_host: dict[str, list[Step]] = {}
    for step in steps:
        by_host.setdefault(step.host, []).append(step)
    return by_host


def _after_facts(mark: str, lines: Sequence[str]) -> list[str]:
    for at, line in enumerate(lines):
        marker = parse_line(mark, line)
        if marker and marker.word == "facts":
            return list(lines[at + 1 :])
    return []


def _kept(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if line.strip())


def _tail(text: str, lines: int = 5) -> str:
    return " / ".join(line for line in text.strip().splitlines()[-lines:]) or "it printed nothing"
