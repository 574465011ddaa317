"""Plays x hosts -> steps, and with what each check saw: the plan. Nothing here touches a host."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property

from k8sops.engine.facts import Fleet, Parameters, Probe
from k8sops.engine.findings import Finding
from k8sops.engine.parameters import TaskParameters
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
"""What tells a step from all others: the play's index, the host, the task, the resource."""


@dataclass(frozen=True)
class Step:
    """One resource of one task on one host, in the play of this index."""

    play: int
    host: str
    task: str
    resource: Resource
    withheld: str = ""
    """Why it is only checked, never applied, although it could be."""

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
        """What its check said; unknown, too, where it passes but something that it comes after will change."""
        seen = self.seen.get(step.key, Seen(Outcome.UNKNOWN))
        return Outcome.UNKNOWN if seen.outcome is Outcome.HOLDS and self.causes(step) else seen.outcome

    def causes(self, step: Step) -> tuple[str, ...]:
        """The ids of the changes because of which a step is due whose check passes now."""
        return self._causes.get(step.key, ())

    @cached_property
    def _causes(self) -> Mapping[Key, tuple[str, ...]]:
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
            if seen.outcome in (Outcome.DRIFT, Outcome.UNKNOWN) or causes.get(step.key):
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


def hosts_of(spec: ClusterSpec, play: Play, fleet: Fleet, filters: Filters) -> tuple[HostEntry, ...]:
    """The hosts that a play works on, in inventory order; work on the cluster itself is never limited away."""
    if play.hosts == DELEGATE:
        name = fleet.delegate([host.name for host in spec.control_planes])
        return tuple(host for host in spec.hosts if host.name == name)
    if play.hosts == EVERYONE:
        return spec.hosts
    limited = {host.name for host in select(spec, filters.limit)}
    return tuple(host for host in select(spec, play.hosts) if host.name in limited)


def play_steps(spec: ClusterSpec, playbook: Playbook, index: int, fleet: Fleet, filters: Filters) -> tuple[Step, ...]:
    """What one play asks of its hosts as they are known now."""
    play = playbook.plays[index]
    return tuple(
        Step(index, host.name, task.name, resource)
        for host in hosts_of(spec, play, fleet, filters)
        for task in play.tasks
        if filters.takes(play, task)
        for resource in task.resources(spec, host, fleet)
        if filters.picked(resource)
    )


def make_steps(spec: ClusterSpec, playbook: Playbook, fleet: Fleet, filters: Filters) -> tuple[Step, ...]:
    """What all plays ask, for hosts that answered."""
    steps = [step for index in range(len(playbook.plays)) for step in play_steps(spec, playbook, index, fleet, filters)]
    return tuple(step for step in steps if step.host in fleet.facts)


def find(
    spec: ClusterSpec,
    playbook: Playbook,
    fleet: Fleet,
    waived: Iterable[str] = (),
    seen: Mapping[Key, Seen] | None = None,
) -> tuple[Finding, ...]:
    """Everything that speaks against hosts or the cluster, less what was waived by name and can be.

    `seen`: what the survey saw; tasks may find something in it.
    """
    ignored = {name.lower() for name in [*spec.preflight_ignore, *waived]}
    found = [finding for task in playbook.tasks.values() for finding in task.findings(spec, fleet)]
    for (_, host, task, _), one in (seen or {}).items():
        if one.outcome is Outcome.HOLDS and one.said:
            found += playbook.tasks[task].reads(spec, spec.host(host), fleet, one.said)
    # Tasks may share a function of findings, so that a playbook without one of them is judged all the same.
    distinct = dict.fromkeys(found)
    return tuple(one for one in distinct if not one.kind.waivable or not ignored & {one.name.lower(), "all"})


def probes_of(spec: ClusterSpec, playbook: Playbook, host: HostEntry) -> Sequence[Probe]:
    return [probe for task in playbook.tasks.values() for probe in task.probes(spec, host)]


def questions_of(
    spec: ClusterSpec, playbook: Playbook, host: HostEntry, filters: Filters, *, again: bool = False
) -> Sequence[str]:
    """What tasks ask of a host beside the common facts, as shell lines; `again`: at the end of a play."""
    tasks = [task for task in playbook.tasks.values() if task.asks_again or not again]
    asked = (task.asks(spec, host, filters.parameters) for task in tasks)
    return [lines for lines in dict.fromkeys(asked) if lines]


def decisions(spec: ClusterSpec, playbook: Playbook, fleet: Fleet) -> Parameters:
    """What tasks decide once for the whole run, from the facts at its beginning."""
    found = [task.decides(spec, fleet) for task in playbook.tasks.values()]
    return {name: value for one in found for name, value in one.items()}


def parameters_of(playbook: Playbook) -> Mapping[str, type[TaskParameters]]:
    """The parameters that the tasks of a playbook know, by name: the model of each."""
    models = [task.parameters for task in playbook.tasks.values()]
    return {name: model for model in models for name in model.model_fields}


def check_parameters(spec: ClusterSpec, playbook: Playbook, filters: Filters) -> None:
    """InputError for a parameter that is invalid, or missing where a task needs it."""
    models = dict.fromkeys(task.parameters for task in playbook.tasks.values())
    hosts = frozenset(host.name for host in spec.hosts)
    for model in models:
        model.read(filters.parameters, hosts)


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
        lines = ["the line end at the end of the file differs"]
    return said + lines
