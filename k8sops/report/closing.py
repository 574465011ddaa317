"""The last lines of `apply`: whether the cluster is ready, how long it took, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from k8sops.engine.plan import Filters, Outcome, Plan, Seen
from k8sops.engine.runner import Done
from k8sops.engine.summary import count
from k8sops.operations.kubeconfig import context_name

MEANINGS = {"~": "will change", "?": "depends on an earlier change", "!": "could not be checked"}
READY = "gate:nodes-ready"


def legend(used: Iterable[str]) -> str:
    """What the signs of a plan mean, those that it uses: `~ will change   ? depends on an earlier change`."""
    signs = set(used)
    return "   ".join(f"{sign} {meaning}" for sign, meaning in MEANINGS.items() if sign in signs)


def duration(seconds: float) -> str:
    """`42 s`, `2 min 05 s`, `1 h 04 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def is_ready(plan: Plan, done: Done) -> bool:
    """Whether all of the cluster is as the inventory wants it, and every node was seen Ready after the last change.

    False after a run that was limited to a part of it, or with an unreachable host.
    """
    narrowed = plan.filters != Filters(parameters=plan.filters.parameters)
    incomplete = done.failures or done.still or done.interrupted or done.stopped_before or plan.unreachable
    if narrowed or incomplete or plan.pending or {host.name for host in plan.spec.hosts} - done.fleet.facts.keys():
        return False
    gates = [step for step in plan.steps if step.resource.id == READY]
    # A run with changes looks again at everything at its end, and what is not met then is among done.still.
    met = all(plan.seen.get(step.key, Seen(Outcome.UNKNOWN)).outcome is Outcome.HOLDS for step in gates)
    return bool(gates) and (met or done.changed > 0)


def closing(plan: Plan, done: Done, seconds: float, run: str) -> Iterator[str]:
    """The lines, the first of which is the outcome."""
    took = duration(seconds)
    if is_ready(plan, done):
        nodes, context = count(len(plan.spec.hosts), "node"), context_name(plan.spec)
        yield f"Cluster {plan.spec.cluster} is ready: {nodes}, Kubernetes {plan.spec.version} ({took})"
        yield f"Next: k8sops verify; kubectl --context {context} get nodes"
    elif done.failures or done.still or done.stopped_before:
        failed = {failure.host for failure in done.failures} | {step.host for step in done.still}
        yield f"Failed on {count(len(failed), 'host')} after {took}"
    elif done.interrupted:
        yield f"Stopped after {took}"
    elif plan.changes:
        changed = sum(tally.changed for tally in done.tallies.values())
        yield f"Done: {count(changed, 'change')} ({took})"
    if plan.changes:
        yield f"Log of this run: k8sops runs show {run}"
