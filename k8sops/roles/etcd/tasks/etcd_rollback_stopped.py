"""etcd and API server stopped on control planes that have data from before the restore."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.parameters import HOSTS, REQUIRED, HostNames, TaskParameters, parameter
from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.parameters import RestoreId
from k8sops.roles.etcd.restore import asks, back_findings, decide, restore_of
from k8sops.roles.etcd.restore_resources import control_plane_stopped


class Parameters(TaskParameters):
    restore: RestoreId = parameter(
        "the id of a restore, the end of a name /var/lib/etcd/member-before-…", "20260102T030405Z", REQUIRED
    )
    without: HostNames = parameter(*HOSTS, default=())


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    one = restore_of(fleet)
    if host.name in one.members:
        yield control_plane_stopped(f"! goes_back {quote(one.id)}")


TASK = Task(
    name="etcd-rollback-stopped",
    title="etcd and API servers stopped",
    resources=_resources,
    findings=back_findings,
    parameters=Parameters,
    asks=asks,
    decides=decide,
)
