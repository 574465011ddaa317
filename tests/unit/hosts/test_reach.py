"""A port behind a firewall that the run opens is no reason to refuse the run; it is tried once the firewall is open."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from bash import check

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.inventory.spec import ClusterSpec
from k8sops.operations.inputs import load_spec
from k8sops.roles.hosts.tasks.preflight import TASK as PREFLIGHT
from k8sops.roles.hosts.tasks.reach import TASK as REACH
from k8sops.roles.hosts.tasks.reach import peers, reached

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane:
    hosts: {cp1: {address: 10.0.0.11}, cp2: {address: 10.0.0.12}}
  workers:
    hosts: {w1: {address: 10.0.1.1}}
"""
SILENT = HostFacts(probes={("10.0.0.11", 6443): "no answer within 3 s"})


@pytest.fixture
def spec(tmp_path: Path) -> ClusterSpec:
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    return load_spec(tmp_path / "inventory.yaml")


def refused(spec: ClusterSpec, fleet: Fleet) -> list[str]:
    return [one.what for one in PREFLIGHT.findings(spec, fleet) if one.name == "Reach"]


def gates(spec: ClusterSpec, fleet: Fleet) -> list[str]:
    decided = replace(fleet, decisions={type(value): value for value in REACH.decides(spec, fleet)})
    # What hosts say later in the run has no probes.
    later = replace(decided, facts={name: HostFacts() for name in fleet.facts})
    return [one.check for one in REACH.resources(spec, spec.host("w1"), later)]


@pytest.mark.parametrize(
    "guard", [{"ufw": True}, {"nft_chains": (("inet", "filter", "input", "input"),)}], ids=["ufw", "nftables"]
)
def test_a_port_behind_a_firewall_that_is_opened_is_tried_later(spec: ClusterSpec, guard: dict[str, object]) -> None:
    facts = {"cp1": HostFacts(**guard), "cp2": HostFacts(), "w1": SILENT}  # type: ignore[arg-type]
    fleet = Fleet(facts, frozenset(facts))
    assert refused(spec, fleet) == []
    (gate,) = gates(spec, fleet)
    assert "try cp1 10.0.0.11 6443 &" in gate


def test_a_port_behind_anything_else_is_refused(spec: ClusterSpec) -> None:
    facts = {"cp1": HostFacts(), "cp2": HostFacts(ufw=True), "w1": SILENT}
    fleet = Fleet(facts, frozenset(facts))
    assert refused(spec, fleet) == ["cannot reach 10.0.0.11 port 6443: no answer within 3 s"]
    assert gates(spec, fleet) == []


def test_a_firewall_that_this_run_is_not_about_stays_closed(spec: ClusterSpec) -> None:
    facts = {"cp1": HostFacts(ufw=True), "w1": SILENT}
    fleet = Fleet(facts, frozenset({"w1"}))
    assert refused(spec, fleet)
    assert gates(spec, fleet) == []


def test_members_of_an_etcd_elsewhere_are_not_tried(spec: ClusterSpec, tmp_path: Path) -> None:
    assert {probe.port for probe in peers(spec, spec.host("cp1"))} == {6443, 2379, 2380, 10250}
    external = "etcd: {external: {endpoints: ['https://10.9.9.9:2379'], ca: a, cert: b, key: c}}\n"
    (tmp_path / "inventory.yaml").write_text(INVENTORY + external)
    elsewhere = load_spec(tmp_path / "inventory.yaml")
    assert {probe.port for probe in peers(elsewhere, elsewhere.host("cp1"))} == {6443, 10250}


def test_the_gate_opens_where_a_port_answers_or_refuses(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert check(reached([("cp1", "127.0.0.1", str(port))]), tmp_path) == 0
    assert check(reached([("cp1", "127.0.0.1", str(port))]), tmp_path) == 0
    assert check(reached([("cp1", "name.invalid", "6443")]), tmp_path) == 10
