"""The cluster is brought to what the inventory says: from a playbook, or from a saved plan."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from k8sops.engine.plan import Filters, Plan
from k8sops.errors import UsageError
from k8sops.operations import context, savedplan
from k8sops.operations.operation import Operation
from k8sops.operations.request import Request
from k8sops.operations.savedplan import SavedPlan


def applying(request: Request) -> Operation:
    """A playbook carried out; afterwards the operator's kubeconfig has a context for the cluster."""
    return Operation(request, review=context.with_findings, after=context.write)


def applying_saved(saved: SavedPlan, request: Request) -> Operation:
    """A saved plan carried out, while it is what would be planned now. `request` tells how hosts are reached."""
    if request.filters != Filters() or request.waived:
        raise UsageError(
            "a saved plan cannot be narrowed",
            remedy="leave out --limit, --tags, --skip-tags, --pick, -e and --ignore-preflight-errors",
        )
    savedplan.refuse_other_inventory(saved)

    def review(plan: Plan) -> Plan:
        plan = context.with_findings(plan)
        savedplan.refuse_stale(saved, plan)
        return plan

    return replace(applying(saved.request(request)), review=review)


def risks_beyond(plan: Plan, allowed: Set[str]) -> list[str]:
    """What the plan disturbs beyond files and packages, and is not allowed by name."""
    return sorted(plan.risks.keys() - allowed - {"file"})
