"""Parameters of a restore of etcd, decided once at its beginning from facts of the control planes."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import AfterValidator

from k8sops.engine.facts import Fleet, HostFacts, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.parameters import HOSTS, REQUIRED, HostNames, OrNone, TaskParameters, parameter
from k8sops.engine.shell import quote
from k8sops.errors import HostError, InputError
from k8sops.inventory.forms import Line
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd import library
from k8sops.roles.etcd.backup import STEM, Manifest, parse
from k8sops.roles.etcd.parameters import BACKUP, BackupName

ID = re.compile(r"\d{8}T\d{6}Z")
MEMBER = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._]{0,252} https?://[-A-Za-z0-9.:\[\]]+")
"""Name and peer URL of an etcd member."""
BUMPS = {(3, 4): 27, (3, 5): 10}
"""First patch of these minors whose restore can keep revisions from going back (etcd-io/etcd pull 16194)."""
SPARE = 192 << 20
"""Bytes required in addition to the snapshot: etcd preallocates 64 MiB for its log, and keeps writing."""


def _manifest_text(text: str) -> str:
    try:
        return parse(text).text if text else ""
    except InputError as error:
        raise ValueError(error.what) from None


class RestoreParameters(TaskParameters):
    backup: BackupName = parameter(*BACKUP, default=REQUIRED)
    without: HostNames = parameter(*HOSTS, default=())
    unverified: Annotated[BackupName | None, OrNone] = parameter(*BACKUP)
    manifest: Annotated[str, AfterValidator(_manifest_text)] = parameter("the JSON text of a manifest", "…", "")
    whence: Line = parameter("one line that says where the backup comes from", "s3://backups/demo", "another place")


@dataclass(frozen=True)
class Restore:
    """What a run restores. `members`: name and peer URL by host, of the control planes that take part.

    `bump`: by how much revisions are ahead of the snapshot's, the same on every member; `bumps`: every member can do
    so. `begun`: the id of the restore of this backup, also where an earlier one is undone. `manifest`: the backup's;
    None where there is none, or it cannot be read.
    """

    id: str = ""
    bump: int = 0
    backup: str = ""
    members: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    begun: str = ""
    bumps: bool = False
    manifest: Manifest | None = None

    @property
    def initial_cluster(self) -> str:
        return ",".join(f"{name}={peer}" for name, peer in self.members.values())

    @property
    def note(self) -> str:
        """The record on each control plane while the restore is in progress."""
        return f"{self.id} {self.bump} {self.backup} {self.initial_cluster}\n"


def encryption_file(spec: ClusterSpec) -> str | None:
    """The path of the encryption configuration of API servers, on control planes and in a backup's archive."""
    path = spec.settings.api_server.extra_args.get("encryption-provider-config")
    return path if isinstance(path, str) else None


def asks(spec: ClusterSpec, host: HostEntry, parameters: Parameters) -> str:
    """Shell lines that print the facts of a control plane that only a restore needs."""
    name, id = parameters.get("backup", ""), parameters.get("restore", "")
    if not host.is_control_plane or not (STEM.fullmatch(name) or ID.fullmatch(id)):
        return ""
    return f"""(
{library("tools", "backup", "restore")}
fact more.under-way "$(head -c 4096 "$RESTORE/current" 2>/dev/null)"
fact more.manifest "$(base64 -w0 <{quote(f"{spec.settings.backup.folder}/{name}.json")} 2>/dev/null)"
dir=$(data_dir)
fact more.restored "$(cat "$dir/member/k8sops-restore" 2>/dev/null)"
for old in "$dir"/member-before-*; do [ ! -d "$old" ] || fact more.before "${{old##*/member-before-}}"; done
fact more.free "$(df --output=avail -B1 "$(standing "$dir")" | tail -n 1)"
if etcd_manifest >/dev/null 2>&1; then
  fact more.etcd "$(etcd_image)"
  fact more.member "$(etcd_flag name) $(etcd_flag initial-advertise-peer-urls)"
  fact more.revision "$(ETCDCTL_ENDPOINTS=https://127.0.0.1:2379 etcd_status Revision 2>/dev/null)"
fi
)"""


def said(facts: HostFacts, name: str) -> str:
    """The first value of a fact; empty if it is missing."""
    return (facts.more.get(name) or ("",))[0].strip()


