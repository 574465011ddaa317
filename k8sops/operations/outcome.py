"""Exit codes: what a plan or a run came to, for scripts (errors.py has the table)."""

from __future__ import annotations

from k8sops.engine.plan import Plan
from k8sops.engine.runner import Done, Tally
from k8sops.engine.summary import none_reachable
from k8sops.errors import Cancelled, HostError, LockedError, PreflightError, UnreachableError

PENDING = 2
"""Exit code of `check`, and of `plan --detailed-exitcode`, when something would change."""


def obstacle(plan: Plan) -> int:
    """Why the plan cannot be applied, or not on every host; 0: it can be."""
    if none_reachable(plan):
        return UnreachableError.exit_code
    if plan.broken:
        return HostError.exit_code
    if plan.errors:
        return PreflightError.exit_code
    return UnreachableError.exit_code if plan.unreachable else 0


def is_impossible(plan: Plan) -> bool:
    """Whether nothing of the plan can be applied.

    Hosts that could not be reached are left out, and the exit code says so in the end, as Ansible does.
    """
    code = obstacle(plan)
    return bool(code) and not (code == UnreachableError.exit_code and plan.fleet.facts)


def unchanged(plan: Plan) -> Done:
    """The outcome where the plan has no changes."""
    tallies = {name: Tally() for name in plan.fleet.facts}
    return Done(tallies | {name: Tally(unreachable=1) for name in plan.unreachable}, fleet=plan.fleet)


def succeeded(done: Done) -> bool:
    """Whether everything that was begun is done, on every host that was reached."""
    return not (done.failures or done.still or done.interrupted)


def exit_code(done: Done) -> int:
    """What a run came to: a host that could not be reached counts before one that failed."""
    if any(tally.unreachable for tally in done.tallies.values()):
        return UnreachableError.exit_code
    if any(failure.resource == "lock" for failure in done.failures):
        return LockedError.exit_code
    if done.failures or done.still:
        return HostError.exit_code
    return Cancelled.exit_code if done.interrupted else 0
