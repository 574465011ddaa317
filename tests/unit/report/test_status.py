"""The cluster at a glance is told by a control plane that can."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from k8sops.engine.fakes import FakeHost
from k8sops.engine.host import Result
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import make_spec
from k8sops.report.status import ask, print_status, summarise

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {"cp[1:3]": {address: "10.0.0.[1:3]"}}}
"""


def node(name: str, **ready: str) -> dict[str, Any]:
    """As the API describes it, with this condition."""
    return {
        "metadata": {"name": name, "labels": {}},
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", **ready}],
            "nodeInfo": {"kubeletVersion": "v1.36.3", "containerRuntimeVersion": "containerd://1.6"},
            "addresses": [],
        },
    }


SPEC = make_spec(read_inventory(yamlfile.load(INVENTORY, "inv.yaml")))


def test_a_node_that_is_not_ready_says_why() -> None:
    nodes = [
        node("cp1", status="True"),
        node("cp2", status="Unknown", message="Kubelet stopped [posting] node status."),
    ]
    found = summarise(SPEC, "cp1", {"api": "ok", "nodes": json.dumps({"items": nodes})})
    assert [one["why"] for one in found["nodes"]] == [None, "Kubelet stopped [posting] node status."]
    said = io.StringIO()
    print_status(Console(file=said, width=120), found)
    assert "cp2: NotReady: Kubelet stopped [posting] node status.\n" in said.getvalue()


def test_one_that_was_reset_is_passed_over() -> None:

    def told(script: str, *, serves: bool) -> Result:
        mark = script.splitlines()[1].removeprefix("MARK=").strip("'")
        lines = [f"{mark} part api", "ok" if serves else "", f"{mark} part nodes"]
        return Result(0, "\n".join([*lines, json.dumps({"items": [node("cp2", status="True")]}) if serves else ""]), "")

    hosts = {name: FakeHost(name, lambda s, n=name: told(s, serves=n == "cp2")) for name in ("cp1", "cp2", "cp3")}  # type: ignore[misc]
    found = ask(hosts.__getitem__, SPEC)
    assert (found["reportedBy"], [one["name"] for one in found["nodes"]]) == ("cp2", ["cp2"])


def summary(**said: Any) -> dict[str, Any]:
    """Of a cluster of three control planes that are Ready."""
    nodes = said.pop("nodes", None) or [node(f"cp{number}", status="True") for number in (1, 2, 3)]
    version = json.dumps({"serverVersion": {"gitVersion": said.pop("version", "v1.36.3")}})
    return summarise(SPEC, "cp1", {"api": "ok", "nodes": json.dumps({"items": nodes}), "version": version, **said})


def printed(found: dict[str, Any]) -> str:
    out = io.StringIO()
    print_status(Console(file=out, width=200), {**found, "externalEtcd": ["https://x"]})
    return out.getvalue()


def test_a_problem_that_breaks_something_is_not_healthy() -> None:
    assert summary()["healthy"]
    assert "PROBLEMS" not in printed(summary())
    found = summary(health="node cp2 condition DiskPressure\nnode cp3 cordoned\n")
    assert not found["healthy"]
    assert [(one["name"], one["node"], one["broken"]) for one in found["problems"]] == [
        ("NodePressure", "cp2", True), ("NodeCordoned", "cp3", False),
    ]  # fmt: skip
    assert "cp2: DiskPressure" in printed(found)
    assert summary(health="node cp3 cordoned")["healthy"]


def test_what_was_waived_by_name_does_not_count() -> None:
    waiving = make_spec(read_inventory(yamlfile.load(INVENTORY + "preflight: {ignore: [AddonMissing]}\n", "inv.yaml")))
    nodes = json.dumps({"items": [node(f"cp{number}", status="True") for number in (1, 2, 3)]})
    said = {"api": "ok", "nodes": nodes, "health": "missing DaemonSet kube-system/kube-proxy"}
    assert not summarise(SPEC, "cp1", said)["healthy"]
    assert summarise(waiving, "cp1", said)["healthy"]


def test_the_table_shows_conditions() -> None:
    sick = node("cp1", status="True")
    sick["status"]["conditions"].append({"type": "DiskPressure", "status": "True"})
    sick["spec"]["unschedulable"] = True
    others = [node(name, status="True") for name in ("cp2", "cp3")]
    assert "Ready,DiskPressure,SchedulingDisabled" in printed(summary(nodes=[sick, *others]))


def test_versions_that_differ_are_named() -> None:
    found = summary(version="v1.36.1")
    assert [one["what"] for one in found["problems"]] == [
        *["kubelet is v1.36.3, the API server is v1.36.1"] * 3,
        "the API server is v1.36.1, the inventory says v1.36.3",
    ]
    assert found["healthy"]


def test_certificates_that_have_expired_or_will_soon_are_named() -> None:
    soon = (datetime.now(UTC) + timedelta(days=3, hours=1)).isoformat()
    said = {"certificates": [{"name": "apiserver", "expirationDate": "2020-01-01T00:00:00Z"}],
            "certificateAuthorities": [{"name": "ca", "expirationDate": soon}]}  # fmt: skip
    found = summary(certificates=json.dumps(said))
    assert [one["what"] for one in found["problems"]] == [
        "certificate apiserver expired on 2020-01-01", f"certificate ca expires on {soon[:10]}, in 3 days",
    ]  # fmt: skip
    assert not found["healthy"]
    assert "expired on 2020-01-01" in printed(found)
