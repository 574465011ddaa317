"""The ports of the host's role are open; by whom they are guarded is for the inventory to say."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops import firewall, packaging
from k8sops.facts import Fleet, HostFacts, Parameters
from k8sops.findings import Finding
from k8sops.render import render
from k8sops.resource import Resource
from k8sops.resources.files import file
from k8sops.resources.firewall import OWN_FILE, nftables, off, own_gone, own_loaded, ufw
from k8sops.resources.packages import packages
from k8sops.resources.services import service
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task

UNIT = "/etc/systemd/system/k8sops-firewall.service"


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    facts = fleet[host.name]
    if spec.settings.firewall == "disabled":
        yield own_gone()
        yield off()
        return
    wanted = firewall.openings(spec, host)
    if facts.ufw:
        yield from ufw(firewall.ufw_rules(spec, wanted, 4), firewall.ufw_rules(spec, wanted, 6))
    if facts.nft_chains:
        yield from nftables(firewall.nft_additions(spec, facts.nft_chains, wanted), facts.nft_chains)
    # "managed": one is on in any case, and it is k8sops' own where the host has none.
    if spec.settings.firewall == "managed" and not facts.ufw and not facts.nft_chains:
        yield from _own(spec, host, facts)
    else:
        yield own_gone()


def _own(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Resource]:
    rules = firewall.nft_rules([*firewall.ssh_openings(host, facts), *firewall.openings(spec, host)])
    yield packages("firewall", {"nftables": None}, effects=packaging.effects(facts, "firewall"))
    yield file(OWN_FILE, render("firewall/k8sops.nft.j2", spec=spec, rules=rules))
    yield file(UNIT, render("firewall/k8sops-firewall.service.j2", spec=spec))
    yield service("k8sops-firewall", reads=(OWN_FILE, UNIT))
    yield own_loaded()


def _asks(spec: ClusterSpec, host: HostEntry, given: Parameters) -> str:
    managed = spec.settings.firewall == "managed"
    return packaging.plan_question("firewall", {"nftables": None}) if managed else ""


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    yield from packaging.held_findings(fleet, "firewall")


TASK = Task(
    name="firewall",
    title="the ports of the host's role are open, and no others by k8sops",
    resources=_resources,
    findings=_findings,
    asks=_asks,
)
