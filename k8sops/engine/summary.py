"""The sentence that says what a plan comes to. It is true also where hosts are silent, checks failed, or a condition
is only waited for: "no changes" means that every host was looked at and everything on it is as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from k8sops.engine.plan import Outcome, Plan, Seen, Step, diff

LONGEST = 60
"""Letters of one condition in the sentence; the plan above it has the whole text."""


def count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def age(seconds: float) -> str:
    """A span of time, as kubectl says it."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(seconds)}s"


def fold(names: Sequence[str], most: int = 6) -> str:
    """`cp1, w1, w2`, or `17 hosts (cp1, w1, …)` where there are many."""
    return ", ".join(names) if len(names) <= most else f"{len(names)} hosts ({', '.join(names[:3])}, …)"


def folded(plan: Plan) -> list[tuple[Step, Outcome, list[str], list[str]]]:
    """Changes in order, those that are the same on several hosts as one: (step, outcome, diff lines, hosts).

    Where work for a host runs elsewhere, as in a rolling change, each host's steps stay together.
    """
    rolling = {step.play for step in plan.steps if step.on}
    broken = {step.key for step in plan.broken}
    groups: dict[tuple[Any, ...], tuple[Step, Outcome, list[str], list[str]]] = {}
    for step in plan.changes:
        seen = plan.seen.get(step.key, Seen(Outcome.UNKNOWN))
        outcome = Outcome.BROKEN if step.key in broken else plan.outcome(step)
        lines = diff(step, seen)
        alone = step.host if step.play in rolling else ""
        key = (step.play, alone, step.task, step.resource.id, outcome, tuple(lines))
        groups.setdefault(key, (step, outcome, lines, []))[3].append(step.host)
    return list(groups.values())


def none_reachable(plan: Plan) -> bool:
    """Whether no host that the run is about could be reached, and nothing is to be done elsewhere: a dead node is
    removed from the cluster by a control plane."""
    return bool(plan.unreachable) and not plan.fleet.there and not plan.changes


def conditions(plan: Plan) -> tuple[Step, ...]:
    """The gates that are not met: states that are waited for, and that no change of k8sops brings about."""
    broken = {step.key for step in plan.broken}
    return tuple(step for step in plan.changes if step.resource.apply is None and step.key not in broken)


def only_conditions(plan: Plan) -> bool:
    """Whether nothing would be changed, and something is waited for."""
    return bool(plan.changes) and len(conditions(plan)) == len(plan.changes)


def summary(plan: Plan) -> str:
    """`Plan: 12 changes on 3 hosts, 2 restarts (cp1, w1)`; `Plan: no changes` only where that is true of all hosts."""
    if none_reachable(plan):
        names = list(plan.unreachable)
        subject = f"{names[0]} could not" if len(names) == 1 else f"none of {len(names)} hosts could"
        return f"No plan: {subject} be reached"
    if plan.broken:
        hosts = fold(list(dict.fromkeys(step.host for step in plan.broken)))
        return f"No plan: {count(len(plan.broken), 'check')} failed on {hosts}{_silent(plan)}"
    changes = [step for step in plan.changes if step.resource.apply is not None]
    reservations = list(_reservations(plan, full=not changes))
    if not plan.steps:
        return "; but ".join([f"Nothing to check: {_selection(plan)}", *reservations]) + _silent(plan)
    if changes:
        return "; ".join([", ".join(_changes(plan, changes)), *reservations]) + _silent(plan)
    if reservations:
        return f"Nothing to change, but {'; '.join(reservations)}{_silent(plan)}"
    if plan.unreachable:
        return f"Plan: no changes on the hosts that could be reached{_silent(plan)}"
    return "Plan: no changes"


def _changes(plan: Plan, changes: Sequence[Step]) -> Iterable[str]:
    hosts = {step.host for step in changes}
    yield f"Plan: {count(len(changes), 'change')} on {count(len(hosts), 'host')}"
    for risk, names in plan.risks.items():
        if risk != "file":
            yield f"{count(len(names), risk)} ({fold(list(dict.fromkeys(names)))})"


def _reservations(plan: Plan, *, full: bool) -> Iterable[str]:
    """What else is to be said; `full`: what is waited for is no consequence of a change, so it is named."""
    if plan.errors:
        names = ", ".join(sorted({finding.name for finding in plan.errors}))
        yield f"preflight failed ({names})"
    if plan.pending:
        # One edit may be found on many hosts, in the same words.
        edits = {(finding.name, finding.what) for finding in plan.pending}
        yield f"{count(len(edits), 'edit')} cannot be rolled out yet"
    unmet = conditions(plan)
    if unmet and full:
        verb = "condition is" if len(unmet) == 1 else "conditions are"
        yield f"{len(unmet)} {verb} not met: {', '.join(dict.fromkeys(_condition(plan, step) for step in unmet))}"


def _condition(plan: Plan, step: Step) -> str:
    """What the check of a gate printed, without the reasons: `w1 NotReady, kube-flannel-ds 2/3 available`."""
    printed = plan.seen.get(step.key, Seen(Outcome.UNKNOWN)).said
    text = ", ".join(line.partition(": ")[0].partition(", ")[0] for line in printed) or step.resource.id
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"


def _silent(plan: Plan) -> str:
    return f"; {fold(list(plan.unreachable))} could not be reached" if plan.unreachable else ""


def _selection(plan: Plan) -> str:
    """What was selected, where nothing comes of it: a task may have nothing to do on these hosts."""
    filters = plan.filters
    given: Mapping[str, str] = {
        "--limit": "" if filters.limit == "all" else filters.limit,
        "--tags": ",".join(sorted(filters.tags)),
        "--skip-tags": ",".join(sorted(filters.skip_tags)),
    }
    words = ", ".join(f"{option} {value}" for option, value in given.items() if value)
    return f"no resource is selected by {words or f'playbook {plan.playbook.name}'}"
