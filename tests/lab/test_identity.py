"""Foreign clusters, and edits that a living cluster cannot apply: refused, and nothing is written."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import Cluster

pytestmark = pytest.mark.beside
WRITTEN = "find /etc /var/lib/kubelet/*.* -xdev -type f -newer /tmp/before"
"""Files of configuration that were written since the test began."""
BY_HAND = """cat >/tmp/init.yaml <<EOF
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
networking: {serviceSubnet: 10.200.0.0/16, podSubnet: 10.201.0.0/16}
apiServer:
  extraArgs: [{name: audit-log-path, value: /var/log/kubernetes/audit.log}]
  extraVolumes: [{name: logs, hostPath: /var/log/kubernetes, mountPath: /var/log/kubernetes, pathType: DirectoryOrCreate}]
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
EOF
kubeadm init --config /tmp/init.yaml --ignore-preflight-errors=all >/tmp/init.log 2>&1 || { tail /tmp/init.log >&2; exit 1; }
"""


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A host on which somebody has run kubeadm init."""
    made = Cluster(tmp_path_factory.mktemp("byhand"), "byhand")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "0")
    made.k8sops("apply", "--yes", "-t", "swap,kernel,names,kubernetes-packages,container-runtime")
    made.on("cp1", BY_HAND)
    yield made
    made.k8sops("lab", "down", made.name)


def findings(cluster: Cluster, *words: str) -> list[tuple[str, str, str]]:
    """(host, name, what) of the findings because of which nothing is applied."""
    ran = cluster.k8sops("plan", "-o", "json", *words, expect=6)
    return [(one["host"], one["name"], one["what"]) for one in ran.data()["findings"] if one["level"] == "error"]


def unchanged(cluster: Cluster, host: str) -> None:
    assert cluster.on(host, WRITTEN).split() == []


def test_a_control_plane_made_by_hand_is_left_alone(by_hand: Cluster) -> None:
    by_hand.on("cp1", "sleep 1; touch /tmp/before; sleep 0.1")
    ((host, name, what),) = findings(by_hand)
    assert (host, name) == ("cp1", "ForeignCluster")
    assert "name kubernetes, Kubernetes 1.36.3, services 10.200.0.0/16" in what
    for words in (["apply", "--yes"], ["apply", "--yes", "--allow", "restart,drain,delete"]):
        ran = by_hand.k8sops(*words, "--ignore-preflight-errors=all,ForeignCluster", expect=6)
        assert "[ERROR ForeignCluster] cp1" in ran.out
    unchanged(by_hand, "cp1")
    ran = by_hand.k8sops("reset", "--all", "--confirm", by_hand.name, expect=6)
    assert "ForeignCluster" in ran.out
    unchanged(by_hand, "cp1")
    alive = "kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw=/readyz; cat /etc/kubernetes/manifests/*"
    flags = by_hand.on("cp1", alive)
    assert flags.startswith("ok")
    assert "--service-cluster-ip-range=10.200.0.0/16" in flags


def test_what_such_a_cluster_has_left_is_named(by_hand: Cluster) -> None:
    by_hand.on("cp1", "systemctl stop kubelet; rm /etc/kubernetes/kubelet.conf; sleep 1; touch /tmp/before; sleep 0.1")
    ((_, name, what),) = findings(by_hand)
    assert name == "ForeignCluster"
    assert "leftovers" in what
    assert "/etc/kubernetes/manifests/kube-apiserver.yaml" in what
    by_hand.k8sops("apply", "--yes", expect=6)
    unchanged(by_hand, "cp1")


def _move(data: dict[str, Any], name: str, group: str) -> None:
    groups = data["groups"]
    there = next(one for one in groups.values() if name in one["hosts"])
    groups[group]["hosts"][name] = there["hosts"].pop(name)


def _swap(data: dict[str, Any]) -> None:
    hosts = data["groups"]["workers"]["hosts"]
    hosts["w1"], hosts["w2"] = hosts["w2"], hosts["w1"]


def _rename(data: dict[str, Any]) -> None:
    hosts = data["groups"]["workers"]["hosts"]
    hosts["big"] = hosts.pop("w1")


