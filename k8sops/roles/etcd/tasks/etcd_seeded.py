"""PKI and etcd data of the backup on the first of the new hosts, before `kubeadm init`."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry, in_url
from k8sops.roles.etcd.restore import RestoreParameters, asks, decide_seed, encryption_file, restore_of, seed_findings
from k8sops.roles.etcd.restore_resources import backup_there
from k8sops.roles.etcd.seed import data_seeded, pki_seeded
from k8sops.roles.kubeadm.facts import founder
from k8sops.roles.protocols import cri_socket


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if founder(spec, fleet) != host.name:
        return
    told, folder = fleet.parameters, spec.settings.backup.folder
    restore = restore_of(fleet)
    backup = restore.backup
    encryption = encryption_file(spec)
    yield backup_there(backup, folder=folder, whence=told.get("whence", "another place"))
    yield pki_seeded(backup, folder=folder, more=[encryption] if encryption else [])
    yield data_seeded(
        restore.id,
        backup,
        folder=folder,
        name=host.name,
        peer=f"https://{in_url(host.address)}:2380",
        bump=restore.bump,
        version=spec.version,
        socket=cri_socket(spec, host),
    )


TASK = Task(
    name="etcd-seeded",
    title="PKI and etcd data of the backup on the first control plane",
    needs=("kubernetes-packages", "container-runtime"),
    resources=_resources,
    findings=seed_findings,
    parameters=RestoreParameters,
    asks=asks,
    decides=decide_seed,
)
