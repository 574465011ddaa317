"""Asking: the facts of hosts, what every check says, and so the plan; two scripts a host, however many tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event
from typing import TypeVar

from k8sops import facts as facts_module
from k8sops.errors import HostError
from k8sops.facts import Fleet, HostFacts
from k8sops.host import Host
from k8sops.journal import Emit
from k8sops.patterns import EVERYONE, select
from k8sops.plan import (
    Filters,
    Outcome,
    Plan,
    Seen,
    Step,
    decisions,
    find,
    make_steps,
    probes_of,
    questions_of,
)
from k8sops.playbook import Playbook
from k8sops.shell import envelope, new_mark, parse_line, survey_script
from k8sops.spec import ClusterSpec

T = TypeVar("T")
Connect = Callable[[str], Host]
"""Gives the host of an inventory name; the connection itself is made by the first `run`."""


API_SECONDS, PAUSE = 180, 2.0
"""For how long after the start of kubelet an API server may be on its way up, and between two looks at it."""


@dataclass(frozen=True)
class Session:
    """What a run works with: how hosts are reached, how many at once, where events go."""

    connect: Connect
    emit: Emit
    forks: int = 20
    who: str = "k8sops"
    stop: Event = field(default_factory=Event)
    """Set when the run is to end: what runs on a host is finished, nothing more is begun."""
    held: Callable[[], bool] = lambda: True
    """Whether the cluster's lock is ours still; where it is not, nothing more is sent to any host."""

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


def gather(session: Session, spec: ClusterSpec, playbook: Playbook, filters: Filters) -> tuple[Fleet, dict[str, str]]:
    """The facts of the hosts that the run is about, and of all control planes; and why others did not answer."""
    limited = {host.name for host in select(spec, filters.limit)}
    everyone = any(play.hosts == EVERYONE for play in playbook.plays)
    asked = [host for host in spec.hosts if everyone or host.name in limited or host in spec.control_planes]
    probes = {host.name: probes_of(spec, playbook, host) for host in asked}
    # As many as are asked at once share this machine, and may share theirs.
    width = min(session.forks, len(asked))
    more = {host.name: questions_of(spec, playbook, host, filters) for host in asked}

    def ask(name: str) -> HostFacts:
        mark = new_mark()
        lines: list[str] = []
        arrived: list[float] = []

        def take(line: str) -> None:
            lines.append(line)
            if line.startswith("now="):
                arrived.append(time.time())

        questions = [facts_module.script(spec), facts_module.probing(probes[name]), more[name]]
        script = envelope(mark, ["mark facts", *questions])
        before = time.time()
        host = session.connect(name)
        result = host.run(script, timeout=60 + width, on_line=take)
        if not result.ok:
            raise HostError(name, f"its facts could not be asked (exit code {result.code}): {tail(result.err)}")
        found = HostFacts.parse(_after_facts(mark, lines), between=(before, (arrived or [time.time()])[-1]))
        session.emit({"type": "facts", "host": name, "seconds": round(result.seconds, 3)})
        return found

    answers = session.each([host.name for host in asked], ask)
    silent = {name: str(answer) for name, answer in answers.items() if isinstance(answer, HostError)}
    for name, why in silent.items():
        session.emit({"type": "unreachable", "host": name, "why": why})
    known = {name: answer for name, answer in answers.items() if isinstance(answer, HostFacts)}
    # A control plane that the run is not about was asked for what it knows; that it is silent is no failure of the run.
    silent = {name: why for name, why in silent.items() if name in limited}
    fleet = Fleet(known, frozenset(limited), filters.parameters)
    return replace(fleet, parameters={**filters.parameters, **decisions(spec, playbook, fleet)}), silent


def gather_when_up(
    session: Session, spec: ClusterSpec, playbook: Playbook, filters: Filters
) -> tuple[Fleet, dict[str, str]]:
    """As `gather`, once API servers that are on their way up are there: after a reboot they take their time.

    One whose kubelet has been at it for longer than API_SECONDS is not waited for, it is down. Where kubelet is
    about to start, the age of the host counts; where it is stopped, nothing is waited for.
    """
    since, told = time.monotonic(), ""
    while True:
        fleet, silent = gather(session, spec, playbook, filters)
        coming = [name for name, one in fleet.facts.items() if one.initialised and _is_coming(one)]
        if not coming or time.monotonic() - since > API_SECONDS or session.stop.wait(PAUSE if told else 0):
            return fleet, silent
        if coming[0] != told:
            told = coming[0]
            what = f"its API server, for up to {API_SECONDS} s: up for {fleet[told].starting} s"
            session.emit({"type": "waiting", "host": told, "for": what})


def _is_coming(facts: HostFacts) -> bool:
    return not facts.api and facts.starting is not None and facts.starting < API_SECONDS


def survey(session: Session, steps: Sequence[Step], known: Iterable[str]) -> dict[tuple[int, str, str, str], Seen]:
    """What each step's check says now; one script a host."""
    by_host = group(steps)
    width = min(session.forks, len(by_host))

    def ask(name: str) -> dict[tuple[int, str, str, str], Seen]:
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
    found: dict[tuple[int, str, str, str], Seen] = {}
    for name, answer in answers.items():
        if isinstance(answer, HostError):
            found |= {step.key: Seen(Outcome.BROKEN, said=(answer.what,)) for step in by_host[name]}
        else:
            found |= answer
    return found


def _at_check(error: HostError, steps: Sequence[Step], mark: str, lines: Iterable[str]) -> HostError:
    """The error, with the check that was under way when it came."""
    markers = [marker for line in lines if (marker := parse_line(mark, line)) and marker.word == "begin"]
    if markers:
        at = steps[markers[-1].index]
        error.what += f" (it was at the check of {at.task} / {at.resource.id})"
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


def make_plan(
    session: Session, spec: ClusterSpec, playbook: Playbook, filters: Filters, waived: Iterable[str] = ()
) -> Plan:
    """Facts, then the survey: two scripts a host, however many tasks."""
    fleet, silent = gather_when_up(session, spec, playbook, filters)
    steps = make_steps(spec, playbook, fleet, filters)
    return Plan(
        spec=spec,
        playbook=playbook,
        fleet=fleet,
        filters=filters,
        steps=steps,
        seen=survey(session, steps, fleet.facts),
        findings=find(spec, playbook, fleet, waived),
        waived=frozenset(waived),
        unreachable=silent,
    )


def group(steps: Iterable[Step]) -> dict[str, list[Step]]:
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


def tail(text: str, lines: int = 5) -> str:
    return " / ".join(line for line in text.strip().splitlines()[-lines:]) or "it printed nothing"
