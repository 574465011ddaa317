"""Preflight checks: all problems of all hosts at once, before anything is changed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from k8sops.engine.facts import Fleet, HostFacts, Parameters, Probe
from k8sops.engine.findings import Finding
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.hosts.tasks.reach import opened_first, peers, unreached
from k8sops.roles.kubeadm.facts import cluster_images, silent_hosts
from k8sops.roles.protocols import cri_socket
from k8sops.roles.runtimes.facts import registry

SYSTEMS = {"debian": ("11", "12", "13"), "ubuntu": ("20.04", "22.04", "24.04", "26.04")}
SKEW_SECONDS = 2.0
LEAST_CPUS, LEAST_KIB = 2, 1700 * 1024
"""kubeadm's own minimum for a control plane (its preflight checks NumCPU and Mem)."""
PORTS = {True: (6443, 2379, 2380, 10250, 10257, 10259), False: (10250,)}
"""Ports and protocols page of Kubernetes; True: control plane."""
BOOTSTRAP = "/etc/kubernetes/bootstrap-kubelet.conf"
"""The bootstrap kubeconfig that `kubeadm join` gives to kubelet, and removes at its end."""


def _probes(spec: ClusterSpec, host: HostEntry) -> Sequence[Probe]:
    """Addresses that a host must reach: the package repository, and other hosts."""
    return [_url_probe("PackageRepository", spec.package_repository), *peers(spec, host)]


def _asks(spec: ClusterSpec, host: HostEntry, told: Parameters) -> str:
    """Whether its registry, or each mirror, has one of the images that it needs."""
    return registry.asking(_manifests(spec))


def _manifests(spec: ClusterSpec) -> list[registry.Question]:
    return registry.questions(spec.settings.mirrors.images, [spec.pause_image, *cluster_images(spec)])


def _url_probe(name: str, url: str) -> Probe:
    parts = urlsplit(url)
    return Probe(name, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), served=True)


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    # A host that we cannot reach is reported as unreachable already; the cluster may work without it.
    silent = frozenset(host.address for host in silent_hosts(spec, fleet))
    # Ports behind a firewall that this run opens first are probed again afterwards (task `reach`).
    passed = silent | opened_first(spec, fleet).keys()
    for host in spec.hosts:
        if host.name in fleet.facts:
            yield from _of_host(spec, host, fleet[host.name])
            for probe, why in unreached(fleet, host, _probes(spec, host)):
                if probe.name != "Reach" or probe.host not in passed:
                    yield Finding(host.name, probe.name, f"cannot reach {probe.host} port {probe.port}: {why}")
    yield from _of_fleet(spec, fleet)


def _of_host(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    def found(name: str, what: str) -> Finding:
        return Finding(host.name, name, what)

    if facts.os_version not in SYSTEMS.get(facts.os, ()):
        yield found(
            "OS", f"{facts.os_name or facts.os or 'an unknown system'} is not supported; use Debian 11-13 or Ubuntu LTS"
        )
    if facts.arch != "x86_64" and facts.arch != "aarch64":
        yield found("Arch", f"architecture {facts.arch} is not supported")
    if host.is_control_plane and facts.cpus < LEAST_CPUS:
        yield found("NumCPU", f"{facts.cpus} CPU, a control plane needs {LEAST_CPUS}")
    if host.is_control_plane and facts.memory_kib < LEAST_KIB:
        yield found("Mem", f"{facts.memory_kib // 1024} MiB of memory, a control plane needs {LEAST_KIB // 1024}")
    if facts.cgroup == 1 and not spec.tolerates_cgroup_v1:
        yield found(
            "CgroupV1", "cgroup v1 is deprecated in Kubernetes: boot with cgroup v2, or set allow_cgroup_v1: true"
        )
    yield from _networks(spec, host, facts)
    version = facts.packages.get("kubelet", "").partition("-")[0]
    if facts.joined and version and _minor(version) > _minor(spec.version):
        yield found("VersionSkew", f"kubelet {version} is newer than {spec.version}; downgrades are not supported")
    if facts.joined:
        if facts.cri_socket and _path(facts.cri_socket) != _path(cri_socket(spec, host)):
            what = f"kubelet uses {facts.cri_socket}, the inventory says {host.runtime}"
            yield found("Runtime", f"{what}: `k8sops reset {host.name}`, then `k8sops apply`")
        return
    # Files of an interrupted init or join are no obstacle: the next run repeats it.
    foreign = [path for path in facts.left if not host.is_control_plane and path != BOOTSTRAP]
    begun = len(foreign) < len(facts.left)
    if not facts.initialised and not begun:
        for port in PORTS[host.is_control_plane]:
            if port in facts.listens:
                yield found(f"Port{port}", f"port {port} is in use")
    if foreign:
        yield found("Leftovers", f"files of an earlier cluster: {', '.join(foreign)}; `kubeadm reset` removes them")


def _networks(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    for name, net in (("pods", spec.pods), ("services", spec.services)):
        for route in facts.routes:
            try:
                other = ipaddress.ip_network(route)
            except ValueError:
                continue
            if other.version == net.version and other.overlaps(net):
                yield Finding(host.name, "NetworkOverlap", f"the route {route} overlaps network.{name}, {net}")
    if facts.addresses and not any(host.address == one.partition("/")[0] for _, one in facts.addresses):
        yield Finding(host.name, "Address", f"no network interface has the address {host.address}")


def _same_machine(fleet: Fleet) -> dict[str, str]:
    """Hosts that are the same machine as another host of the inventory: {name: other name}."""
    first: dict[object, str] = {}
    same = {}
    for name, facts in fleet.facts.items():
        # A clone differs at least in its address or MAC.
        identity = (facts.machine_id, facts.hostname, facts.macs, facts.addresses)
        if facts.machine_id and facts.macs and first.setdefault(identity, name) != name:
            same[name] = first[identity]
    return same


def _of_fleet(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    same = _same_machine(fleet)
    for host, other in same.items():
        yield Finding(host, "SameMachine", f"SSH reaches the same machine as {other}")
    asked = _manifests(spec)
    for host, facts in fleet.facts.items():
        for name, what in registry.problems(asked, facts.more.get("registry", ())):
            yield Finding(host, name, what)
    for name, what, value in (
        ("Hostname", "hostname", lambda one: (one.hostname,)),
        ("MachineID", "machine-id", lambda one: (one.machine_id,)),
        ("MAC", "MAC address", lambda one: one.macs),
    ):
        owners: dict[str, str] = {}
        for host, facts in fleet.facts.items():
            for item in value(facts) if host not in same else ():
                if item and owners.setdefault(item, host) != host:
                    yield Finding(host, name, f"duplicate {what} {item}, also on {owners[item]}")
    if fleet.facts:
        middle = sorted(facts.skew for facts in fleet.facts.values())[len(fleet.facts) // 2]
        for host, facts in fleet.facts.items():
            off = facts.skew - middle
            if abs(off) > SKEW_SECONDS:
                yield Finding(
                    host, "ClockSkew", f"clock is {abs(off):.1f} s {'ahead of' if off > 0 else 'behind'} other hosts"
                )


def _path(socket: str) -> str:
    return socket.removeprefix("unix://").replace("/var/run/", "/run/")


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


TASK = Task(name="preflight", title="preflight checks passed", findings=_findings, probes=_probes, asks=_asks)
