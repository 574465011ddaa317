"""Capacity: disk space and pod addresses of each host, and the fault tolerance of the control plane."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8sops.engine.facts import Fleet, HostFacts, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.task import Task
from k8sops.inventory.addressing import node_mask
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.protocols import network_of, runtime_of

GIB = 1 << 30
EVICTION = {
    "nodefs.available": "10%", "nodefs.inodesFree": "5%", "imagefs.available": "15%", "imagefs.inodesFree": "5%",
}  # fmt: skip
"""kubelet's defaults on Linux; if the inventory sets evictionHard, signals that it leaves out count as 0."""
NEEDED = {"nodefs": 1 * GIB, "imagefs": 3 * GIB}
"""Roughly the initial space of images, logs and etcd, in bytes."""
LEAST = 1 * GIB
MAX_PODS = 110
"""kubelet's default."""
UNITS = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 1 << 10,
    "Mi": 1 << 20,
    "Gi": 1 << 30,
    "Ti": 1 << 40,
}


def _asks(spec: ClusterSpec, host: HostEntry, parameters: Parameters) -> str:
    """Shell lines that print the file systems of kubelet and of images, in this order, before a host joins."""
    return f"""if [ ! -f /etc/kubernetes/kubelet.conf ]; then
  paths=()
  for path in /var/lib/kubelet {runtime_of(host).folder}; do
    while [ -n "$path" ] && [ ! -e "$path" ]; do path=${{path%/*}}; done
    paths+=("${{path:-/}}")
  done
  while read -r value; do fact more.disk "$value"; done < <(
    stat -f -c '%i %S %b %a %c %d %n' "${{paths[@]}}" 2>/dev/null
  )
fi"""


@dataclass(frozen=True)
class FileSystem:
    """One of kubelet's two file systems (`nodefs`, `imagefs`); sizes in bytes."""

    name: str
    path: str
    id: str
    size: int
    free: int
    inodes: int
    inodes_free: int


def file_systems(lines: tuple[str, ...]) -> list[FileSystem]:
    """nodefs and imagefs, as the host printed them."""
    found = []
    for name, line in zip(("nodefs", "imagefs"), lines, strict=False):
        id, block, blocks, free, inodes, inodes_free, path = line.split(" ", 6)
        size = int(block)
        found.append(FileSystem(name, path, id, int(blocks) * size, int(free) * size, int(inodes), int(inodes_free)))
    return found


def threshold(text: Any, total: int) -> int:
    """The threshold of an evictionHard signal in bytes or inodes, given the total; 0 if the value is invalid."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(%|[kMGT]|[KMGT]i|)", str(text).strip())
    if not match:
        return 0
    number, unit = float(match[1]), match[2]
    return int(total * number / 100 if unit == "%" else number * UNITS[unit])


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    for host in spec.hosts:
        if host.name in fleet.facts:
            yield from _disk(spec, host, fleet[host.name])
            yield from _addresses(spec, host)
    yield from _planes(spec, fleet)


def _disk(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    eviction = spec.settings.kubelet.get("evictionHard")
    limits: Mapping[str, Any] = eviction if isinstance(eviction, dict) else EVICTION
    worst: dict[str, tuple[int, Finding]] = {}
    for fs in file_systems(facts.more.get("disk", ())):
        evicts = threshold(limits.get(f"{fs.name}.available", 0), fs.size)
        room = fs.free - evicts
        has = f"{fs.path}: {_gib(fs.free)} of {_gib(fs.size)} free ({100 * fs.free // max(fs.size, 1)} %)"
        below = f"kubelet evicts pods below {_gib(evicts)} ({fs.name}.available)"
        if room <= 0 or fs.free < LEAST:
            finding = Finding(host.name, "DiskFull", f"{has}, {below}")
        elif room < NEEDED[fs.name]:
            finding = Finding(host.name, "DiskSpace", f"{has}, {below}")
        elif fs.inodes and fs.inodes_free < threshold(limits.get(f"{fs.name}.inodesFree", 0), fs.inodes):
            free = f"{fs.path}: {fs.inodes_free} of {fs.inodes} inodes free"
            finding = Finding(host.name, "DiskFull", f"{free}, below the eviction threshold of kubelet")
        else:
            continue
        # On a host with one disk, the stricter of the two limits is what counts.
        if fs.id not in worst or room < worst[fs.id][0]:
            worst[fs.id] = room, finding
    for _, finding in worst.values():
        yield finding


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"


def _addresses(spec: ClusterSpec, host: HostEntry) -> Iterator[Finding]:
    """maxPods against the size of a node's pod range, in which network, broadcast and bridge take three addresses."""
    if spec.pods.version != 4 or not network_of(spec).node_ranges:
        return
    mask = node_mask(4, spec.settings.controller_manager.extra_args)
    most, addresses = spec.settings.kubelet.get("maxPods", MAX_PODS), (1 << (32 - mask)) - 3
    if isinstance(most, int) and most > addresses:
        what = f"maxPods is {most}, but a node's pod range (/{mask}) has {addresses} addresses"
        yield Finding(host.name, "PodAddresses", what)


def _planes(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    count = len(spec.control_planes)
    if count % 2 or spec.settings.etcd.external:
        return
    tolerated = (count - 1) // 2
    what = (
        f"{count} control planes tolerate {_failures(tolerated)}, as {count - 1} would; use {count - 1} or {count + 1}"
    )
    for plane in spec.control_planes:
        if plane.name in fleet.facts:
            yield Finding(plane.name, "EvenControlPlanes", what)


def _failures(number: int) -> str:
    return f"{number or 'no'} failure{'' if number == 1 else 's'} of a member of etcd"


TASK = Task(name="capacity", title="disk space and pod addresses sufficient", findings=_findings, asks=_asks)
