"""A plan and a run as documents for programs: plain data, which goes to JSON as it is."""

from __future__ import annotations

from typing import Any

from k8sops.engine.documents import API_VERSION
from k8sops.engine.plan import Outcome, Plan, Seen, diff
from k8sops.engine.runner import Done
from k8sops.engine.summary import summary


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Plan",
        "summary": summary(plan),
        "cluster": plan.spec.cluster,
        "playbook": plan.playbook.name,
        "changes": [
            {
                "host": step.host,
                "executor": step.executor,
                "play": plan.playbook.plays[step.play].name,
                "task": step.task,
                "resource": step.resource.id,
                "outcome": plan.outcome(step).value,
                "risk": plan.risk(step),
                "because": list(plan.causes(step)),
                "diff": diff(step, plan.seen.get(step.key, Seen(Outcome.UNKNOWN))),
            }
            for step in plan.changes
        ],
        "findings": [{**vars(finding), "level": finding.level} for finding in plan.findings],
        "unreachable": dict(plan.unreachable),
    }


def done_data(done: Done, run: str) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "Run",
        "run": run,
        "hosts": {name: vars(tally) for name, tally in done.tallies.items()},
        "failures": [vars(failure) for failure in done.failures],
        "notConverged": [
            {"host": s.host, "executor": s.executor, "task": s.task, "resource": s.resource.id} for s in done.still
        ],
        "stoppedBefore": done.stopped_before,
    }
