"""Ports of the host's role opened, in the firewall that the inventory chooses."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet, HostFacts, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.render import render
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources import packaging
from k8sops.resources.files import file
from k8sops.resources.packages import packages
from k8sops.resources.services import service
from k8sops.roles.hosts import ports
from k8sops.roles.hosts.firewall import OWN_FILE, nftables, off, own_gone, own_loaded, ufw

UNIT = "/etc/systemd/system/k8sops-firewall.service"


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    facts = fleet[host.name]
    if spec.settings.firewall == "disabled":
        yield own_gone()
        yield off()
        return
    wanted = ports.openings(spec, host)
    if facts.ufw:
        yield from ufw(ports.ufw_rules(spec, wanted, 4), ports.ufw_rules(spec, wanted, 6))
    if facts.nft_chains:
        yield from nftables(ports.nft_additions(spec, facts.nft_chains, wanted), facts.nft_chains)
    # "managed": a firewall is always on; k8sops brings its own if the host has none.
    if spec.settings.firewall == "managed" and not facts.ufw and not facts.nft_chains:
        yield from _own(spec, host, facts)
    else:
        yield own_gone()


def _own(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Resource]:
    rules = ports.nft_rules([*ports.ssh_openings(host, facts), *ports.openings(spec, host)])
    yield packages("firewall", {"nftables": None}, effects=packaging.effects(facts, "firewall"))
    yield file(OWN_FILE, render("hosts/k8sops.nft.j2", spec=spec, rules=rules))
    yield file(UNIT, render("hosts/k8sops-firewall.service.j2", spec=spec))
    yield service("k8sops-firewall", reads=(OWN_FILE, UNIT))
    yield own_loaded()


def _asks(spec: ClusterSpec, host: HostEntry, given: Parameters) -> str:
    managed = spec.settings.firewall == "managed"
    return packaging.plan_question("firewall", {"nftables": None}) if managed else ""


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    yield from packaging.held_findings(fleet, "firewall")


TASK = Task(
    name="firewall",
    title="ports of the host's role opened",
    resources=_resources,
    findings=_findings,
    asks=_asks,
)
