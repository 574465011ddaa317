"""The restore drill of a backup, on the control plane where it lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from k8sops.errors import InputError
from k8sops.etcd.backup import check_name
from k8sops.facts import Fleet, Parameters
from k8sops.resource import Resource
from k8sops.resources.backup import verified
from k8sops.shell import quote
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _asks(spec: ClusterSpec, host: HostEntry, told: Parameters) -> str:
    if not host.is_control_plane:
        return ""
    return f"""for one in {quote(spec.settings.backup.folder)}/*.json; do
  [ -f "$one" ] || continue
  fact more.backup "$(sed -n 's/^  "revision": \\([0-9]*\\),$/\\1/p' "$one") $(basename "$one" .json)"
done"""


def _found(spec: ClusterSpec, fleet: Fleet) -> Mapping[str, tuple[str, int]]:
    """The backups that lie on control planes, by name: where, and the revision."""
    found = {}
    for host in spec.control_planes:
        for line in fleet[host.name].more.get("backup", ()):
            revision, _, name = line.partition(" ")
            if revision.isdecimal():
                found[name] = (host.name, int(revision))
    return found


def _decides(spec: ClusterSpec, fleet: Fleet) -> Parameters:
    """Which backup, where, and what counts as now."""
    found = _found(spec, fleet)
    name = fleet.parameters.get("backup", "latest")
    if name == "latest":
        name = max(found, key=lambda one: found[one][1], default="")
    if not name or check_name(name) not in found:
        what = f"no control plane has a backup {name}".rstrip()
        raise InputError(what, remedy="`k8sops etcd list` shows them; `--from` names another place")
    node = found[name][0]
    return {"backup": name, "node": node, "since": f"{datetime.fromtimestamp(fleet[node].now, UTC):%Y-%m-%dT%H:%M:%SZ}"}


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    told = fleet.parameters
    if host.name == told["node"]:
        yield verified(spec, host, told["backup"], since=told["since"])


TASK = Task(
    name="etcd-verify",
    title="a backup of etcd, proven by restoring it",
    resources=_resources,
    parameters=("backup",),
    asks=_asks,
    decides=_decides,
)
