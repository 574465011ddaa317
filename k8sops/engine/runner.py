"""Running a plan: play by play, every host's outcome counts, no first error wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from threading import Event, Lock

from k8sops.engine import facts as facts_module
from k8sops.engine.approval import withhold
from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.plan import Outcome, Plan, Seen, Step, diff, hosts_of, make_steps, play_steps
from k8sops.engine.playbook import Play
from k8sops.engine.questions import questions_of
from k8sops.engine.session import Session
from k8sops.engine.shell import LOCK_SECONDS, converge_script, new_mark
from k8sops.engine.stream import Failure, Ran, Reader
from k8sops.engine.survey import group, survey, tail
from k8sops.errors import HostError, UnreachableError
from k8sops.inventory.patterns import DELEGATE


@dataclass
class Tally:
    """One host's line in the recap."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0


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
    interrupted: bool = False
    """Whether it ended early because it was told to."""

    @property
    def changed(self) -> int:
        return sum(tally.changed for tally in self.tallies.values())


@dataclass
class _Progress:
    """What a run knows while it goes on."""

    plan: Plan
    fleet: Fleet
    tallies: dict[str, Tally]
    locks: Mapping[str, Lock]
    """Scripts on one host run one after the other, whichever hosts they are about."""
    failures: list[Failure] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    """Hosts that a script was sent to since they were surveyed."""

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
    progress = _Progress(plan, plan.fleet, tallies, {host.name: Lock() for host in plan.spec.hosts})
    for step in plan.changes:
        lines = diff(step, plan.seen.get(step.key, Seen(Outcome.UNKNOWN)))
        session.emit(
            {
                "type": "planned",
                "host": step.host,
                "executor": step.executor,
                "resource": step.resource.id,
                "diff": lines,
            }
        )
    _when_idle(session, progress)
    if progress.failures:
        # Nothing, not even what is done always: it may take away what the work over there still needs.
        return Done(tallies, tuple(progress.failures), (), plan.playbook.plays[0].name, progress.fleet)
    stopped = ""
    for index, play in enumerate(plan.playbook.plays):
        if ((stopped or session.stop.is_set()) and not play.always) or not session.held():
            continue
        _run_play(session, progress, index, play)
        if not stopped and _too_many(progress, play):
            later = plan.playbook.plays[index + 1 :]
            stopped = next((one.name for one in later if not one.always), "")
    over = session.stop.is_set() or not session.held()
    again = not over and any(t.changed for t in tallies.values())
    still = _survey_again(session, progress) if again else ()
    return Done(tallies, tuple(progress.failures), still, stopped, progress.fleet, over)


def _when_idle(session: Session, progress: _Progress) -> None:
    """What earlier runs have begun on hosts has come to its end, or the failure says what has not.

    It is not enough that each script waits for those on its own host: a join that still runs on one host would be
    undone from another, where its member of etcd is taken for one that was left behind.
    """
    busy = [name for name, facts in progress.fleet.facts.items() if facts.busy]
    _converge_all(session, progress, busy, {}, session.stop)


def _run_play(session: Session, progress: _Progress, index: int, play: Play) -> None:
    plan = progress.plan
    due = {step.host for step in plan.changes if step.play == index}
    # The delegate is chosen anew: the one that was planned for may have died since.
    anyone = play.hosts == DELEGATE and bool(due)
    steps = _steps_of_play(progress, index)
    names = [
        name for name in steps if (anyone or name in due) and name in progress.fleet.facts and not progress.out(name)
    ]
    if not names:
        return
    number = {"number": index + 1, "of": len(plan.playbook.plays)}
    session.emit({"type": "play.start", "play": play.name, "hosts": names, **number})
    # What takes back a secret is done even by a run that was told to stop.
    stop = Event() if play.always else session.stop
    for batch in batches(names, play.serial):
        if stop.is_set() or not session.held():
            break
        if any(step.on for name in batch for step in steps[name]):
            # A control plane that works for others may have failed since.
            steps = _steps_of_play(progress, index)
        progress.touched.update(batch, (step.executor for name in batch for step in steps.get(name, ())))
        _converge_all(session, progress, batch, steps, stop)
        if _too_many(progress, play):
            break
    session.emit({"type": "play.end", "play": play.name})


def _steps_of_play(progress: _Progress, index: int) -> dict[str, list[Step]]:
    """The steps of a play by the host that they are about, as the facts of now have it."""
    plan, failed = progress.plan, [name for name in progress.plan.fleet.facts if progress.out(name)]
    steps = play_steps(plan.spec, plan.playbook, index, progress.fleet, plan.filters, failed)
    by_host: dict[str, list[Step]] = {}
    for step in withhold(plan, steps):
        by_host.setdefault(step.host, []).append(step)
    return by_host


