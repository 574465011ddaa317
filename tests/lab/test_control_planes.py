"""Three control planes made by one apply; the first dies for good, and work goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from conftest import Cluster

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


@pytest.fixture(scope="module")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three control planes and two workers, bare; the second worker is not in the inventory yet."""
    made = Cluster(tmp_path_factory.mktemp("planes"), "planes")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--control-planes", "3", "--workers", "2")
    yield made
    made.k8sops("lab", "down", made.name)


def names(cluster: Cluster) -> list[tuple[str, bool]]:
    return [(one["name"], one["ready"]) for one in cluster.k8sops("status", "-o", "json", expect=None).data()["nodes"]]


def test_three_control_planes_are_made_by_one_apply(planes: Cluster) -> None:
    second: dict[str, Any] = {}
    planes.edit(lambda data: second.update(w2=data["groups"]["workers"]["hosts"].pop("w2")))
    done = planes.apply()
    assert (done["failures"], done["still"]) == ([], [])
    assert names(planes) == [("cp1", True), ("cp2", True), ("cp3", True), ("w1", True)]
    status = planes.k8sops("status", "-o", "json").data()
    assert status["etcd"]["mayBeLost"] == 1
    assert planes.changes() == []
    left = planes.on("cp1", f"{KUBECTL} -n kube-system get secrets -o name")
    assert "bootstrap-token" not in left
    assert "kubeadm-certs" not in left
    assert all(one["passed"] for one in planes.k8sops("verify", "-o", "json").data()["tests"])
    planes.edit(lambda data: data["groups"]["workers"]["hosts"].update(second))


def test_the_first_control_plane_dies_and_a_worker_joins_all_the_same(planes: Cluster) -> None:
    subprocess.run(["docker", "kill", "k8sops-planes-cp1"], check=True, capture_output=True)
    ran = planes.k8sops("status", expect=None)
    assert "cp1" in ran.out
    # Exit code 4: one host did not answer. What could be done was done.
    done = planes.apply(expect=4)
    assert (done["failures"], done["still"], done["stoppedBefore"]) == ([], [], "")
    assert done["hosts"]["w2"]["changed"] > 0
    address = yaml.safe_load(planes.inventory.read_text())["groups"]["control_plane"]["hosts"]["cp2"]["address"]
    for host in ("cp2", "cp3", "w1", "w2"):
        assert planes.on(host, "getent hosts planes-api").split()[0] == address
    assert dict(names(planes))["w2"]
