"""From bare hosts to a cluster, and what happens to it later; the tests build on each other, in this order."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import NAME, Cluster, bare_home

from k8sops.engine.fakes import FakeHost
from k8sops.engine.host import Host
from k8sops.engine.plan import Filters
from k8sops.engine.session import Connect, Session
from k8sops.engine.survey import make_plan
from k8sops.operations.connections import connections
from k8sops.operations.inputs import load_named_playbook, load_spec
from k8sops.roles.networks.flannel.network import flannel_manifest

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


def test_bare_hosts_have_nothing_of_what_k8sops_brings(cluster: Cluster) -> None:
    for host in ("cp1", "w1"):
        found = cluster.on(host, "for p in python3 containerd docker kubelet kubeadm; do command -v $p || true; done")
        assert found == ""


def test_a_change_without_a_terminal_and_without_yes_is_refused(cluster: Cluster) -> None:
    assert "--yes" in cluster.k8sops("apply", expect=64).err


def test_a_finding_is_named_and_stops_before_anything_is_changed(cluster: Cluster, tmp_path: Path) -> None:
    data = yaml.safe_load(cluster.inventory.read_text())
    data["allow_cgroup_v1"] = False
    data["network"]["pods"] = "10.77.0.0/16"
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(yaml.safe_dump(data))
    ran = cluster.k8sops("apply", "--yes", inventory=inventory, expect=5)
    assert "is inside network.pods" in ran.err
    data["network"]["pods"] = "10.244.0.0/16"
    data["mirrors"]["packages"] = "http://mirror:81"
    inventory.write_text(yaml.safe_dump(data))
    ran = cluster.k8sops("apply", "--yes", inventory=inventory, expect=6)
    assert "[ERROR PackageRepository] cp1, w1: cannot reach mirror port 81: connection refused" in ran.out
    assert cluster.on("cp1", "ls /etc/apt/sources.list.d").strip() == "debian.sources"


def test_a_host_key_that_is_not_pinned_or_is_another_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    data = yaml.safe_load(cluster.inventory.read_text())
    hosts = data["groups"]["control_plane"]["hosts"] | data["groups"]["workers"]["hosts"]
    right = hosts["cp1"].pop("host_key")
    hosts["w1"]["host_key"] = right
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(yaml.safe_dump(data))
    ran = cluster.k8sops("plan", inventory=inventory, expect=4, env=bare_home(tmp_path))
    fingerprint = cluster.on("cp1", "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    assert "is not known: ssh-ed25519" in ran.out
    assert fingerprint in ran.out
    assert "ssh-keyscan" in ran.out
    assert "has changed" in ran.out
    log = cluster.on("w1", "journalctl --sync; journalctl -u ssh --no-pager -n 5")
    assert "Accepted" not in log.splitlines()[-1]


def test_bare_hosts_become_a_cluster(cluster: Cluster) -> None:
    done = cluster.apply()
    assert done["failures"] == []
    assert done["notConverged"] == []
    status = cluster.k8sops("status", "-o", "json").data()
    assert status["healthy"]
    assert [node["name"] for node in status["nodes"]] == ["cp1", "w1"]
    assert status["etcd"]["failureTolerance"] == 0
    assert "never" in cluster.k8sops("status").out


def test_the_operators_kubeconfig_has_the_context(cluster: Cluster) -> None:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    assert config["current-context"] == NAME
    assert cluster.kubeconfig.stat().st_mode & 0o777 == 0o600


def test_verify_is_green_over_vxlan(cluster: Cluster, tmp_path: Path) -> None:
    ran = cluster.k8sops("verify", "-o", "json", "--junit", str(tmp_path / "junit.xml"))
    assert all(one["passed"] for one in ran.data()["tests"])
    assert (tmp_path / "junit.xml").read_text().count("<testcase") == len(ran.data()["tests"])


def test_a_second_apply_changes_nothing_and_costs_two_scripts_a_host_and_a_third_one(
    cluster: Cluster, tmp_path: Path
) -> None:
    assert all(host["changed"] == 0 for host in cluster.apply()["hosts"].values())
    spec = load_spec(cluster.inventory)
    for scripts in (2, 1):
        counted: dict[str, FakeHost] = {}
        with connections(spec) as connect:

            def counting(name: str, counted: dict[str, FakeHost] = counted, connect: Connect = connect) -> Host:
                real = connect(name)
                return counted.setdefault(name, FakeHost(name, lambda script: real.run(script)))

            session = Session(counting, lambda event: None, memory=tmp_path / "facts.json")
            plan = make_plan(session, spec, load_named_playbook("site", spec.folder), Filters())
        assert not plan.changes
        assert {name: len(host.scripts) for name, host in counted.items()} == {"cp1": scripts, "w1": scripts}


def test_a_cluster_that_is_as_it_should_be_is_called_ready(cluster: Cluster) -> None:
    ran = cluster.k8sops("apply", "--yes")
    assert re.search(rf"\nCluster {NAME} is ready: 2 nodes, Kubernetes 1\.\d+\.\d+ \(", ran.out)
    assert f"kubectl --context {NAME} get nodes" in ran.out
    assert "is ready" not in cluster.k8sops("apply", "--yes", "-l", "w1").out
    version = yaml.safe_load(cluster.inventory.read_text())["kubernetes"]
    hosts = cluster.k8sops("version", "--hosts", "-o", "json").data()["hosts"]
    assert [(host["name"], host["kubelet"], host["kubeadm"]) for host in hosts] == [
        ("cp1", version, version),
        ("w1", version, version),
    ]
    assert all(host["containerd"] for host in hosts)


def test_what_wins_over_the_pod_network_of_a_node_is_named(cluster: Cluster) -> None:
    own = '{"name": "own", "plugins": [{"type": "bridge"}]}'
    cluster.on("w1", "ip link add cni0 type bridge 2>/dev/null || true; ip address add 10.99.0.1/24 dev cni0")
    cluster.on("w1", f"echo '{own}' >/etc/cni/net.d/05-own.conflist")
    try:
        data = json.JSONDecoder().raw_decode(cluster.k8sops("plan", "-o", "json", expect=6).out)[0]
    finally:
        cluster.on("w1", "rm /etc/cni/net.d/05-own.conflist; ip address del 10.99.0.1/24 dev cni0")
    found = {one["name"]: one["what"] for one in data["findings"] if one["host"] == "w1"}
    assert found["CNIConfig"].startswith("/etc/cni/net.d/05-own.conflist takes precedence over ")
    assert found["CNIBridge"].startswith("the bridge cni0 has the address 10.99.0.1/24, the pod range of this node is 10.244.")
    assert cluster.changes() == []


def test_no_join_token_is_left(cluster: Cluster) -> None:
    secrets = cluster.on("cp1", f"{KUBECTL} -n kube-system get secrets -o name")
    assert "bootstrap-token" not in secrets


DRIFT = {
    "a sysctl": ("w1", "echo 0 >/proc/sys/net/ipv4/ip_forward", "sysctl:net.ipv4.ip_forward", "cat /proc/sys/net/ipv4/ip_forward", "1"),
    "a file's content": ("w1", "echo '# mine' >>/etc/profile.d/k8sops.sh", "file:/etc/profile.d/k8sops.sh", "grep -c mine /etc/profile.d/k8sops.sh || true", "0"),
    "a file's mode": ("cp1", "chmod 0666 /etc/containerd/certs.d/registry.k8s.io/hosts.toml", "file:/etc/containerd/certs.d/registry.k8s.io/hosts.toml", "stat -c %a /etc/containerd/certs.d/registry.k8s.io/hosts.toml", "644"),
    "a runtime's configuration that others can write": ("cp1", "chmod 0666 /etc/containerd/config.toml", "mode:/etc/containerd/config.toml", "stat -c %a /etc/containerd/config.toml", "644"),
    "a package's version": ("w1", "apt-get install -qq -y --allow-downgrades --allow-change-held-packages kubectl=1.36.3-1.0", "packages:kubernetes", "dpkg-query -W -f '${Version}' kubectl", "1.36.3-1.1"),
    "an unheld package": ("w1", "apt-mark unhold kubelet", "packages:kubernetes", "apt-mark showhold kubelet", "kubelet"),
    "a stopped service": ("w1", "systemctl stop kubelet", "service:kubelet", "systemctl is-active kubelet", "active"),
}  # fmt: skip


@pytest.mark.parametrize("name", DRIFT)
def test_drift_is_found_shown_and_healed_and_nothing_else_touched(cluster: Cluster, name: str) -> None:
    host, break_it, resource, look, expected = DRIFT[name]
    cluster.on(host, break_it)
    assert cluster.k8sops("check", expect=2).code == 2
    # After a restart of kubelet its node is looked at, too.
    changes = [one for one in cluster.changes() if not one["resource"].startswith("gate:")]
    assert {(one["host"], one["resource"]) for one in changes} == {(host, resource)}
    done = cluster.apply(allow="restart" if name == "a stopped service" else "")
    assert {name for name, tally in done["hosts"].items() if tally["changed"]} == {host}
    assert cluster.on(host, look).strip() == expected
    assert cluster.k8sops("check").code == 0


def test_a_label_is_set_as_declared_and_set_again_when_removed(cluster: Cluster) -> None:
    def declare(data: dict[str, Any]) -> None:
        data["groups"]["workers"]["labels"] = {"disk": "ssd"}
        data["groups"]["workers"]["taints"] = ["gpu=true:PreferNoSchedule"]

    cluster.edit(declare)
    assert [one["resource"] for one in cluster.changes()] == ["node:w1"]
    cluster.apply()
    cluster.on("cp1", f"{KUBECTL} label node w1 disk-; {KUBECTL} label node w1 theirs=kept")
    (change,) = cluster.changes()
    assert change["resource"] == "node:w1"
    assert change["diff"] == ["wanted: label disk=ssd"]
    cluster.apply()
    labels = cluster.on("cp1", f"{KUBECTL} get node w1 --show-labels --no-headers")
    assert "disk=ssd" in labels
    assert "theirs=kept" in labels


def test_a_worker_joins_and_no_other_host_is_changed(cluster: Cluster) -> None:
    settings = yaml.safe_load(cluster.inventory.read_text())["groups"]["workers"]
    cluster.lab_up("--workers", "2")

    def declare(data: dict[str, Any]) -> None:
        data["groups"]["workers"].update(labels=settings["labels"], taints=settings["taints"])
        # Pods that do not tolerate it are evicted; that of the network must not be.
        data["groups"]["workers"]["hosts"]["w2"]["taints"] = ["gpu=true:NoExecute"]

    cluster.edit(declare)
    done = cluster.apply()
    assert "NoExecute" in cluster.on("cp1", f"{KUBECTL} get node w2 -o yaml")
    assert done["hosts"]["w1"]["changed"] == 0
    assert done["hosts"]["w2"]["changed"] > 0
    nodes = cluster.k8sops("status", "-o", "json").data()["nodes"]
    assert [(node["name"], node["ready"]) for node in nodes] == [("cp1", True), ("w1", True), ("w2", True)]
    # Work on the cluster itself is all that the control plane saw: the token, made and withdrawn, and the labels.
    assert done["hosts"]["cp1"]["changed"] == 3


def test_a_jump_host_is_gone_through_and_its_key_is_checked_too(cluster: Cluster, tmp_path: Path) -> None:
    data = yaml.safe_load(cluster.inventory.read_text())
    plane = data["groups"]["control_plane"]["hosts"]["cp1"]
    data["groups"]["workers"]["hosts"]["w1"]["ssh"] = {"jump": f"ops@{plane['address']}"}
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(yaml.safe_dump(data))
    assert cluster.k8sops("check", "-l", "w1", inventory=inventory).code == 0
    assert f"from {plane['address']}" in cluster.on("w1", "journalctl --sync; journalctl -u ssh --no-pager -n 20")
    del plane["host_key"]
    inventory.write_text(yaml.safe_dump(data))
    ran = cluster.k8sops("check", "-l", "w1", inventory=inventory, expect=4, env=bare_home(tmp_path))
    assert f"unreachable w1: the host key of {plane['address']} is not known" in ran.out


def test_host_gw_is_verified_too(cluster: Cluster) -> None:
    cluster.edit(lambda data: data["network"].update(flannel={"backend": "host-gw"}))
    changes = {one["resource"]: one["outcome"] for one in cluster.changes()}
    assert changes == {"manifest:flannel": "drift", "gate:daemonset/kube-flannel-ds": "unknown"}
    cluster.apply()
    assert all(one["passed"] for one in cluster.k8sops("verify", "-o", "json").data()["tests"])
    assert "via 10.77" in cluster.on("w1", "ip route show 10.244.0.0/24")


def test_manifests_of_ones_own_take_the_place_of_flannel(cluster: Cluster, tmp_path: Path) -> None:
    # Of the same plugin: another one is refused (tests/lab/test_identity.py).
    own = tmp_path / "my-flannel.yaml"
    before = cluster.on("cp1", f"{KUBECTL} get daemonset -n kube-flannel -o name")
    own.write_text(flannel_manifest(load_spec(cluster.inventory)).replace("host-gw", "vxlan"))
    cluster.edit(lambda data: data["network"].update(cni={"manifests": [str(own)]}))
    assert {one["resource"] for one in cluster.changes()} - {"manifest:definitions"} == {"manifest:my-flannel"}
    cluster.apply()
    assert cluster.on("cp1", f"{KUBECTL} get daemonset -n kube-flannel -o name") == before
    assert "vxlan" in cluster.on("cp1", f"{KUBECTL} get configmap -n kube-flannel kube-flannel-cfg -o yaml")
    own.write_text("kind: [")
    assert re.search(rf"{own}:\d+:\d+: cannot be used as a manifest", cluster.k8sops("plan", expect=5).err)
    cluster.edit(lambda data: data["network"].update(cni="flannel"))


def test_a_host_that_is_down_is_said_and_the_others_are_planned(cluster: Cluster) -> None:
    cluster.docker("pause", "w2")
    try:
        ran = cluster.k8sops("plan", expect=4)
    finally:
        cluster.docker("unpause", "w2")
    assert "unreachable w2" in ran.out


def test_runs_are_listed_and_shown_and_hold_no_secret(cluster: Cluster) -> None:
    runs = cluster.k8sops("runs", "list", "-o", "json").data()["items"]
    assert runs[0]["exitCode"] is None or runs[0]["exitCode"] >= 0
    joined = next(run for run in runs if run["cluster"] == NAME and run["changed"] > 10)
    assert "kubeadm-join" in cluster.k8sops("runs", "show", joined["run"]).out
    events = cluster.k8sops("runs", "show", joined["run"], "-o", "json").out
    assert "token-secret" not in events