def decide(spec: ClusterSpec, fleet: Fleet) -> Iterator[Restore]:
    """Id, members and manifest, taken from an unfinished restore of this backup if there is one."""
    members = {
        host.name: said(fleet[host.name], "member")
        for host in spec.control_planes
        if host.name in fleet.facts and host.name not in fleet.words("without") and said(fleet[host.name], "member")
    }
    now = int(time.time())
    made = Restore(
        time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now)),
        _bump(fleet, now),
        fleet.parameters.get("backup", ""),
        {host: _member(host, text) for host, text in members.items()},
    )
    for host in made.members:
        note = said(fleet[host], "under-way").split(" ")
        if note[2:] == [made.backup, made.initial_cluster] and ID.fullmatch(note[0]) and note[1].isdecimal():
            made = replace(made, id=note[0], bump=int(note[1]))
    bumps = bool(made.backup) and all(_bumps(said(fleet[host], "etcd")) for host in made.members)
    id = fleet.parameters.get("restore", made.id)
    yield replace(made, id=id, begun=made.id, bumps=bumps, manifest=_manifest(spec, fleet))


def _bump(fleet: Fleet, now: int) -> int:
    """Revision bump, large enough that no revision is used twice, however often a backup is restored.

    A thousand for each second since 1970: as long as etcd takes fewer writes than that, a later restore is ahead of
    all that was written since an earlier one. What the living etcd says counts too.
    """
    live = max((int(said(one, "revision") or 0) for one in fleet.facts.values()), default=0)
    return max(now * 1000, live + 10**9)


def _bumps(image: str) -> bool:
    found = re.search(r":v?(\d+)\.(\d+)\.(\d+)", image)
    major, minor, patch = map(int, found.groups()) if found else (0, 0, 0)
    return (major, minor) >= (3, 4) and patch >= BUMPS.get((major, minor), 0)


def rewinds(fleet: Fleet) -> bool:
    """Whether revisions go back: clients that have seen later ones must then be started anew."""
    return not restore_of(fleet).bumps


def _manifest(spec: ClusterSpec, fleet: Fleet) -> Manifest | None:
    """The backup's manifest from the parameters, or from a control plane."""
    found = [said(fleet[host.name], "manifest") for host in spec.control_planes]
    text = base64.b64decode(next(filter(None, found), "")).decode(errors="replace")
    try:
        manifest = parse(fleet.parameters.get("manifest", "") or text)
    except InputError:
        return None
    return manifest if manifest.name == fleet.parameters.get("backup") else None


def decide_seed(spec: ClusterSpec, fleet: Fleet) -> Iterator[Restore]:
    """Parameters of a rebuild on new hosts; its id is the time of the backup, so it can be resumed."""
    backup = fleet.parameters.get("backup", "")
    match = STEM.fullmatch(backup)
    yield Restore(match[2] if match else "", int(time.time()) * 1000, backup, manifest=_manifest(spec, fleet))


def _member(host: str, text: str) -> tuple[str, str]:
    if not MEMBER.fullmatch(text):
        what = f"expected one name and one peer URL in etcd's manifest, found {text!r}"
        raise HostError(host, what, remedy="correct --name and --initial-advertise-peer-urls there")
    name, _, peer = text.partition(" ")
    return name, peer


def restore_of(fleet: Fleet) -> Restore:
    """The restore that this run carries out."""
    return fleet.decided(Restore) or Restore(backup=fleet.parameters.get("backup", ""))


def manifest_of(fleet: Fleet) -> Manifest | None:
    """The backup's manifest; None if it is missing or invalid."""
    return restore_of(fleet).manifest


def findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    """Reasons against this restore, reported before anything is stopped."""
    first = spec.control_planes[0].name
    if spec.settings.etcd.external:
        yield Finding(first, "ExternalEtcd", "etcd is external: restore it with its own tools")
        return
    backup = fleet.parameters.get("backup", "")
    if not STEM.fullmatch(backup):
        yield Finding(first, "BackupName", f"invalid backup name `{backup}`; `k8sops etcd list` shows all backups")
        return
    yield from _who(spec, fleet)
    manifest = manifest_of(fleet)
    if manifest is None:
        yield Finding(first, "NoBackup", f"no control plane has the backup {backup}; use --from if it is elsewhere")
        return
    yield from _what(fleet, manifest, restore_of(fleet), backup)


