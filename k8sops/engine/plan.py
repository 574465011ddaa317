"""Plays x hosts -> steps, and with what each check saw: the plan. Nothing here touches a host."""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property

from k8sops.engine.facts import Fleet, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.playbook import Play, Playbook
from k8sops.engine.resource import Resource, Risk
from k8sops.engine.task import Task
from k8sops.inventory.patterns import DELEGATE, EVERYONE, select
from k8sops.inventory.spec import ClusterSpec, HostEntry


class Outcome(StrEnum):
    """What a check said of a resource."""

    HOLDS = "holds"
    DRIFT = "drift"
    UNKNOWN = "unknown"
    BROKEN = "broken"

    @classmethod
    def of(cls, code: int) -> Outcome:
        return {0: cls.HOLDS, 10: cls.DRIFT, 11: cls.UNKNOWN}.get(code, cls.BROKEN)


@dataclass(frozen=True)
class Seen:
    """What a check saw: its outcome, the content there was (None: none, or not shown), what it printed."""

    outcome: Outcome
    was: str | None = None
    said: tuple[str, ...] = ()
    code: int = 0


Key = tuple[int, str, str, str]
"""What tells a step from all others: the play's index, the host that it is about, the task, the resource."""


@dataclass(frozen=True)
class Step:
    """One resource of one task for one host, in the play of this index."""

    play: int
    host: str
    """What it is about."""
    task: str
    resource: Resource
    withheld: str = ""
    """Why it is only checked, never applied, although it could be."""
    on: str = ""
    """Where it runs, if not on the host that it is about."""

    @property
    def executor(self) -> str:
        """The host that its check and apply run on."""
        return self.on or self.host

    @property
    def key(self) -> Key:
        return self.play, self.host, self.task, self.resource.id


@dataclass(frozen=True)
class Filters:
    """What a user narrowed the work to: `limit` and `tags` as Ansible knows them."""

    limit: str = "all"
    tags: frozenset[str] = frozenset()
    skip_tags: frozenset[str] = frozenset()
    picks: frozenset[str] = frozenset()
    """Resources by id, with `*` and `?`; none: all."""
    parameters: Parameters = field(default_factory=dict)
    """What the run is told beside the inventory: `-e NAME=VALUE`."""

    def picked(self, resource: Resource) -> bool:
        return not self.picks or any(fnmatchcase(resource.id, pick) for pick in self.picks)

    def takes(self, play: Play, task: Task) -> bool:
        tags = {task.name, *play.tags}
        return (not self.tags or bool(tags & self.tags)) and not tags & self.skip_tags


