"""A backup of etcd, taken on one control plane, and its copies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from k8sops.engine.facts import Fleet
from k8sops.engine.facts import Parameters as Given
from k8sops.engine.parameters import OrNone, SpaceSeparated, TaskParameters, parameter
from k8sops.engine.resource import Resource
from k8sops.engine.shell import Secret
from k8sops.engine.task import Task
from k8sops.inventory.forms import AgeRecipient, Place
from k8sops.inventory.references import resolve
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources import packaging
from k8sops.resources.packages import packages
from k8sops.roles.etcd.backup import check_name, stem
from k8sops.roles.etcd.backup_resources import copied, taken
from k8sops.roles.etcd.parameters import BACKUP, BackupName


class Parameters(TaskParameters):
    backup: BackupName | None = parameter(*BACKUP)
    to: Annotated[tuple[Place, ...], SpaceSeparated] | None = parameter(
        "places of copies, separated by spaces: s3://BUCKET/PREFIX or ssh://USER@HOST[:PORT]/FOLDER",
        "s3://backups/demo",
    )
    encrypt_to: Annotated[AgeRecipient | None, OrNone] = parameter("a recipient of age, age1 and 58 letters", "age1…")


def _copies(spec: ClusterSpec, parameters: Given) -> tuple[Sequence[str], str]:
    """Targets and recipient of copies: parameters of the run override the inventory."""
    given, backup = Parameters.read(parameters), spec.settings.backup
    recipient = given.encrypt_to if "encrypt_to" in parameters else backup.encrypt_to
    return backup.to if given.to is None else given.to, recipient or ""


def _needed(to: Sequence[str], recipient: str) -> dict[str, None]:
    """The packages that copies need."""
    to_s3 = any(place.startswith("s3://") for place in to)
    return dict.fromkeys([*(["age"] if recipient else []), *(["curl"] if to_s3 else [])])


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    new, backup = fleet.decided(NewBackup), spec.settings.backup
    if not new:
        return
    name = check_name(new.name)
    to, recipient = _copies(spec, fleet.parameters)
    needed = _needed(to, recipient)
    if needed:
        yield packages("backup", needed, effects=packaging.effects(fleet[host.name], "backup"))
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


def _asks(spec: ClusterSpec, host: HostEntry, given: Given) -> str:
    """Shell lines that simulate the installation of packages, on every host that may take the backup."""
    needed = _needed(*_copies(spec, given))
    return packaging.plan_question("backup", needed) if needed and host.is_control_plane else ""


@dataclass(frozen=True)
class NewBackup:
    """The backup that the run takes."""

    name: str


def _decides(spec: ClusterSpec, fleet: Fleet) -> Iterator[NewBackup]:
    """The name of the backup: the host that takes it, and the time of that host's clock."""
    node = fleet.delegate([one.name for one in spec.control_planes])
    now = datetime.fromtimestamp(fleet[node].now, UTC)
    yield NewBackup(fleet.parameters.get("backup") or stem(spec.cluster, now, node))


TASK = Task(
    name="etcd-backup",
    title="etcd backed up",
    resources=_resources,
    parameters=Parameters,
    asks=_asks,
    decides=_decides,
)
