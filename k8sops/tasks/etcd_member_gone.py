"""A dead member has left etcd, by its exact id."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.parameters import REQUIRED, MemberId, TaskParameters, parameter
from k8sops.resource import Resource
from k8sops.resources.etcd import member_gone
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


class Parameters(TaskParameters):
    member: MemberId = parameter(
        "the id of a member in hexadecimal, as `k8sops etcd status` shows it", "8e9e05c52164694d", REQUIRED
    )


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield member_gone(Parameters.read(fleet.parameters).member)


TASK = Task(name="etcd-member-gone", title="the dead member is gone", resources=_resources, parameters=Parameters)
