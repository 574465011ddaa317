"""The API server's encryption configuration on additional control planes of new hosts, before they join."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.restore import encryption_file
from k8sops.roles.etcd.restore_resources import backup_there
from k8sops.roles.etcd.seed import file_seeded
from k8sops.roles.kubeadm.facts import founder


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    path = encryption_file(spec)
    if not path or not host.is_control_plane or founder(spec, fleet) == host.name:
        return
    told, folder = fleet.parameters, spec.settings.backup.folder
    backup = told.get("backup", "")
    yield backup_there(backup, folder=folder, whence=told.get("whence", "another place"))
    yield file_seeded(path, backup, folder=folder)


TASK = Task(
    name="encryption-seeded",
    title="encryption configuration copied from the backup",
    needs=("etcd-seeded",),
    resources=_resources,
)
