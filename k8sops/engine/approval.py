"""What a run may disturb: what the approved plan showed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from k8sops.engine.plan import Plan, Step, is_prepared
from k8sops.engine.resource import Risk
from k8sops.inventory.patterns import DELEGATE

NOUNS: dict[Risk, str] = {"restart": "restart", "drain": "drain", "delete": "removal"}
AGAIN = "run the command again to see the new plan"


def withhold(plan: Plan, steps: Iterable[Step]) -> list[Step]:
    """The steps, where those are only checked whose risk the approved plan did not show.

    What drifts after the plan was approved, or is first seen when an earlier play has run, may need a restart that
    nobody has agreed to. The check still runs: where it passes, nothing is missing.
    """
    approved = {(_place(plan, step), plan.risk(step)) for step in plan.changes}
    allowed = [_withheld(plan, step) if _refused(plan, step, approved) else step for step in steps]
    return list(_only_prepared(plan, allowed))


def _only_prepared(plan: Plan, steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, where none changes a host without the transient states before it, such as a drain.

    Where the plan showed no change that they are for, they are left out, and what they are for is only checked.
    """
    unprepared: dict[tuple[int, str], str] = {}
    transient = {step.resource.id for step in steps if step.resource.transient}
    for step in steps:
        place = step.play, step.host
        if step.resource.transient and place not in plan.prepared:
            unprepared[place] = step.task
        elif place in unprepared and is_prepared(step, transient):
            why = f"needs `{unprepared[place]}` before it, which was not in the approved plan: {AGAIN}"
            yield _checked_only(step, why)
        else:
            yield step


def _refused(plan: Plan, step: Step, approved: set[tuple[Sequence[object], Risk]]) -> bool:
    risk = plan.risk(step)
    return risk != "file" and step.resource.apply is not None and (_place(plan, step), risk) not in approved


def _place(plan: Plan, step: Step) -> Sequence[object]:
    """Where the step belongs. Work on the cluster itself is the same work on whichever control plane it is done."""
    host = "" if plan.playbook.plays[step.play].hosts == DELEGATE else step.host
    return step.play, host, step.task, step.resource.id


def _withheld(plan: Plan, step: Step) -> Step:
    noun, where = NOUNS[plan.risk(step)], step.resource.about or step.host
    return _checked_only(step, f"needs a {noun} on {where} that was not in the approved plan: {AGAIN}")


def _checked_only(step: Step, why: str) -> Step:
    return replace(step, resource=replace(step.resource, apply=None, settle=0), withheld=why)