def _swap_roles(data: dict[str, Any]) -> None:
    groups = copy.deepcopy(data["groups"])
    data["groups"]["control_plane"]["hosts"] = {"w1": groups["workers"]["hosts"].pop("w1")}
    data["groups"]["workers"]["hosts"] = groups["workers"]["hosts"] | groups["control_plane"]["hosts"]


ALL = {"cp1", "w1", "w2"}
EDITS: dict[str, tuple[Callable[[dict[str, Any]], object], str, set[str], str]] = {
    "a worker becomes a control plane": (lambda d: _move(d, "w1", "control_plane"), "Role", {"w1"}, "k8sops reset w1"),
    "a control plane and a worker change places": (_swap_roles, "Role", {"cp1", "w1"}, "k8sops reset"),
    "a newer minor": (lambda d: d.update(kubernetes="1.37.2"), "KubernetesVersion", {"cp1"}, "1.36.3"),
    "a lower patch": (lambda d: d.update(kubernetes="1.36.2"), "KubernetesVersion", {"cp1"}, "downgrades"),
    "a higher patch": (lambda d: d.update(kubernetes="1.36.4"), "KubernetesVersion", {"cp1"}, "not supported yet"),
    "an endpoint": (lambda d: d.update(endpoint="lb.example.com:6443"), "Endpoint", ALL, "lb.example.com"),
    "pods": (lambda d: d["network"].update(pods="10.32.0.0/16"), "Immutable", {"cp1"}, "network.pods"),
    "services": (lambda d: d["network"].update(services="10.97.0.0/16"), "Immutable", {"cp1"}, "network.services"),
    "dns_domain": (lambda d: d["network"].update(dns_domain="k8s.local"), "Immutable", ALL, "k8s.local"),
    "the cluster's name": (lambda d: d.update(cluster="prod"), "Immutable", {"cp1"}, "cluster: the cluster has"),
    "two hosts swapped": (_swap, "NodeName", {"w1", "w2"}, "this host is the node w"),
    "a host renamed": (_rename, "NodeName", {"big"}, "put the name w1 back"),
    "another network": (
        lambda d: d["network"].update(cni={"manifests": ["mine.yaml"]}), "NetworkPlugin", ALL, "mine.yaml"
    ),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_that_a_living_cluster_cannot_follow_is_refused(living: Cluster, edit: str) -> None:
    change, name, hosts, text = EDITS[edit]
    before = living.inventory.read_text()
    (living.folder / "mine.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: mine}\n")
    try:
        living.edit(change)
        found = findings(living, "--ignore-preflight-errors=all")
        named = [one for one in found if one[1] == name]
        assert {one[0] for one in named} == hosts, found
        assert text in named[0][2]
    finally:
        living.inventory.write_text(before)


def test_such_an_edit_is_applied_to_nobody(living: Cluster) -> None:
    before = living.inventory.read_text()
    try:
        living.edit(lambda data: _move(data, "w1", "control_plane"))
        for host in ALL:
            living.on(host, "sleep 0.1; touch /tmp/before; sleep 0.1")
        ran = living.k8sops("apply", "--yes", "--allow", "restart,drain,delete", expect=6)
        assert "[ERROR Role] w1: w1 is a worker of this cluster" in ran.out
        for host in ALL:
            unchanged(living, host)
    finally:
        living.inventory.write_text(before)


def test_put_back_there_is_nothing_to_change(living: Cluster) -> None:
    assert living.changes() == []
    living.k8sops("check")


@pytest.mark.long
def test_a_worker_that_was_reset_joins_as_a_control_plane(living: Cluster) -> None:
    """The way that the finding Role names, and back."""
    before = living.inventory.read_text()
    living.k8sops("reset", "w1", "--confirm", living.name)
    living.edit(lambda data: _move(data, "w1", "control_plane"))
    living.apply()
    assert living.changes() == []
    living.k8sops("reset", "w1", "--confirm", living.name)
    living.inventory.write_text(before)
    living.apply()
    assert living.unsettled() == []
