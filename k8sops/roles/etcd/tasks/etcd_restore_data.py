"""The same snapshot restored on every member."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.restore import restore_of
from k8sops.roles.etcd.restore_resources import data_restored


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    one = restore_of(fleet)
    if host.name in one.members:
        name, peer = one.members[host.name]
        yield data_restored(
            one.id,
            one.backup,
            folder=spec.settings.backup.folder,
            name=name,
            peer=peer,
            members=one.initial_cluster,
            bump=one.bump,
        )


TASK = Task(
    name="etcd-restore-data",
    title="snapshot restored on every member",
    needs=("etcd-restore-stopped",),
    resources=_resources,
)
