"""The backup present and undamaged on every control plane, before anything is stopped."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.restore import SPARE, RestoreParameters, asks, decide, findings, restore_of
from k8sops.roles.etcd.restore_resources import backup_there, restorable, under_way


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    one = restore_of(fleet)
    folder = spec.settings.backup.folder
    if host.name in one.members:
        yield backup_there(one.backup, folder=folder, whence=fleet.parameters.get("whence", "another control plane"))
        yield restorable(one.id, one.backup, folder=folder, spare=SPARE)
        yield under_way(one.note, one.id)


TASK = Task(
    name="etcd-restore-ready",
    title="backup and disk space checked on every control plane",
    resources=_resources,
    findings=findings,
    parameters=RestoreParameters,
    asks=asks,
    decides=decide,
)
