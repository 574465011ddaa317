"""The restart of what a working node runs on: in the plan, and never covered by --yes alone."""

from __future__ import annotations

import pytest
from conftest import Cluster

pytestmark = pytest.mark.beside
CONFIG = "/etc/containerd/config.toml"


def started(cluster: Cluster) -> str:
    return cluster.on("w1", "systemctl show -P ExecMainStartTimestampMonotonic containerd").strip()


def test_a_restart_on_a_working_node_is_planned_and_needs_leave(living: Cluster) -> None:
    living.apply()
    living.on("w1", f"sed -i 's/SystemdCgroup = true/SystemdCgroup = false/' {CONFIG}")
    before = started(living)
    plan = living.k8sops("plan", "-o", "json").data()
    risks = {(change["host"], change["resource"]): change["risk"] for change in plan["changes"]}
    assert risks["w1", f"file:{CONFIG}"] == "file"
    assert risks["w1", "service:containerd"] == "restart"
    assert "1 restart (w1)" in plan["summary"]
    assert "does not cover: restart" in living.k8sops("apply", "--yes", expect=64).err
    assert started(living) == before
    assert "SystemdCgroup = false" in living.on("w1", f"cat {CONFIG}")
    living.k8sops("apply", "--yes", "--allow", "restart")
    assert started(living) != before
    assert living.unsettled() == []
