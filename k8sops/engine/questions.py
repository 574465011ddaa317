"""What the tasks of a playbook want to know, decide and find; each is asked of all of them here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from k8sops.engine.facts import Fleet, Probe
from k8sops.engine.findings import Finding
from k8sops.engine.parameters import TaskParameters
from k8sops.engine.plan import Filters, Key, Outcome, Seen
from k8sops.engine.playbook import Playbook
from k8sops.inventory.spec import ClusterSpec, HostEntry


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


def decisions(spec: ClusterSpec, playbook: Playbook, fleet: Fleet) -> Mapping[type, object]:
    """What tasks decide once for the whole run, from the facts at its beginning; by type."""
    return {type(value): value for task in playbook.tasks.values() for value in task.decides(spec, fleet)}


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
