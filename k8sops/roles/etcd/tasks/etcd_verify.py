"""The restore drill of a backup, on the control plane that has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from k8sops.engine.facts import Fleet
from k8sops.engine.facts import Parameters as Given
from k8sops.engine.parameters import TaskParameters, parameter
from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.engine.task import Task
from k8sops.errors import InputError
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd.backup import Moment, check_name, newest_first, time_of
from k8sops.roles.etcd.backup_resources import verified
from k8sops.roles.etcd.parameters import BACKUP, BackupName


class Parameters(TaskParameters):
    backup: BackupName | Literal["latest"] = parameter(f"{BACKUP[0]}, or `latest`", "latest", "latest")


def _asks(spec: ClusterSpec, host: HostEntry, told: Given) -> str:
    if not host.is_control_plane:
        return ""
    return f"""for one in {quote(spec.settings.backup.folder)}/*.json; do
  [ -f "$one" ] || continue
  said=$(sed -n 's/^  "clusterId": "\\([0-9]*\\)",$/\\1/p; s/^  "revision": \\([0-9]*\\),$/\\1/p' "$one" | tr '\\n' ' ')
  fact more.backup "$said$(basename "$one" .json)"
done"""


def _found(spec: ClusterSpec, fleet: Fleet) -> Mapping[str, tuple[str, Moment]]:
    """Backups on control planes by name: (host, position)."""
    found = {}
    for host in spec.control_planes:
        for line in fleet[host.name].more.get("backup", ()):
            cluster_id, revision, name = line.split(" ") if line.count(" ") == 2 else ("", "", "")
            # Files with other names, or without a revision, are not manifests of ours.
            with suppress(ValueError, InputError):
                time_of(name)
                found[name] = (host.name, Moment(cluster_id, int(revision), name))
    return found


@dataclass(frozen=True)
class Drill:
    """Which backup is restored on which control plane; a drill since this time counts."""

    backup: str
    node: str
    since: str


def _decides(spec: ClusterSpec, fleet: Fleet) -> Iterator[Drill]:
    """The backup, the host that has it, and the present time there."""
    found = _found(spec, fleet)
    name = Parameters.read(fleet.parameters).backup
    if name == "latest":
        mine = [one for one in found if one.startswith(f"{spec.cluster}-2")]
        name = next(iter(newest_first(mine, lambda one: found[one][1])), "")
    if not name or check_name(name) not in found:
        what = f"no control plane has a backup {name}".rstrip()
        raise InputError(what, remedy="`k8sops etcd list` shows all backups; use `--from` for one that is elsewhere")
    node = found[name][0]
    yield Drill(name, node, f"{datetime.fromtimestamp(fleet[node].now, UTC):%Y-%m-%dT%H:%M:%SZ}")


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    drill = fleet.decided(Drill)
    if drill and host.name == drill.node:
        yield verified(spec, host, drill.backup, since=drill.since)


TASK = Task(
    name="etcd-verify",
    title="etcd backup verified by a restore drill",
    resources=_resources,
    parameters=Parameters,
    asks=_asks,
    decides=_decides,
)
