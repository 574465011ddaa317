"""A backup of etcd, taken on one control plane, and its copies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from k8sops.etcd.backup import check_name, stem
from k8sops.facts import Fleet
from k8sops.facts import Parameters as Decided
from k8sops.forms import AgeRecipient, Place
from k8sops.parameters import BACKUP, BackupName, OrNone, SpaceSeparated, TaskParameters, parameter
from k8sops.reference import resolve
from k8sops.resource import Resource
from k8sops.resources.backup import copied, taken
from k8sops.resources.packages import packages
from k8sops.shell import Secret
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


class Parameters(TaskParameters):
    backup: BackupName | None = parameter(*BACKUP)
    to: Annotated[tuple[Place, ...], SpaceSeparated] | None = parameter(
        "places of copies, separated by spaces: s3://BUCKET/PREFIX or ssh://USER@HOST[:PORT]/FOLDER",
        "s3://backups/demo",
    )
    encrypt_to: Annotated[AgeRecipient | None, OrNone] = parameter("a recipient of age, age1 and 58 letters", "age1…")


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    given, backup = Parameters.read(fleet.parameters), spec.settings.backup
    name = check_name(fleet.parameters["backup"])
    to = backup.to if given.to is None else given.to
    recipient = (given.encrypt_to if "encrypt_to" in fleet.parameters else backup.encrypt_to) or ""
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


def _decides(spec: ClusterSpec, fleet: Fleet) -> Decided:
    """The name of the backup: where it is taken, and when, by that host's clock."""
    node = fleet.delegate([one.name for one in spec.control_planes])
    now = datetime.fromtimestamp(fleet[node].now, UTC)
    return {"backup": fleet.parameters.get("backup") or stem(spec.cluster, now, node)}


TASK = Task(
    name="etcd-backup",
    title="a backup of etcd",
    resources=_resources,
    parameters=Parameters,
    decides=_decides,
)
