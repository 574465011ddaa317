"""Edits of the inventory, and of the cluster by hand, that k8sops cannot roll out: exactly those are reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from conftest import Cluster

pytestmark = pytest.mark.beside
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
Change = Callable[[dict[str, Any]], object]
CP1: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data["groups"]["control_plane"]["hosts"]["cp1"]  # noqa: E731
W1: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data["groups"]["workers"]["hosts"]["w1"]  # noqa: E731


@pytest.fixture(scope="module")
def living(living: Cluster) -> Cluster:
    """A cluster that is as its inventory says, whatever was done to it before; without its super administrator."""

    def plain(data: dict[str, Any]) -> None:
        workers = data["groups"]["workers"]
        for settings in (workers, *workers["hosts"].values()):
            for name in ("labels", "annotations", "taints"):
                settings.pop(name, None)

    living.edit(plain)
    living.apply()
    living.apply("-e", "super_admin=remove", allow="delete")
    assert pending(living, expect=0) == []
    return living


@pytest.fixture
def edit(living: Cluster) -> Iterator[Callable[[Change], None]]:
    """Edits the inventory for one test."""
    text = living.inventory.read_text()
    yield living.edit
    living.inventory.write_text(text)


def pending(cluster: Cluster, *words: str, expect: int | None = 2) -> list[tuple[str, str, str]]:
    """What `check` finds: name, host, what."""
    # Where preflight fails, words for people may come behind the document.
    data, _ = json.JSONDecoder().raw_decode(cluster.k8sops("check", "-o", "json", *words, expect=expect).out)
    return [(one["name"], one["host"], one["what"]) for one in data["findings"] if one["level"] == "pending"]


def nodes(cluster: Cluster) -> set[str]:
    groups = yaml.safe_load(cluster.inventory.read_text())["groups"]
    return {name for group in groups.values() for name in group["hosts"]}


def component(name: str, **settings: Any) -> Change:
    return lambda data: data.setdefault(name, {}).update(settings)


# The last item: the hosts on which it is found; none: on all.
EDITS: dict[str, tuple[Change, str, str, set[str]]] = {
    "a flag of the API server": (component("api_server", extra_args={"audit-log-maxage": "30"}), "ControlPlaneSettings", "api_server.extra_args.audit-log-maxage", {"cp1"}),
    "a flag of the controller manager": (component("controller_manager", extra_args={"bind-address": "0.0.0.0"}), "ControlPlaneSettings", "controller_manager.extra_args.bind-address", {"cp1"}),
    "a flag of the scheduler": (component("scheduler", extra_args={"v": "3"}), "ControlPlaneSettings", "scheduler.extra_args.v", {"cp1"}),
    "a flag of etcd": (component("etcd", extra_args={"quota-backend-bytes": "4294967296"}), "ControlPlaneSettings", "etcd.extra_args.quota-backend-bytes", {"cp1"}),
    "a volume": (component("api_server", extra_volumes=[{"name": "audit", "host_path": "/var/log", "mount_path": "/var/log"}]), "ControlPlaneSettings", "api_server.extra_volumes.audit", {"cp1"}),
    "a name of the API": (component("api_server", sans=["api.example.com"]), "CertificateNames", "api_server.sans", {"cp1"}),
    "a feature gate": (component("feature_gates", KubeletInUserNamespace=True), "FeatureGates", "feature_gates.KubeletInUserNamespace", set()),
    "a feature gate that there is not": (component("feature_gates", NoSuchGate=True), "FeatureGates", "feature_gates.NoSuchGate", set()),
    "a field of kubelet": (component("kubelet", maxPods=90), "KubeletSettings", "kubelet.maxPods", set()),
    "a field of kubelet taken out": (lambda data: data["kubelet"].pop("imageGCHighThresholdPercent"), "KubeletSettings", "kubelet.imageGCHighThresholdPercent", set()),
    "a field of kube-proxy": (component("kube_proxy", mode="nftables"), "KubeProxySettings", "kube_proxy.mode", {"cp1"}),
    "a field of kube-proxy taken out": (lambda data: data["kube_proxy"]["conntrack"].pop("maxPerCore"), "KubeProxySettings", "kube_proxy.conntrack.maxPerCore", {"cp1"}),
    "a flag of one kubelet": (lambda data: W1(data).update(kubelet_extra_args={"v": "4"}), "KubeletSettings", "kubelet_extra_args.v", {"w1"}),
    "node-ip": (lambda data: W1(data).update(kubelet_extra_args={"node-ip": "10.77.99.99"}), "KubeletSettings", "kubelet_extra_args.node-ip", {"w1"}),
    "a schedule": (component("backup", schedule="*-*-* 02:15:00"), "BackupSchedule", "backup.schedule", {"cp1"}),
    "no network": (lambda data: data["network"].update(cni="none"), "PodNetwork", "network.cni", {"cp1"}),
    "no taints": (lambda data: CP1(data).update(taints=[]), "Taints", "taints", {"cp1"}),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_named_with_its_path_and_nothing_else_is(
    living: Cluster, edit: Callable[[Change], None], name: str
) -> None:
    change, kind, setting, hosts = EDITS[name]
    edit(change)
    found = pending(living)
    assert {one[0] for one in found} == {kind}
    assert {one[1] for one in found} == (hosts or nodes(living))
    assert len({one[2] for one in found}) == 1
    assert found[0][2].startswith(f"{setting}: the inventory says ")


def test_a_gate_that_no_release_has_is_named_as_such(living: Cluster, edit: Callable[[Change], None]) -> None:
    edit(component("feature_gates", NoSuchGate=True, KubeletInUserNamespace=True))
    texts = {what for _, _, what in pending(living)}
    assert len(texts) == 2
    assert [text.partition(":")[0] for text in texts if "has no feature gate" in text] == ["feature_gates.NoSuchGate"]


def test_cgroup_v1_that_is_allowed_or_no_more_is_named(living: Cluster, edit: Callable[[Change], None]) -> None:
    edit(lambda data: data.update(allow_cgroup_v1=not data.get("allow_cgroup_v1", False)))
    # Where hosts have cgroup v1, that is an error beside it.
    found = pending(living, expect=None)
    assert {(name, host, what.partition(":")[0]) for name, host, what in found} == {
        ("KubeletSettings", host, "allow_cgroup_v1") for host in nodes(living)
    }


def test_another_address_of_a_node_is_named(living: Cluster, edit: Callable[[Change], None]) -> None:
    old = W1(yaml.safe_load(living.inventory.read_text()))["address"]
    new = f"{old.rpartition('.')[0]}.222"
    living.on("w1", f"ip address add {new}/24 dev eth0")
    try:
        edit(lambda data: W1(data).update(address=new, ssh={"host": old}))
        found = pending(living)
    finally:
        living.on("w1", f"ip address del {new}/24 dev eth0")
    assert {(name, host) for name, host, _ in found} == {("NodeAddress", "w1")}
    assert f"the inventory says {new}, the cluster has {old}" in found[0][2]


def test_a_worker_taken_out_is_named_and_a_limited_run_names_none(
    living: Cluster, edit: Callable[[Change], None]
) -> None:
    assert pending(living, "--limit", "cp1", expect=0) == []
    edit(lambda data: data["groups"]["workers"]["hosts"].pop("w1"))
    edit(lambda data: data["groups"]["workers"]["hosts"] or data["groups"].pop("workers"))
    for words in ((), ("--limit", "cp1")):
        found = [one for one in pending(living, *words) if one[1] == "w1"]
        assert [one[0] for one in found] == ["NodeNotInInventory"]
        assert "kubectl delete node" in found[0][2]


BY_HAND: dict[str, tuple[str, str, str, tuple[str, str, str]]] = {
    "a static pod": ("cp1", "sed -i 's/^    - --leader-elect=true/&\\n    - --v=1/' /etc/kubernetes/manifests/kube-scheduler.yaml", "sed -i '/--v=1/d' /etc/kubernetes/manifests/kube-scheduler.yaml", ("ControlPlaneSettings", "cp1", "scheduler.extra_args.v")),
    "the ConfigMap of kube-proxy": ("cp1", f"{KUBECTL} -n kube-system get configmap kube-proxy -o yaml | sed 's/mode: iptables/mode: nftables/' | {KUBECTL} replace -f -", f"{KUBECTL} -n kube-system get configmap kube-proxy -o yaml | sed 's/mode: nftables/mode: iptables/' | {KUBECTL} replace -f -", ("KubeProxySettings", "cp1", "kube_proxy.mode")),
    "one kubelet": ("w1", "echo 'maxPods: 42' >>/var/lib/kubelet/config.yaml", "sed -i '/maxPods: 42/d' /var/lib/kubelet/config.yaml", ("KubeletSettings", "w1", "kubelet.maxPods")),
    "a flag of one kubelet": ("w1", "sed -i 's/ARGS=\"/&--v=7 /' /var/lib/kubelet/kubeadm-flags.env", "sed -i 's/--v=7 //' /var/lib/kubelet/kubeadm-flags.env", ("KubeletSettings", "w1", "kubelet_extra_args.v")),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_an_edit_by_hand_is_named_too(living: Cluster, name: str) -> None:
    host, do, undo, named = BY_HAND[name]
    living.on(host, do)
    try:
        found = pending(living, expect=None)
    finally:
        living.on(host, undo)
    assert {(one[0], one[1], one[2].partition(":")[0]) for one in found} == {named}


def test_what_is_declared_no_more_leaves_the_node_and_what_others_set_stays(
    living: Cluster, edit: Callable[[Change], None]
) -> None:
    def declared(data: dict[str, Any]) -> None:
        W1(data).update(
            labels={"disk": "ssd", "zone": "a"}, annotations={"team": "a b"}, taints=["gpu=yes:PreferNoSchedule"]
        )

    def fewer(data: dict[str, Any]) -> None:
        W1(data).update(labels={"zone": "a"}, annotations={}, taints=[])

    living.on("cp1", f"{KUBECTL} label node w1 mine=1 && {KUBECTL} annotate node w1 mine=1")
    edit(declared)
    living.apply()
    assert not living.unsettled()
    edit(fewer)
    (change,) = living.changes()
    assert change["resource"] == "node:w1"
    gone = {line.partition(": ")[2] for line in change["diff"] if line.startswith("no longer declared")}
    assert gone == {"label disk=ssd", "annotate team=a b", "taint gpu=yes:PreferNoSchedule"}
    living.apply()
    node = json.loads(living.on("cp1", f"{KUBECTL} get node w1 -o json"))
    labels, annotations = node["metadata"]["labels"], node["metadata"]["annotations"]
    assert (labels.get("zone"), labels.get("mine"), labels.get("disk")) == ("a", "1", None)
    assert (annotations.get("mine"), annotations.get("team")) == ("1", None)
    assert [taint for taint in node["spec"].get("taints", []) if taint["key"] == "gpu"] == []
    edit(lambda data: [W1(data).pop(key) for key in ("labels", "annotations", "taints")])
    living.apply()
    node = json.loads(living.on("cp1", f"{KUBECTL} get node w1 -o json"))
    assert "zone" not in node["metadata"]["labels"]
    assert "k8sops.io/declared" not in node["metadata"]["annotations"]
    assert not living.unsettled()


def test_a_schedule_of_backups_that_is_made_and_edited_is_named_only_then(
    living: Cluster, edit: Callable[[Change], None]
) -> None:
    edit(component("backup", schedule="2099-01-01", drill="2099-01-01"))
    living.k8sops("etcd", "schedule", "--yes")
    assert pending(living, expect=0) == []
    edit(lambda data: data["backup"].update(drill="2098-01-01", keep={"last": 3}))
    found = pending(living)
    assert {(name, what.partition(":")[0]) for name, _, what in found} == {
        ("BackupSchedule", "backup.drill"), ("BackupSchedule", "backup.keep")
    }  # fmt: skip
    assert all("`k8sops etcd schedule` changes it" in what for _, _, what in found)
    edit(lambda data: data.pop("backup"))
    assert {what.partition(":")[0] for _, _, what in pending(living)} == {"backup.drill", "backup.schedule"}
    living.k8sops("etcd", "schedule", "--yes")
    assert pending(living, expect=0) == []


def test_sysctls_and_mirrors_that_are_declared_no_more_leave_no_file(
    living: Cluster, edit: Callable[[Change], None]
) -> None:
    def declared(data: dict[str, Any]) -> None:
        W1(data).update(sysctl={"net.ipv4.tcp_fin_timeout": 45})
        data["mirrors"]["images"]["example.com"] = "http://mirror.example.com"

    files = "/etc/sysctl.d/90-k8sops-net.ipv4.tcp_fin_timeout.conf /etc/containerd/certs.d/example.com/hosts.toml"
    others = "/etc/sysctl.d/99-mine.conf /etc/containerd/certs.d/mine.example/hosts.toml"
    living.on("w1", f"mkdir -p /etc/containerd/certs.d/mine.example; touch {others}")
    before = living.inventory.read_text()
    edit(declared)
    living.apply()
    living.on("w1", f"ls {files}")
    living.inventory.write_text(before)
    changes = {(one["host"], one["resource"]) for one in living.changes()}
    assert changes == {("w1", "withdrawn:sysctl"), *((host, "withdrawn:image-mirrors") for host in nodes(living))}
    living.apply()
    assert living.on("w1", f"ls {files} 2>/dev/null || true") == ""
    living.on("w1", f"ls {others}; rm {others}")
    assert not living.unsettled()


def test_secrets_that_others_could_read_are_tightened(living: Cluster) -> None:
    files = {
        "cp1": "/etc/kubernetes/admin.conf /etc/kubernetes/pki/ca.key /etc/kubernetes/pki/etcd/server.key /etc/kubernetes/manifests/etcd.yaml",
        "w1": "/etc/kubernetes/kubelet.conf /var/lib/kubelet/pki/kubelet.key",
    }
    for host, paths in files.items():
        living.on(host, f"chmod 0644 {paths}")
    changes = living.changes()
    assert {(one["host"], one["resource"], one["risk"]) for one in changes} == {
        (host, "secrets:private", "file") for host in files
    }
    assert any("/etc/kubernetes/pki/ca.key is 644 root:root" in line for one in changes for line in one["diff"])
    living.apply()
    for host, paths in files.items():
        assert set(living.on(host, f"stat -c '%a %U' {paths}").splitlines()) == {"600 root"}
    assert not living.unsettled()


def test_the_super_administrator_is_named_until_it_is_taken_off(living: Cluster) -> None:
    path = "/etc/kubernetes/super-admin.conf"
    living.on("cp1", f"[ ! -e {path} ] && touch {path} && chmod 0600 {path}")
    shown = living.k8sops("check", expect=0).out
    assert "[WARNING SuperAdmin] cp1:" in shown
    assert "k8sops apply -e super_admin=remove --allow delete" in shown
    living.apply()
    assert living.on("cp1", f"ls {path}").strip() == path
    living.apply("-e", "super_admin=remove", allow="delete")
    assert living.on("cp1", f"ls {path} 2>/dev/null || true") == ""
    assert "SuperAdmin" not in living.k8sops("check", expect=0).out