@dataclass(frozen=True)
class Plan:
    """What would be done: the steps in order, what each check saw, and what makes hosts unfit."""

    spec: ClusterSpec
    playbook: Playbook
    fleet: Fleet
    filters: Filters
    steps: tuple[Step, ...]
    seen: Mapping[Key, Seen] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    unreachable: Mapping[str, str] = field(default_factory=dict)
    waived: frozenset[str] = frozenset()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings because of which nothing is applied."""
        return tuple(finding for finding in self.findings if finding.level == "error")

    @property
    def pending(self) -> tuple[Finding, ...]:
        """Edits of the inventory that cannot be rolled out to the living cluster yet."""
        return tuple(finding for finding in self.findings if finding.level == "pending")

    def risk(self, step: Step) -> Risk:
        """What the step may disturb: a restart disturbs nobody on a host that is no node yet."""
        risk = step.resource.risk
        harmless = risk == "restart" and not self.fleet[step.host].joined and not step.resource.in_use
        return "file" if harmless else risk

    @property
    def risks(self) -> Mapping[Risk, list[str]]:
        """The hosts that changes of each risk would touch."""
        found: dict[Risk, list[str]] = {}
        for step in self.changes:
            if step.resource.apply is not None:
                found.setdefault(self.risk(step), []).append(step.resource.about or step.host)
        return found

    def outcome(self, step: Step) -> Outcome:
        """What its check said; unknown, too, where it passes but something that it comes after will change.

        A transient state for which nothing is due holds.
        """
        seen = self.seen.get(step.key, Seen(Outcome.UNKNOWN))
        if step.key in self._idle and seen.outcome is not Outcome.BROKEN:
            return Outcome.HOLDS
        return Outcome.UNKNOWN if seen.outcome is Outcome.HOLDS and self.causes(step) else seen.outcome

    def causes(self, step: Step) -> tuple[str, ...]:
        """The ids of the changes because of which a step is due whose check passes now."""
        return self._causes.get(step.key, ())

    @property
    def prepared(self) -> frozenset[tuple[int, str]]:
        """The plays and hosts with changes that transient states are brought about for."""
        transient = (step for step in self.steps if step.resource.transient)
        return frozenset((step.play, step.host) for step in transient if step.key not in self._idle)

    @cached_property
    def _idle(self) -> frozenset[Key]:
        """Transient steps behind which no change of the same host is due in their play."""
        transient = {step.key: step.resource.id for step in self.steps if step.resource.transient}
        causes, names = self._causes_without(transient), frozenset(transient.values())
        changing: set[tuple[int, str]] = set()
        idle: set[Key] = set()
        for step in reversed(self.steps):
            place, seen = (step.play, step.host), self.seen.get(step.key, Seen(Outcome.UNKNOWN))
            due = seen.outcome in (Outcome.DRIFT, Outcome.UNKNOWN) or causes.get(step.key)
            if step.resource.transient and place not in changing:
                idle.add(step.key)
            elif due and is_prepared(step, names):
                changing.add(place)
        return frozenset(idle)

    @cached_property
    def _causes(self) -> Mapping[Key, tuple[str, ...]]:
        return self._causes_without(self._idle)

    def _causes_without(self, idle: Container[Key]) -> Mapping[Key, tuple[str, ...]]:
        """The causes of each step, where these steps change nothing."""
        having: dict[str, set[str]] = {}
        changing: dict[str, set[str]] = {}
        causes: dict[Key, tuple[str, ...]] = {}
        for step in self.steps:
            id, seen = step.resource.id, self.seen.get(step.key, Seen(Outcome.UNKNOWN))
            everywhere = self.playbook.plays[step.play].hosts == DELEGATE
            if seen.outcome is Outcome.HOLDS:
                causes[step.key] = tuple(
                    cause
                    for cause in step.resource.after
                    if step.host in changing.get(cause, ())
                    or (changing.get(cause) and (everywhere or step.host not in having.get(cause, ())))
                )
            having.setdefault(id, set()).add(step.host)
            if step.key not in idle and (seen.outcome in (Outcome.DRIFT, Outcome.UNKNOWN) or causes.get(step.key)):
                changing.setdefault(id, set()).add(step.host)
        return causes

    @property
    def changes(self) -> tuple[Step, ...]:
        """Steps that do not hold, in order."""
        return tuple(step for step in self.steps if self.outcome(step) is not Outcome.HOLDS)

    @property
    def broken(self) -> tuple[Step, ...]:
        """Steps whose check failed, and those that cannot be told although nothing before them will change."""
        bad = []
        drifted = False
        for step in self.steps:
            outcome = self.outcome(step)
            if outcome is Outcome.BROKEN or (outcome is Outcome.UNKNOWN and not drifted):
                bad.append(step)
            drifted = drifted or outcome is Outcome.DRIFT
        return tuple(bad)


def is_prepared(step: Step, transient: Iterable[str]) -> bool:
    """Whether the step is a change that these transient states are brought about for: it neither is one nor takes one
    back."""
    resource = step.resource
    return resource.apply is not None and not resource.transient and not set(resource.after) & set(transient)


def hosts_of(spec: ClusterSpec, play: Play, fleet: Fleet, filters: Filters) -> tuple[HostEntry, ...]:
    """The hosts that a play works on, in inventory order; work on the cluster itself is never limited away."""
    if play.hosts == DELEGATE:
        name = fleet.delegate([host.name for host in spec.control_planes])
        return tuple(host for host in spec.hosts if host.name == name)
    if play.hosts == EVERYONE:
        return spec.hosts
    limited = {host.name for host in select(spec, filters.limit)}
    return tuple(host for host in select(spec, play.hosts) if host.name in limited)


def play_steps(
    spec: ClusterSpec, playbook: Playbook, index: int, fleet: Fleet, filters: Filters, failed: Container[str] = ()
) -> tuple[Step, ...]:
    """What one play asks of its hosts as they are known now; `failed`: hosts that run nothing for others any more."""
    play = playbook.plays[index]
    return tuple(
        Step(index, host.name, task.name, resource, on=_executor(spec, host, task, fleet, failed))
        for host in hosts_of(spec, play, fleet, filters)
        for task in play.tasks
        if filters.takes(play, task)
        for resource in task.resources(spec, host, fleet)
        if filters.picked(resource)
    )


def _executor(spec: ClusterSpec, host: HostEntry, task: Task, fleet: Fleet, failed: Container[str]) -> str:
    """Where a task about this host runs, if not there: a control plane that it does not disturb, where there is one."""
    if task.on != DELEGATE:
        return ""
    names = sorted((one.name for one in spec.control_planes), key=lambda name: (name in failed, name == host.name))
    sound = [name for name in names if name not in failed and fleet[name].api]
    return sound[0] if sound else fleet.delegate(names)


def make_steps(spec: ClusterSpec, playbook: Playbook, fleet: Fleet, filters: Filters) -> tuple[Step, ...]:
    """What all plays ask, for hosts that answered; what runs elsewhere stays in, whether that host answered or not."""
    steps = [step for index in range(len(playbook.plays)) for step in play_steps(spec, playbook, index, fleet, filters)]
    return tuple(step for step in steps if step.host in fleet.facts)


def diff(step: Step, seen: Seen) -> list[str]:
    """Lines that show what would change: a unified diff where there is content, else what the check printed."""
    said, want = list(seen.said), step.resource.want
    if want is None or seen.outcome is Outcome.HOLDS or (seen.was is None and said):
        return said
    if seen.was is None and "\n" not in want:
        return [want]
    before, after = (seen.was or "").splitlines(), want.splitlines()
    lines = list(
        difflib.unified_diff(before, after, "now" if seen.was is not None else "absent", "wanted", lineterm="")
    )
    if seen.was is not None and seen.was != want and not lines:
        lines = ["the newline at the end of the file differs"]
    return said + lines
