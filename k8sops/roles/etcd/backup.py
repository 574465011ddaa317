"""A backup of etcd as described by its manifest: the names and the content of its files."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from k8sops.errors import InputError
from k8sops.roles.etcd import library

STEM = re.compile(
    r"([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)-([0-9]{8}T[0-9]{6}Z)-([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)"
)
"""CLUSTER-YYYYMMDDTHHMMSSZ-NODE: the name of a backup, without file extensions."""
TIME = "%Y%m%dT%H%M%SZ"
PATIENCE = 7200
"""Time limit of a backup, a copy or a drill, in seconds."""


T = TypeVar("T")


class Moment(NamedTuple):
    """The position of a backup: cluster id of etcd, revision, and name (which includes the time)."""

    cluster_id: str
    revision: int
    name: str


@dataclass(frozen=True)
class Manifest:
    """A manifest. Sizes in bytes; `at` is the time in the name; hashes in hex; absent values are empty or None."""

    name: str
    cluster: str
    cluster_id: str
    node: str
    at: datetime
    revision: int
    size: int
    sha256: str
    tar_sha256: str
    etcd: str
    kubernetes: str
    ca_sha256: str
    system_uid: str
    encrypted_to: str | None
    drill: Mapping[str, Any] | None
    copies: tuple[str, ...]
    text: str

    @property
    def files(self) -> tuple[str, str, str]:
        """The snapshot, the tar and, always last, the manifest."""
        end = ".age" if self.encrypted_to else ""
        return f"{self.name}.db{end}", f"{self.name}.tar{end}", f"{self.name}.json"

    @property
    def moment(self) -> Moment:
        return Moment(self.cluster_id, self.revision, self.name)

    @property
    def verified(self) -> bool:
        """Whether its last drill passed."""
        return bool(self.drill and self.drill.get("ok"))

    @property
    def state(self) -> str:
        """The result of its drill, in a few words."""
        if not self.drill:
            return "not tried"
        return "passed" if self.verified else f"failed: {self.drill.get('why')}"


def check_name(name: str) -> str:
    """The name if it is valid, InputError otherwise. A valid name cannot lead to another directory."""
    if not STEM.fullmatch(name):
        raise InputError(f"invalid backup name `{name}`", remedy="`k8sops etcd list` shows all backups")
    return name


def stem(cluster: str, at: datetime, node: str) -> str:
    """The name of a backup started at this time."""
    return check_name(f"{cluster}-{at.astimezone(UTC).strftime(TIME)}-{node}")


def time_of(name: str) -> datetime:
    """The time in the name of a backup; ValueError if it is not a date."""
    match = STEM.fullmatch(check_name(name))
    assert match
    return datetime.strptime(match[2], TIME).replace(tzinfo=UTC)


def parse(text: str, *, source: str = "a manifest") -> Manifest:
    """The manifest in this text; InputError if it is invalid."""
    try:
        data = json.loads(text)
        if data["kind"] != "EtcdBackup" or not isinstance(data["size"], int):
            raise ValueError
        name = check_name(data["name"])
        return Manifest(
            name=name,
            cluster=data["cluster"],
            cluster_id=data.get("clusterId", ""),
            node=data["node"],
            at=time_of(name),
            revision=data["revision"],
            size=data["size"],
            sha256=data["sha256"],
            tar_sha256=data["tarSha256"],
            etcd=data["etcd"],
            kubernetes=data["kubernetes"],
            ca_sha256=data.get("caSha256", ""),
            system_uid=data.get("systemUid", ""),
            encrypted_to=data.get("encryptedTo"),
            drill=data.get("drill"),
            copies=tuple(data.get("copies", ())),
            text=text,
        )
    except (ValueError, KeyError, TypeError, InputError):
        raise InputError(f"{source} is not a valid backup manifest") from None


def newest_first(found: Iterable[T], moment: Callable[[T], Moment]) -> list[T]:
    """Backups ordered by the rule of retention on control planes (keep.sh), run by this machine's bash.

    One backup at several places keeps the order in which it came.
    """
    every = list(found)
    if len(every) < 2:
        return every
    lines = [f"{one.cluster_id or 0} {one.revision} {one.name} {at:09}" for at, one in enumerate(map(moment, every))]
    script = f"export LC_ALL=C\n{library('keep')}\nnewest_first"
    done = subprocess.run(["bash", "-c", script], input="\n".join(lines), capture_output=True, text=True, check=True)
    return [every[int(line.rpartition(" ")[2])] for line in done.stdout.splitlines()]


def newest(found: Iterable[Manifest]) -> Manifest | None:
    """The newest of these backups."""
    return next(iter(newest_first(found, lambda one: one.moment)), None)
