"""A backup of etcd, taken on one control plane, and its copies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from k8sops.etcd.backup import stem
from k8sops.facts import Fleet, Parameters
from k8sops.reference import resolve
from k8sops.resource import Resource
from k8sops.resources.backup import copied, taken
from k8sops.resources.packages import packages
from k8sops.shell import Secret
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def places(spec: ClusterSpec, told: Parameters) -> list[str]:
    """Where copies go: `to`, else what the inventory says."""
    return told["to"].split() if "to" in told else list(spec.settings.backup.to)


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    told, backup = fleet.parameters, spec.settings.backup
    name = told["backup"]
    to, recipient = places(spec, told), told.get("encrypt_to", backup.encrypt_to or "")
    needed = [*(["age"] if recipient else []), *(["curl"] if any(one.startswith("s3://") for one in to) else [])]
    if needed:
        yield packages("backup", dict.fromkeys(needed))
    yield taken(spec, host, name)
    credentials = None
    if backup.s3.credentials and any(one.startswith("s3://") for one in to):
        credentials = Secret("s3_credentials", resolve(backup.s3.credentials))
    for one in to:
        yield copied(
            spec,
            host,
            name,
            one,
            encrypt_to=recipient,
            credentials=credentials if one.startswith("s3://") else None,
        )


def _decides(spec: ClusterSpec, fleet: Fleet) -> Parameters:
    """The name of the backup: where it is taken, and when, by that host's clock."""
    node = fleet.delegate([one.name for one in spec.control_planes])
    now = datetime.fromtimestamp(fleet[node].now, UTC)
    return {"backup": fleet.parameters.get("backup") or stem(spec.cluster, now, node)}


TASK = Task(
    name="etcd-backup",
    title="a backup of etcd",
    resources=_resources,
    parameters=("backup", "to", "encrypt_to"),
    decides=_decides,
)
