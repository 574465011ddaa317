"""The cluster at a glance is told by a control plane that can."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console

from k8sops import yamlfile
from k8sops.host import Result
from k8sops.inventory import read_inventory
from k8sops.spec import make_spec
from k8sops.status import ask, print_status, summarise
from k8sops.testing import FakeHost

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
    assert "cp2 is not Ready: Kubelet stopped [posting] node status.\n" in said.getvalue()


def test_one_that_was_reset_is_passed_over() -> None:

    def told(script: str, *, serves: bool) -> Result:
        mark = script.splitlines()[1].removeprefix("MARK=").strip("'")
        lines = [f"{mark} part api", "ok" if serves else "", f"{mark} part nodes"]
        return Result(0, "\n".join([*lines, json.dumps({"items": [node("cp2", status="True")]}) if serves else ""]), "")

    hosts = {name: FakeHost(name, lambda s, n=name: told(s, serves=n == "cp2")) for name in ("cp1", "cp2", "cp3")}  # type: ignore[misc]
    found = ask(hosts.__getitem__, SPEC)
    assert (found["asked"], [one["name"] for one in found["nodes"]]) == ("cp2", ["cp2"])
