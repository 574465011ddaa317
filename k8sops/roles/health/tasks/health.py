"""Problems of the living cluster reported with their causes; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from k8sops.engine.facts import Fleet
from k8sops.engine.findings import Finding
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.health import health


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield Resource(id="report:health", check=health.tell(), apply=None, asks=health.asks(spec))


def _reads(spec: ClusterSpec, host: HostEntry, fleet: Fleet, lines: Sequence[str]) -> Iterator[Finding]:
    planes = [one.name for one in spec.control_planes if fleet[one.name].initialised]
    for problem in health.problems(spec, health.parse(lines), planes):
        yield Finding(problem.node or host.name, problem.name, problem.what)


TASK = Task(name="health", title="cluster health checked", resources=_resources, reads=_reads)
