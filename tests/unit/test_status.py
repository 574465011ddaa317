"""The cluster at a glance is told by a control plane that can."""

from __future__ import annotations

import json

from k8sops import yamlfile
from k8sops.host import Result
from k8sops.inventory import read_inventory
from k8sops.spec import make_spec
from k8sops.status import ask
from k8sops.testing import FakeHost

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {"cp[1:3]": {address: "10.0.0.[1:3]"}}}
"""


def test_one_that_was_reset_is_passed_over() -> None:
    node = {
        "metadata": {"name": "cp2", "labels": {}},
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.36.3", "containerRuntimeVersion": "containerd://1.6"},
            "addresses": [],
        },
    }

    def told(script: str, *, serves: bool) -> Result:
        mark = script.splitlines()[1].removeprefix("MARK=").strip("'")
        lines = [f"{mark} part api", "ok" if serves else "", f"{mark} part nodes"]
        return Result(0, "\n".join([*lines, json.dumps({"items": [node]}) if serves else ""]), "")

    hosts = {name: FakeHost(name, lambda s, n=name: told(s, serves=n == "cp2")) for name in ("cp1", "cp2", "cp3")}  # type: ignore[misc]
    found = ask(hosts.__getitem__, make_spec(read_inventory(yamlfile.load(INVENTORY, "inv.yaml"))))
    assert (found["asked"], [one["name"] for one in found["nodes"]]) == ("cp2", ["cp2"])
