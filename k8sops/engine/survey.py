"""Asking: the facts of hosts, what every check says, and so the plan; however many tasks there are.

What is to be checked on a host depends on the facts of all. Where hosts are as they were when they were last asked,
that can be said beforehand, and facts and checks are one script; else the checks are a second one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from k8sops.engine import facts as facts_module
from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.memory import keep, recall
from k8sops.engine.plan import Filters, Key, Outcome, Plan, Seen, Step, make_steps
from k8sops.engine.playbook import Playbook
from k8sops.engine.questions import check_parameters, decisions, find, probes_of, questions_of
from k8sops.engine.selection import check_picks
from k8sops.engine.session import Session
from k8sops.engine.shell import new_mark, parse_line, survey_script
from k8sops.errors import HostError, K8sopsError, UnreachableError
from k8sops.inventory.patterns import EVERYONE, select
from k8sops.inventory.spec import ClusterSpec, HostEntry

API_SECONDS, PAUSE = 180, 2.0
"""For how long after the start of kubelet an API server may be on its way up, and between two looks at it."""


@dataclass(frozen=True)
class Guess:
    """What will be checked if hosts are as they were: the steps by host. Only a script is saved by it, never a look."""

    steps: Mapping[str, Sequence[Step]] = field(default_factory=dict)

    @classmethod
    def from_memory(
        cls, session: Session, spec: ClusterSpec, playbook: Playbook, filters: Filters, questions: Mapping[str, str]
    ) -> Guess:
        """Empty where nothing is remembered, and where what is remembered is refused by tasks."""
        lines = recall(session.memory, questions) if session.memory else {}
        if not lines:
            return cls()
        try:
            fleet = _fleet(
                session, spec, playbook, filters, {name: HostFacts.parse(mine) for name, mine in lines.items()}
            )
            return cls(group(make_steps(spec, playbook, fleet, filters)))
        except K8sopsError:
            return cls()

    def is_right(self, name: str, steps: Sequence[Step]) -> bool:
        return self.steps.get(name) == steps


@dataclass(frozen=True)
class Told:
    """What a host said at first: its facts, as lines too, and what it saw of the steps that were guessed."""

    facts: HostFacts
    lines: Sequence[str]
    seen: Mapping[Key, Seen]


@dataclass(frozen=True)
class Answers:
    """What hosts said at first, and why others did not."""

    fleet: Fleet
    silent: Mapping[str, str]
    told: Mapping[str, Told]


def make_plan(
    session: Session, spec: ClusterSpec, playbook: Playbook, filters: Filters, waived: Iterable[str] = ()
) -> Plan:
    """Facts, with the checks that were guessed; and those of the hosts of which something else is to be asked."""
    check_parameters(spec, playbook, filters)
    questions = _questions(spec, playbook, filters)
    guess = Guess.from_memory(session, spec, playbook, filters, questions)
    said = gather_when_up(session, spec, playbook, filters, questions, guess)
    check_picks(spec, playbook, said.fleet, filters, said.silent)
    steps = make_steps(spec, playbook, said.fleet, filters)
    wanted = group(steps)
    right = {name for name, told in said.told.items() if told.seen and guess.is_right(name, wanted.get(name, []))}
    seen = {key: one for name in right for key, one in said.told[name].seen.items()}
    seen |= survey(session, [step for step in steps if step.executor not in right], said.fleet.facts)
    return Plan(
        spec=spec,
        playbook=playbook,
        fleet=said.fleet,
        filters=filters,
        steps=steps,
        seen=seen,
        findings=find(spec, playbook, said.fleet, waived, seen),
        waived=frozenset(waived),
        unreachable=said.silent,
    )


def _questions(spec: ClusterSpec, playbook: Playbook, filters: Filters) -> dict[str, str]:
    """What is asked of each host at first, as shell lines."""
    return {
        host.name: "\n".join(
            [
                facts_module.script(spec),
                facts_module.probing(probes_of(spec, playbook, host)),
                *questions_of(spec, playbook, host, filters),
            ]
        )
        for host in _asked(spec, playbook, filters)
    }


def _asked(spec: ClusterSpec, playbook: Playbook, filters: Filters) -> list[HostEntry]:
    """The hosts that the run is about, and all control planes."""
    limited = _limited(spec, filters)
    everyone = any(play.hosts == EVERYONE for play in playbook.plays)
    return [host for host in spec.hosts if everyone or host.name in limited or host in spec.control_planes]


def _limited(spec: ClusterSpec, filters: Filters) -> frozenset[str]:
    return frozenset(host.name for host in select(spec, filters.limit))


def _fleet(
    session: Session, spec: ClusterSpec, playbook: Playbook, filters: Filters, facts: Mapping[str, HostFacts]
) -> Fleet:
    fleet = Fleet(facts, _limited(spec, filters), filters.parameters, session.secrets)
    return replace(fleet, decisions=decisions(spec, playbook, fleet))


def gather(
    session: Session,
    spec: ClusterSpec,
    playbook: Playbook,
    filters: Filters,
    questions: Mapping[str, str],
    guess: Guess,
) -> Answers:
    """What the hosts say that the run is about, and all control planes."""
    # As many as are asked at once share this machine, and may share theirs.
    width = min(session.forks, len(questions))

    def ask(name: str) -> Told:
        return _ask(session, name, questions[name], guess.steps.get(name, ()), width)

    answers = session.each(list(questions), ask)
    silent = {name: str(answer) for name, answer in answers.items() if isinstance(answer, HostError)}
    for name, why in silent.items():
        session.emit({"type": "unreachable", "host": name, "why": why})
    told = {name: answer for name, answer in answers.items() if isinstance(answer, Told)}
    if session.memory:
        keep(session.memory, questions, {name: one.lines for name, one in told.items()})
    fleet = _fleet(session, spec, playbook, filters, {name: one.facts for name, one in told.items()})
    # A control plane that the run is not about was asked for what it knows; that it is silent is no failure of the run.
    return Answers(fleet, {name: why for name, why in silent.items() if name in fleet.scope}, told)


def _ask(session: Session, name: str, questions: str, steps: Sequence[Step], width: int) -> Told:
    """A host's facts, and what it sees of these steps."""
    mark = new_mark()
    lines: list[str] = []
    arrived: list[float] = []

    def take(line: str) -> None:
        lines.append(line)
        if line.startswith("now="):
            arrived.append(time.time())

    script = survey_script(mark, [step.resource.fragment for step in steps], questions)
    seconds = 60 + width + (120 + len(steps) if steps else 0)
    before = time.time()
    failed: HostError | None = None
    try:
        result = session.connect(name).run(script, timeout=seconds, on_line=take)
        session.emit({"type": "facts", "host": name, "seconds": round(result.seconds, 3), "checks": len(steps)})
        if not result.ok:
            failed = HostError(name, f"the query ended early (exit code {result.code}): {tail(result.err)}")
    except HostError as error:
        failed = error
    told = _facts_in(mark, lines)
    if told is None or isinstance(failed, UnreachableError) or (failed and not steps):
        raise failed or HostError(name, "it returned no facts")
    facts = HostFacts.parse(told, between=(before, (arrived or [time.time()])[-1]))
    if failed:
        return Told(facts, told, broken(_at_check(failed, steps, mark, lines), steps))
    seen = read_survey(mark, lines)
    # Where some are missing, all are asked again, which says why.
    whole = len(seen) == len(steps)
    return Told(facts, told, {step.key: seen[at] for at, step in enumerate(steps)} if whole else {})


