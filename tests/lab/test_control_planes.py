"""Three control planes, containerd and docker mixed, made by one apply; firewalls; resets; the first plane dies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from conftest import Cluster

from k8sops.engine import shell
from k8sops.roles.etcd import library

SECOND: dict[str, Any] = {}
"""The second worker's entry, until it is put into the inventory."""
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


@pytest.fixture(scope="module")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three control planes and two workers, bare; the second worker is not in the inventory yet."""
    made = Cluster(tmp_path_factory.mktemp("planes"), "planes")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--control-planes", "3", "--workers", "2", "--docker", "w1")
    yield made
    made.k8sops("lab", "down", made.name)


def names(cluster: Cluster) -> list[tuple[str, bool]]:
    return [(one["name"], one["ready"]) for one in cluster.k8sops("status", "-o", "json", expect=None).data()["nodes"]]


def test_three_control_planes_are_made_by_one_apply(planes: Cluster) -> None:
    second: dict[str, Any] = {}
    planes.edit(lambda data: second.update(w2=data["groups"]["workers"]["hosts"].pop("w2")))
    done = planes.apply()
    assert (done["failures"], done["notConverged"]) == ([], [])
    assert names(planes) == [("cp1", True), ("cp2", True), ("cp3", True), ("w1", True)]
    status = planes.healthy()
    assert status["etcd"]["failureTolerance"] == 1
    assert planes.unsettled() == []
    left = planes.on("cp1", f"{KUBECTL} -n kube-system get secrets -o name")
    assert "bootstrap-token" not in left
    assert "kubeadm-certs" not in left
    assert all(one["passed"] for one in planes.k8sops("verify", "-o", "json").data()["tests"])
    runtimes = {one["name"]: one["runtime"].partition(":")[0] for one in status["nodes"]}
    assert runtimes == {"cp1": "containerd", "cp2": "containerd", "cp3": "containerd", "w1": "docker"}
    assert planes.on("w1", "iptables -S FORWARD | head -n 1").strip() == "-P FORWARD ACCEPT"
    SECOND.update(second)


def test_programs_are_copied_out_of_an_image_of_docker_too(planes: Cluster) -> None:
    """As etcd's tools are, where a control plane runs docker."""
    words = f"set +e\nMARK=x\n{shell.LIBRARY}\n{library('tools')}\n"
    found = """image=$(docker image ls --format '{{.Repository}}:{{.Tag}}' | grep kube-proxy | head -n 1)
mkdir -p /tmp/programs && image_files "$image" /tmp/programs kube-proxy && /tmp/programs/kube-proxy --version"""
    assert planes.on("w1", words + found) == "Kubernetes v1.36.3\n"
    left = planes.on("w1", "docker ps -a --filter status=created --format '{{.Names}}'; rm -r /tmp/programs")
    assert left == ""
    assert "is not on this host" in planes.on("w1", f"{words}image_files no.such/image:1 /tmp etcd 2>&1\nexit 0")


NFTABLES = """#!/usr/sbin/nft -f
flush ruleset
table inet mine {
  chain incoming {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
  chain through { type filter hook forward priority filter; policy drop; ct state established,related accept; }
}
"""


def reaches(cluster: Cluster, host: str, address: str, port: int) -> bool:
    probe = f"timeout 2 bash -c 'exec 3<>/dev/tcp/{address}/{port}' 2>/dev/null && echo yes || true"
    return cluster.on(host, probe).strip() == "yes"


