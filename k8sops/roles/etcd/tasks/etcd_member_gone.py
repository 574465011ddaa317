"""A dead etcd member removed, by its exact id."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.parameters import REQUIRED, TaskParameters, parameter
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.parameters import MemberId
from k8sops.roles.etcd.upkeep import member_gone


class Parameters(TaskParameters):
    member: MemberId = parameter(
        "the id of a member in hexadecimal, as `k8sops etcd status` shows it", "8e9e05c52164694d", REQUIRED
    )


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield member_gone(Parameters.read(fleet.parameters).member)


TASK = Task(name="etcd-member-gone", title="dead etcd member removed", resources=_resources, parameters=Parameters)
