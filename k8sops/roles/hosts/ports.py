"""Ports that a host's firewall must open, by role, and the rules for them as text."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from k8sops.engine.facts import HostFacts
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.protocols import network_of


@dataclass(frozen=True)
class Opening:
    """Ports (`2379-2380` or one) of a protocol that `sources`, addresses and networks, may reach; none: everybody."""

    ports: str
    protocol: str
    sources: tuple[str, ...] = ()

    def of(self, version: int) -> Opening | None:
        """The part for IPv4 (4) or IPv6 (6); None if there is none."""
        mine = tuple(one for one in self.sources if ipaddress.ip_network(one).version == version)
        return self if not self.sources else Opening(self.ports, self.protocol, mine) if mine else None


def openings(spec: ClusterSpec, host: HostEntry) -> tuple[Opening, ...]:
    """The ports of the host's role (Kubernetes: ports and protocols) and of the network.

    The API is for everybody; etcd for control planes alone; kubelet for nodes and pods, where metrics are read.
    What Services publish goes through FORWARD and is not named here.
    """
    nodes = tuple(sorted(one.address for one in spec.hosts if one.name != host.name))
    planes = tuple(sorted(one.address for one in spec.control_planes if one.name != host.name))
    wanted = [Opening("10250", "tcp", (*nodes, str(spec.pods)))]
    if host.is_control_plane:
        wanted.append(Opening(str(spec.endpoint_port), "tcp"))
        if planes and not spec.settings.etcd.external:
            wanted.append(Opening("2379-2380", "tcp", planes))
    ports = (port.split("/") for port in network_of(spec).ports(spec))
    wanted += [Opening(number, protocol, nodes) for number, protocol in ports if nodes]
    return tuple(wanted)


def ssh_openings(host: HostEntry, facts: HostFacts) -> tuple[Opening, ...]:
    """Ports of sshd, including the one that k8sops connects to: never closed by a firewall that k8sops turns on."""
    ports = sorted({host.ssh.port or 22, *facts.ssh_ports})
    return tuple(Opening(str(port), "tcp") for port in ports)


def nft_rules(wanted: Iterable[Opening]) -> list[str]:
    """Rules of nftables, in a table of the family inet (nft(8))."""
    lines = []
    for one in wanted:
        for word, version in (("ip", 4), ("ip6", 6)):
            mine = one.of(version)
            if mine and mine.sources:
                lines.append(f"{word} saddr {{ {', '.join(mine.sources)} }} {one.protocol} dport {one.ports} accept")
        if not one.sources:
            lines.append(f"{one.protocol} dport {one.ports} accept")
    return lines


def nft_forward_rules(spec: ClusterSpec) -> list[str]:
    """Rules that forward traffic from and to pods."""
    word = "ip" if spec.pods.version == 4 else "ip6"
    return [f"{word} saddr {spec.pods} accept", f"{word} daddr {spec.pods} accept"]


def nft_additions(spec: ClusterSpec, chains: Sequence[tuple[str, str, str, str]], wanted: Sequence[Opening]) -> str:
    """A file for nft: chains of k8sops, to which the host's own base chains jump first.

    Accepting packets in a table of our own would not help: a drop in any base chain is final.
    """
    rules = {"input": nft_rules(wanted), "forward": nft_forward_rules(spec)}
    lines = []
    for family, table, chain, hook in chains:
        mine = f"{family} {table} k8sops_{hook}"
        fitting = [rule for rule in rules[hook] if _fits(rule, family)]
        lines += [f"add chain {mine}", f"flush chain {mine}", *(f"add rule {mine} {rule}" for rule in fitting)]
        lines += [f"insert rule {family} {table} {chain} jump k8sops_{hook}"]
    return "".join(f"{line}\n" for line in ["# Written by k8sops.", *lines])


def _fits(rule: str, family: str) -> bool:
    """Whether the family of the table supports the rule: ip has no IPv6 addresses, ip6 no IPv4 addresses."""
    return not (rule.startswith("ip6 ") and family == "ip") and not (rule.startswith("ip ") and family == "ip6")


def ufw_rules(spec: ClusterSpec, wanted: Sequence[Opening], version: int) -> tuple[str, ...]:
    """Lines for /etc/ufw/before.rules (IPv6: before6.rules), which iptables-restore reads: ufw-framework(8)."""
    chain = "ufw-before" if version == 4 else "ufw6-before"
    rules = []
    for one in (opening.of(version) for opening in wanted):
        if one:
            ports = one.ports.replace("-", ":")
            source = f" -s {','.join(one.sources)}" if one.sources else ""
            rules.append(f"-A {chain}-input{source} -p {one.protocol} --dport {ports} -j ACCEPT")
    if spec.pods.version == version:
        rules += [f"-A {chain}-forward -s {spec.pods} -j ACCEPT", f"-A {chain}-forward -d {spec.pods} -j ACCEPT"]
    digest = hashlib.sha256("\n".join(rules).encode()).hexdigest()[:12]
    marked = [rule.replace(" -j ACCEPT", f" -m comment --comment k8sops-{digest} -j ACCEPT") for rule in rules]
    return ("*filter", *marked, "COMMIT")