def test_firewalls_let_in_exactly_what_is_needed(planes: Cluster) -> None:
    """ufw on a worker, nftables of somebody's own on a control plane, one of k8sops on the others."""
    install = "apt-get -q -y install --no-install-recommends"
    planes.on("w1", f"{install} ufw >/dev/null && ufw allow 22/tcp && ufw --force enable")
    planes.on("cp3", f"{install} nftables >/dev/null && cat >/etc/nftables.conf <<'EOF'\n{NFTABLES}EOF")
    # Its own rules go with what the service flushes at its start; they are put back within a minute.
    planes.on("cp3", "systemctl enable --now nftables")
    planes.edit(lambda data: data.update(firewall="managed"))
    done = planes.apply(allow="restart")
    assert (done["failures"], done["notConverged"]) == ([], [])
    assert planes.unsettled() == []
    hosts = yaml.safe_load(planes.inventory.read_text())["groups"]
    at = {name: one["address"] for group in hosts.values() for name, one in group["hosts"].items()}
    # w2 is in no cluster: only the API is open to it.
    assert [reaches(planes, "w2", at[name], 6443) for name in ("cp1", "cp2", "cp3")] == [True] * 3
    assert [name for name in at if reaches(planes, "w2", at[name], 10250)] == []
    assert [name for name in at if reaches(planes, "w2", at[name], 2379)] == []
    assert [reaches(planes, "cp1", at[name], 10250) for name in ("cp2", "cp3", "w1")] == [True] * 3
    assert reaches(planes, "cp1", at["cp3"], 2380)
    assert reaches(planes, "cp3", at["cp1"], 2380)
    assert not reaches(planes, "w1", at["cp1"], 2379)
    assert all(one["passed"] for one in planes.k8sops("verify", "-o", "json").data()["tests"])
    planes.on("cp3", "systemctl restart nftables && nft list chain inet mine k8sops_input | grep -q accept")


def test_a_control_plane_and_a_worker_are_reset_and_join_again(planes: Cluster) -> None:
    refused = planes.k8sops("reset", "w1", expect=64)
    assert "--confirm" in refused.err
    refused = planes.k8sops("reset", "w1", "--confirm", "demo", expect=64).err
    assert f"--confirm demo does not match cluster {planes.name}" in refused
    assert (
        "refusing to remove the last control plane"
        in planes.k8sops("reset", "control_plane", "--confirm", "x", expect=5).err
    )
    planes.k8sops("reset", "cp1,w1", "--confirm", planes.name)
    assert dict(names(planes)) == {"cp2": True, "cp3": True}
    assert len(planes.k8sops("status", "-o", "json", expect=None).data()["etcd"]["members"]) == 2
    for host in ("cp1", "w1"):
        assert planes.on(host, "iptables-save | grep -c KUBE- || true").strip() == "0"
        assert planes.on(host, "ls /sys/class/net").split().count("cni0") == 0
        assert planes.on(host, "ls /var/lib/etcd; ls /etc/kubernetes/pki 2>/dev/null || true") == ""
    done = planes.apply()
    assert (done["failures"], done["notConverged"]) == ([], [])
    assert planes.unsettled() == []
    assert len(planes.healthy()["etcd"]["members"]) == 3
    assert all(one["passed"] for one in planes.k8sops("verify", "-o", "json").data()["tests"])


def test_a_pod_that_nothing_brings_back_keeps_its_node_from_being_reset(planes: Cluster) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: alone}\nspec:\n  nodeName: w1\n  containers:\n"
    pod += "  - {name: a, image: registry.k8s.io/pause:3.10.2}\n"
    planes.on(
        "cp2", f"{KUBECTL} apply -f - <<'EOF'\n{pod}EOF\n{KUBECTL} wait --for=condition=Ready pod/alone --timeout=60s"
    )
    ran = planes.k8sops("reset", "w1", "--confirm", planes.name, expect=3)
    assert "default/alone (no controller recreates it)" in ran.out
    assert "Stopped before" in ran.out
    planes.on("cp2", f"{KUBECTL} delete pod alone --now && {KUBECTL} uncordon w1")
    assert dict(names(planes))["w1"]


def test_the_first_control_plane_dies_and_a_worker_joins_all_the_same(planes: Cluster) -> None:
    planes.edit(lambda data: data["groups"]["workers"]["hosts"].update(SECOND))
    planes.docker("kill", "cp1")
    ran = planes.k8sops("status", expect=None)
    assert "cp1" in ran.out
    # Exit code 4: one host did not answer. What could be done was done.
    done = planes.apply(expect=4, allow="restart")
    assert (done["failures"], done["notConverged"], done["stoppedBefore"]) == ([], [], "")
    assert done["hosts"]["w2"]["changed"] > 0
    address = yaml.safe_load(planes.inventory.read_text())["groups"]["control_plane"]["hosts"]["cp2"]["address"]
    for host in ("cp2", "cp3", "w1", "w2"):
        assert planes.on(host, f"getent hosts {planes.name}-api").split()[0] == address
    assert dict(names(planes))["w2"]
