"""etcd history compacted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from k8sops.engine.facts import Fleet
from k8sops.engine.parameters import TaskParameters, parameter
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.upkeep import compacted

KEEP, LEAST = 1000, 100


class Parameters(TaskParameters):
    keep: Annotated[int, Field(ge=LEAST, le=10**9)] = parameter(
        f"a number of revisions, at least {LEAST}", "2000", KEEP
    )


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield compacted(Parameters.read(fleet.parameters).keep)


TASK = Task(name="etcd-compacted", title="etcd history compacted", resources=_resources, parameters=Parameters)