def gather_when_up(
    session: Session,
    spec: ClusterSpec,
    playbook: Playbook,
    filters: Filters,
    questions: Mapping[str, str],
    guess: Guess,
) -> Answers:
    """As `gather`, once API servers that are on their way up are there: after a reboot they take their time.

    One whose kubelet has been at it for longer than API_SECONDS is not waited for, it is down. Where kubelet is
    about to start, the age of the host counts; where it is stopped, nothing is waited for.
    """
    since, told = time.monotonic(), ""
    while True:
        said = gather(session, spec, playbook, filters, questions, guess)
        coming = [name for name, one in said.fleet.facts.items() if one.initialised and _is_coming(one)]
        if not coming or time.monotonic() - since > API_SECONDS or session.stop.wait(PAUSE if told else 0):
            return said
        if coming[0] != told:
            told = coming[0]
            what = f"its API server, for up to {API_SECONDS} s: up for {said.fleet[told].starting} s"
            session.emit({"type": "waiting", "host": told, "for": what})


def _is_coming(facts: HostFacts) -> bool:
    return not facts.api and facts.starting is not None and facts.starting < API_SECONDS


def survey(session: Session, steps: Sequence[Step], known: Iterable[str]) -> dict[Key, Seen]:
    """What each step's check says now; one script a host."""
    by_host = group(steps)
    width = min(session.forks, len(by_host))

    def ask(name: str) -> dict[Key, Seen]:
        mine = by_host[name]
        mark = new_mark()
        lines: list[str] = []
        script = survey_script(mark, [step.resource.fragment for step in mine])
        try:
            result = session.connect(name).run(script, timeout=120 + len(mine) + width, on_line=lines.append)
        except HostError as error:
            raise _at_check(error, mine, mark, lines) from None
        session.emit({"type": "survey", "host": name, "seconds": round(result.seconds, 3), "checks": len(mine)})
        seen = read_survey(mark, lines)
        if not result.ok or len(seen) < len(mine):
            raise HostError(name, f"the survey ended early (exit code {result.code}): {tail(result.err)}")
        return {step.key: seen[index] for index, step in enumerate(mine)}

    answers = session.each([name for name in by_host if name in set(known)], ask)
    found: dict[Key, Seen] = {}
    for name in by_host.keys() - answers.keys():
        found |= broken(HostError(name, f"{name} did not answer, on which this runs"), by_host[name])
    for name, answer in answers.items():
        if isinstance(answer, HostError):
            found |= broken(answer, by_host[name])
        else:
            found |= answer
    return found


def broken(error: HostError, steps: Iterable[Step]) -> dict[Key, Seen]:
    """What is known of steps whose checks came to no end."""
    return {step.key: Seen(Outcome.BROKEN, said=(error.what,)) for step in steps}


def _at_check(error: HostError, steps: Sequence[Step], mark: str, lines: Iterable[str]) -> HostError:
    """The error, with the check that was under way when it came."""
    markers = [marker for line in lines if (marker := parse_line(mark, line)) and marker.word == "begin"]
    if markers:
        at = steps[markers[-1].index]
        error.what += f" (during the check of {at.task} / {at.resource.id})"
    return error


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


def group(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """The steps by the host that they run on."""
    by_host: dict[str, list[Step]] = {}
    for step in steps:
        by_host.setdefault(step.executor, []).append(step)
    return by_host


def _facts_in(mark: str, lines: Sequence[str]) -> list[str] | None:
    """The facts among what a host printed; None where they did not come to their end."""
    found: list[str] | None = None
    for line in lines:
        marker = parse_line(mark, line)
        if marker and marker.word == "facts":
            found = []
        elif marker and found is not None:
            return found
        elif found is not None:
            found.append(line)
    return None


def _kept(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if line.strip())


def tail(text: str, lines: int = 5) -> str:
    return " / ".join(line for line in text.strip().splitlines()[-lines:]) or "no output"