def batches(names: Sequence[str], serial: int | str | None) -> list[list[str]]:
    """Hosts in groups of `serial` (a number, or a percentage as text), in order; None: all at once."""
    if serial is None:
        size = len(names)
    elif isinstance(serial, str):
        size = max(1, len(names) * int(serial.rstrip("%")) // 100)
    else:
        size = serial
    return [list(names[at : at + size]) for at in range(0, len(names), size)]


def _too_many(progress: _Progress, play: Play) -> bool:
    # A host that did not answer from the start is no part of the run; one that was lost on the way is.
    known = progress.plan.fleet.facts
    there = hosts_of(progress.plan.spec, play, progress.fleet, progress.plan.filters)
    hosts = [host for host in there if host.name in known]
    bad = sum(progress.out(host.name) for host in hosts)
    return bool(hosts) and bad * 100 > play.max_fail_percentage * len(hosts)


def _note(session: Session, progress: _Progress, name: str, answer: Ran | HostError) -> None:
    tally = progress.tallies[name]
    if isinstance(answer, HostError):
        answer = Ran(failure=Failure(name, "", "", str(answer)), unreachable=isinstance(answer, UnreachableError))
    tally.ok += answer.ok
    tally.changed += answer.changed
    if answer.failure:
        tally.unreachable += answer.unreachable
        tally.failed += not answer.unreachable
        progress.failures.append(answer.failure)
        session.emit({"type": "failed", "host": name, **vars(answer.failure)})


def _converge_all(
    session: Session, progress: _Progress, names: Sequence[str], steps: Mapping[str, Sequence[Step]], stop: Event
) -> None:
    """The steps of each of these hosts are run; what came of it, and the facts of now, are noted."""
    answers = session.each(names, lambda name: _converge(session, progress, name, steps.get(name, ()), stop))
    for name, answer in answers.items():
        _note(session, progress, name, answer)
    fresh = {name: facts for ran in answers.values() if isinstance(ran, Ran) for name, facts in ran.facts.items()}
    progress.fleet = replace(progress.fleet, facts={**progress.fleet.facts, **fresh})


def _converge(session: Session, progress: _Progress, name: str, steps: Sequence[Step], stop: Event) -> Ran:
    """The steps about a host in their order, one script for those in a row that run on the same host.

    The first failure ends them: what comes after a drain that failed is not begun.
    """
    total = Ran()
    for part in _in_a_row(steps) if steps else [()]:
        with progress.locks[part[0].executor if part else name]:
            total.add(_run_script(session, progress.plan, name, part, stop))
        if total.failure or total.stopped:
            break
    return total


def _in_a_row(steps: Iterable[Step]) -> Iterator[Sequence[Step]]:
    return (tuple(part) for _, part in groupby(steps, key=lambda step: step.executor))


def _run_script(session: Session, plan: Plan, name: str, steps: Sequence[Step], stop: Event) -> Ran:
    """One script: every resource checked, applied on drift, checked again; then the facts."""
    mark, reader = new_mark(), Reader(session.emit, name, steps)
    if not session.held():
        return Ran(stopped=True)
    secrets = {secret.name: secret for step in steps for secret in step.resource.secrets}
    asked = questions_of(plan.spec, plan.playbook, plan.spec.host(reader.executor), plan.filters, again=True)
    script = converge_script(
        mark,
        [step.resource.fragment for step in steps],
        who=session.who,
        facts="\n".join([facts_module.script(plan.spec), *asked]),
        known=secrets.values(),
    )
    timeout = 60 + LOCK_SECONDS + sum(step.resource.deadline + step.resource.settle for step in steps)
    try:
        host = session.connect(reader.executor)
        result = host.run(script, timeout=timeout, on_line=lambda line: reader.take(mark, line), stop=stop)
    except HostError as error:
        reader.lost(error)
        return reader.ran
    if reader.ran.failure is None and not reader.ended and not reader.ran.stopped:
        why = f"the script ended early (exit code {result.code})"
        reader.ran.failure = reader.failure("", why, (tail(result.err),))
    if reader.ended:
        reader.ran.facts[reader.executor] = HostFacts.parse(reader.facts)
    return reader.ran


def _survey_again(session: Session, progress: _Progress) -> tuple[Step, ...]:
    """Steps that still drift, on the hosts that did not fail.

    The answer of a host stands while neither it nor what is asked of it has changed.
    """
    plan = progress.plan
    steps = [
        step
        for step in make_steps(plan.spec, plan.playbook, progress.fleet, plan.filters)
        if not progress.out(step.host) and not step.resource.transient
    ]
    planned, wanted = group(step for step in plan.steps if not step.resource.transient), group(steps)
    stale = {name for name in wanted if name in progress.touched or planned.get(name) != wanted[name]}
    again = survey(session, [step for step in steps if step.executor in stale], progress.fleet.facts)
    seen = again | {
        step.key: plan.seen[step.key] for step in steps if step.executor not in stale and step.key in plan.seen
    }
    return tuple(step for step in steps if seen.get(step.key, Seen(Outcome.UNKNOWN)).outcome is not Outcome.HOLDS)