def seed_findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    """Reasons against a rebuild on new hosts from this backup."""
    first, backup = spec.control_planes[0].name, fleet.parameters.get("backup", "")
    manifest = manifest_of(fleet)
    if manifest is None:
        yield Finding(first, "NoBackup", f"backup {backup} not found; use --from to say where it is")
        return
    yield from _verified(fleet, manifest, first)
    for host in spec.control_planes:
        facts = fleet[host.name]
        if facts.initialised and said(facts, "restored") != restore_of(fleet).id and host.name == first:
            yield Finding(host.name, "HasCluster", "already has a cluster: restore it without --new-hosts")
    if _minor(manifest.kubernetes) != _minor(spec.version):
        what = f"{backup} needs Kubernetes {manifest.kubernetes}, not {spec.version}: restore first, then upgrade"
        yield Finding(first, "OtherVersion", what)


def _verified(fleet: Fleet, manifest: Manifest, host: str) -> Iterator[Finding]:
    if not manifest.verified and fleet.parameters.get("unverified") != manifest.name:
        what = (
            f"restore drill {manifest.state}: run `k8sops etcd verify {manifest.name}`, or --unverified {manifest.name}"
        )
        yield Finding(host, "Unverified", what)


def back_findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    """Reasons against switching back to the data from before a restore."""
    first, id = spec.control_planes[0].name, fleet.parameters.get("restore", "")
    kept = sorted({one for host in spec.control_planes for one in fleet[host.name].more.get("before", ())})
    under_way = [said(fleet[host.name], "under-way").partition(" ")[0] for host in spec.control_planes]
    if id not in [*kept, *under_way]:
        there = f"available: {', '.join(kept)}" if kept else "none is kept"
        yield Finding(first, "NoOldData", f"no control plane has data from before restore `{id}`; {there}")
    for host in spec.control_planes:
        if host.name not in fleet.facts and host.name not in fleet.words("without"):
            yield Finding(host.name, "Silent", f"unreachable; to roll back without it: `--without {host.name}`")


def _who(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    without = fleet.words("without")
    members = restore_of(fleet).members
    for host in spec.control_planes:
        if host.name not in fleet.facts and host.name not in without:
            what = "unreachable: its etcd may still run with the old data. If it is gone for good, "
            yield Finding(host.name, "Silent", what + f"restore without it: `--without {host.name}`")
        if host.name in without and host.name in fleet.facts and said(fleet[host.name], "member"):
            yield Finding(host.name, "Answers", "reachable, and runs an etcd member: it cannot be left out")
        underway = said(fleet[host.name], "under-way").split(" ")
        if len(underway) > 2 and underway[2] != fleet.parameters.get("backup"):
            undo = f"`k8sops etcd rollback {underway[0]}`"
            what = f"the restore of {underway[2]} is unfinished: finish or undo it: {undo}"
            yield Finding(host.name, "OtherRestore", what)
    if not members:
        yield Finding(spec.control_planes[0].name, "NoMember", "no etcd member is reachable; use --new-hosts")


def _what(fleet: Fleet, manifest: Manifest, one: Restore, backup: str) -> Iterator[Finding]:
    yield from _verified(fleet, manifest, next(iter(one.members), ""))
    for host in one.members:
        facts = fleet[host]
        ca = hashlib.sha256(facts.ca).hexdigest()
        if facts.ca and manifest.ca_sha256 and ca != manifest.ca_sha256:
            what = f"{backup} belongs to another cluster ({manifest.cluster}): its CA differs from this host's"
            yield Finding(host, "OtherCluster", what)
        here = said(facts, "etcd").rpartition(":")[2]
        if here and _minor(here) != _minor(manifest.etcd):
            yield Finding(host, "OtherVersion", f"{backup} was taken with etcd {manifest.etcd}, this host runs {here}")
        free, wanted = int(said(facts, "free") or 0), manifest.size + SPARE
        if said(facts, "restored") != one.id and free < wanted:
            what = (
                f"not enough disk space for etcd: {free >> 20} MiB free, {wanted >> 20} MiB required (old data is kept)"
            )
            yield Finding(host, "NoSpace", what)


def _minor(version: str) -> tuple[str, ...]:
    return tuple(version.lstrip("v").split(".")[:2])
