"""What verify makes of the answers of pods."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from k8sops.engine.fakes import FakeHost
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import make_spec
from k8sops.verify.http import Answer, Asker, Pod, dialled, parse
from k8sops.verify.test_cluster import misplaced, wrong

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
network: {cni: %s}
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.1}}}
  workers: {hosts: {w1: {address: 10.0.0.2}}}
"""
FLANNEL, OWN = (
    make_spec(read_inventory(yamlfile.load(INVENTORY % cni, "inv.yaml")))
    for cni in ("flannel", "{manifests: [c.yaml]}")
)
POD = Pod("x", "verify-a", "w1", "10.244.1.5")


def test_a_reply_is_read_and_compared() -> None:
    assert parse("HTTP/1.0 200 OK\r\nDate: x\r\n\r\nverify-a") == Answer("verify-a")
    assert wrong(Answer("verify-a"), ["verify-a"]) == ""
    assert wrong(Answer("nginx"), ["verify-a"]) == "unexpected answer: 'nginx'"
    assert parse("HTTP/1.0 404 Not Found\r\n\r\nnothing here").failure == "HTTP 404: nothing here"
    assert parse("SSH-2.0-OpenSSH_9.2").failure == "not an HTTP server: 'SSH-2.0-OpenSSH_9.2'"


def test_what_a_pod_was_told_is_told_on() -> None:
    assert dialled('{"responses":["verify-b"]}') == Answer("verify-b")
    assert dialled('{"errors":["dial tcp 10.244.1.5:8080: i/o timeout"]}').failure.endswith("i/o timeout")
    assert "not a pod of this test" in dialled("<html>").failure
    assert dialled("{}").failure == "an empty reply"


@pytest.mark.parametrize(
    ("code", "out", "err", "failure"),
    [
        (1, "", "bash: connect: No route to host", "cannot connect to the pod at 10.244.1.5: No route to host"),
        (124, "", "", "cannot connect to the pod at 10.244.1.5: no answer"),
        (124, "connected\n", "", "no reply within 15 s"),
        (0, "connected\nHTTP/1.0 200 OK\r\n\r\nverify-a", "", ""),
    ],
)
def test_a_connection_that_fails_is_told_from_a_reply_that_does_not_come(
    monkeypatch: pytest.MonkeyPatch, code: int, out: str, err: str, failure: str
) -> None:
    ran = SimpleNamespace(rc=code, stdout=out, stderr=err)
    monkeypatch.setattr("k8sops.verify.http.over_testinfra", lambda host: SimpleNamespace(run=lambda command: ran))
    asker = Asker(lambda name: FakeHost(name, lambda script: None), None, frozenset({"w1"}))  # type: ignore[arg-type, return-value]
    assert asker.get(POD, "/hostname").failure == failure


def test_a_node_outside_the_inventory_is_asked_through_the_api() -> None:
    asked: list[str] = []

    def run(command: str) -> Any:
        asked.append(command)
        return SimpleNamespace(rc=0, stdout="verify-a\n", stderr="")

    asker = Asker(lambda name: None, SimpleNamespace(run=run), frozenset({"cp1"}))
    assert asker.get(POD, "/hostname") == Answer("verify-a")
    assert "/api/v1/namespaces/x/pods/verify-a:8080/proxy/hostname" in asked[0]


def test_addresses_outside_the_pod_network_are_named() -> None:
    ranges = {"w1": "10.244.1.0/24"}
    assert misplaced(FLANNEL, [POD], ranges) == []
    other = Pod("x", "verify-b", "w1", "10.88.0.3")
    assert misplaced(FLANNEL, [other], ranges) == ["w1 gives pods 10.88.0.3, outside network.pods (10.244.0.0/16)"]
    elsewhere = Pod("x", "verify-c", "w1", "10.244.9.3")
    assert misplaced(FLANNEL, [elsewhere], ranges) == ["w1 gives pods 10.244.9.3, outside its own range 10.244.1.0/24"]
    # Other networks need not take the ranges that the API gives to nodes.
    assert misplaced(OWN, [elsewhere], ranges) == []
