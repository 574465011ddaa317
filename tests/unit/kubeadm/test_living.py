"""A living cluster against the inventory; tests/golden/living-1.36 is what kubeadm 1.36.3 makes of its inventory."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.findings import Finding
from k8sops.engine.shell import LIBRARY
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.roles.etcd.tasks.etcd_schedule import jobs_of, script_of
from k8sops.roles.kubeadm.facts import living
from k8sops.roles.kubeadm.living import edits
from k8sops.roles.kubeadm.living.compare import differences, empty_in_kubelet, empty_in_proxy
from k8sops.roles.kubeadm.living.defaults import KUBELET, PROXY
from k8sops.roles.kubeadm.tasks.edits import TASK

GOLDEN = Path(__file__).resolve().parents[2] / "golden/living-1.36"
GATE = "InPlacePodVerticalScalingExclusiveCPUs"
Change = Callable[[dict[str, Any]], object]


def spec_of(change: Change = lambda data: None) -> ClusterSpec:
    """The golden inventory, edited."""
    data = yaml.safe_load((GOLDEN / "inventory.yaml").read_text())
    change(data)
    return make_spec(read_inventory(yamlfile.load(yaml.safe_dump(data), "inv.yaml")))


def go_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def api_lines(nodes: Mapping[str, str]) -> str:
    """What kubectl makes of the template."""
    configs = {"ClusterConfiguration": "kubeadm-config", "kubelet": "kubelet-config", "config.conf": "kube-proxy"}
    lines = [f"more.living.{key}={go_quoted((GOLDEN / f'{name}.conf').read_text())}" for key, name in configs.items()]
    return "\n".join([*lines, *(f"more.living.node={name} {rest}" for name, rest in nodes.items())])


NODES = {
    **{f"cp{at}": f"2026-11-28T18:00:00Z 10.0.0.1{at}, {edits.KUBEADM_TAINT}, " for at in (1, 2, 3)},
    **{f"w{at}": f"2026-11-28T18:00:00Z 10.0.0.2{at},  " for at in (1, 2)},
}


def host_files(folder: Path, name: str, address: str, *, plane: bool) -> None:
    """A host's files as kubeadm would write them there."""
    for path in ("etc/kubernetes/manifests", "etc/kubernetes/pki", "etc/kubernetes/k8sops", "var/lib/kubelet"):
        (folder / path).mkdir(parents=True)
    (folder / "etc/kubernetes/kubelet.conf").touch()
    shutil.copy(GOLDEN / "config.yaml", folder / "var/lib/kubelet")
    # A host whose name is that of its node needs no --hostname-override.
    args = f"--node-ip={address}" + (" --v=2" if name == "w1" else "")
    (folder / "var/lib/kubelet/kubeadm-flags.env").write_text(f'KUBELET_KUBEADM_ARGS="{args}"\n')
    if plane:
        (folder / "etc/kubernetes/k8sops/initialised").touch()
        shutil.copy(GOLDEN / "apiserver.crt", folder / "etc/kubernetes/pki")
        for path in GOLDEN.glob("*.yaml"):
            if path.name not in ("inventory.yaml", "config.yaml"):
                text = path.read_text().replace("10.0.0.11", address).replace("cp1", name)
                (folder / "etc/kubernetes/manifests" / path.name).write_text(text)


class Hosts:
    """The hosts of the golden inventory, as folders."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.nodes, self.api = folder, dict(NODES), ""
        self.addresses = {host.name: host.address for host in spec_of().hosts}
        for name, address in self.addresses.items():
            host_files(folder / name, name, address, plane=name.startswith("cp"))

    def edit(self, host: str, path: str, old: str, new: str) -> None:
        file = self.folder / host / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def facts(self, spec: ClusterSpec, name: str) -> HostFacts:
        api = self.folder / "api"
        api.write_text((self.api or api_lines(self.nodes)) + "\n")
        script = living.asks(spec)
        for path in (
            "/etc/kubernetes",
            "/var/lib/kubelet",
            "/etc/default",
            "/etc/cni",
            "/usr/local",
            "/etc/systemd",
            "/etc/cron.d",
        ):
            script = script.replace(path, f"{self.folder}/{name}{path}")
        own = 'fact() { printf "%s=%s\\n" "$1" "$2"; }\nkubectl() { cat "$API_FILE"; }\nkubelet() { echo "$HELP"; }'
        env = {
            "PATH": "/usr/bin:/bin",
            "API_FILE": str(api),
            "HELP": f"  {GATE}=true|false (ALPHA)\n  kube:Other=true|false",
        }
        lines = [LIBRARY, own, script]
        ran = subprocess.run(["bash", "-c", "\n".join(lines)], env=env, capture_output=True, text=True, check=False)
        assert ran.stderr == ""
        facts = HostFacts.parse(ran.stdout.splitlines())
        socket = "unix:///run/containerd/containerd.sock"
        return replace(facts, joined=True, initialised=name.startswith("cp"), api=True, cri_socket=socket)

    def findings(self, change: Change = lambda data: None, only: tuple[str, ...] = ()) -> list[Finding]:
        spec = spec_of(change)
        names = only or tuple(self.addresses)
        fleet = Fleet({name: self.facts(spec, name) for name in names}, frozenset(names))
        return list(TASK.findings(spec, fleet))


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(tmp_path)


def brief(found: list[Finding]) -> dict[tuple[str, str], list[str]]:
    """Hosts by the finding's name and setting."""
    named: dict[tuple[str, str], list[str]] = {}
    for one in found:
        assert one.level == "pending"
        named.setdefault((one.name, one.what.partition(": ")[0]), []).append(one.host)
    return named


def test_a_cluster_that_is_as_the_inventory_says_has_no_finding(hosts: Hosts) -> None:
    assert hosts.findings() == []
    assert hosts.findings(only=("cp2", "w1")) == []


PLANES, WORKERS = ["cp1", "cp2", "cp3"], ["w1", "w2"]
EVERYONE = [*PLANES, *WORKERS]
EDITS: dict[str, tuple[Change, tuple[str, str], list[str]]] = {
    "a flag": (lambda d: d["api_server"]["extra_args"].update({"audit-log-maxage": "60"}), ("ControlPlaneSettings", "api_server.extra_args.audit-log-maxage"), PLANES),
    "a new flag": (lambda d: d["scheduler"]["extra_args"].update({"profiling": "false"}), ("ControlPlaneSettings", "scheduler.extra_args.profiling"), PLANES),
    "a flag given twice": (lambda d: d["api_server"]["extra_args"].update({"v": ["2", "3"]}), ("ControlPlaneSettings", "api_server.extra_args.v"), PLANES),
    "a default of kubeadm": (lambda d: d["controller_manager"]["extra_args"].update({"bind-address": "0.0.0.0"}), ("ControlPlaneSettings", "controller_manager.extra_args.bind-address"), PLANES),
    "a flag taken out": (lambda d: d["controller_manager"].clear(), ("ControlPlaneSettings", "controller_manager.extra_args.node-monitor-period"), PLANES),
    "a flag of etcd": (lambda d: d["etcd"].clear(), ("ControlPlaneSettings", "etcd.extra_args.quota-backend-bytes"), PLANES),
    "authorization": (lambda d: d["api_server"]["extra_args"].update({"authorization-mode": "RBAC"}), ("ControlPlaneSettings", "api_server.extra_args.authorization-mode"), ["cp1"]),
    "a volume": (lambda d: d["api_server"]["extra_volumes"][0].update(read_only=True), ("ControlPlaneSettings", "api_server.extra_volumes.audit"), ["cp1"]),
    "a volume taken out": (lambda d: d["api_server"].pop("extra_volumes"), ("ControlPlaneSettings", "api_server.extra_volumes.audit"), ["cp1"]),
    "a name": (lambda d: d["api_server"]["sans"].append("k8s.example.com"), ("CertificateNames", "api_server.sans"), PLANES),
    "an address taken out": (lambda d: d["api_server"]["sans"].remove("10.9.9.9"), ("CertificateNames", "api_server.sans"), PLANES),
    "a gate": (lambda d: d["feature_gates"].update({GATE: False}), ("FeatureGates", f"feature_gates.{GATE}"), [*PLANES, *WORKERS]),
    "gates taken out": (lambda d: d.pop("feature_gates"), ("FeatureGates", f"feature_gates.{GATE}"), [*PLANES, *WORKERS]),
    "a field of kubelet": (lambda d: d["kubelet"].update(maxPods=110), ("KubeletSettings", "kubelet.maxPods"), EVERYONE),
    "a field below": (lambda d: d["kubelet"].update(evictionHard={"memory.available": "200Mi"}), ("KubeletSettings", "kubelet.evictionHard.memory.available"), EVERYONE),
    "a field taken out": (lambda d: d["kubelet"].pop("failSwapOn"), ("KubeletSettings", "kubelet.failSwapOn"), EVERYONE),
    "a new field that is false": (lambda d: d["kubelet"].update(enableServer=False), ("KubeletSettings", "kubelet.enableServer"), EVERYONE),
    "a default of kubeadm in kubelet": (lambda d: d["kubelet"].update(authentication={"anonymous": {"enabled": True}}), ("KubeletSettings", "kubelet.authentication.anonymous.enabled"), EVERYONE),
    "cgroup v1": (lambda d: d.update(allow_cgroup_v1=False), ("KubeletSettings", "allow_cgroup_v1"), EVERYONE),
    "kube-proxy's mode": (lambda d: d["kube_proxy"].update(mode="nftables"), ("KubeProxySettings", "kube_proxy.mode"), ["cp1"]),
    "a zero of kube-proxy taken out": (lambda d: d["kube_proxy"]["conntrack"].pop("min"), ("KubeProxySettings", "kube_proxy.conntrack.min"), ["cp1"]),
    "a flag of kubelet": (lambda d: d["groups"]["workers"]["hosts"]["w2"].update(kubelet_extra_args={"v": "4"}), ("KubeletSettings", "kubelet_extra_args.v"), ["w2"]),
    "a flag of kubelet taken out": (lambda d: d["groups"]["workers"]["hosts"]["w1"].pop("kubelet_extra_args"), ("KubeletSettings", "kubelet_extra_args.v"), ["w1"]),
    "an address": (lambda d: d["groups"]["workers"]["hosts"]["w1"].update(address="10.0.0.99"), ("NodeAddress", "address"), ["w1"]),
    "a control plane's address": (lambda d: d["groups"]["control_plane"]["hosts"]["cp3"].update(address="10.0.0.99"), ("NodeAddress", "address"), ["cp3"]),
    "node-ip": (lambda d: d["groups"]["workers"]["hosts"]["w1"]["kubelet_extra_args"].update({"node-ip": "10.0.9.9"}), ("KubeletSettings", "kubelet_extra_args.node-ip"), ["w1"]),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_named_with_its_path_and_nothing_else_is(hosts: Hosts, name: str) -> None:
    change, named, where = EDITS[name]
    found = hosts.findings(change)
    assert brief(found) == {named: where}
    assert len({one.what for one in found}) == 1


def test_a_finding_says_what_the_cluster_has_and_what_the_inventory_wants(hosts: Hosts) -> None:
    found = hosts.findings(EDITS["a flag"][0])
    assert found[0].what == (
        "api_server.extra_args.audit-log-maxage: the inventory says 60, the cluster has 30 (ConfigMap kubeadm-config,"
        " kube-apiserver.yaml); k8sops cannot change this on a living cluster yet"
    )
    assert "says nothing, the cluster has 5s" in hosts.findings(EDITS["a flag taken out"][0])[0].what
    assert "says true, the cluster has nothing" not in hosts.findings(EDITS["cgroup v1"][0])[0].what
    assert (
        "allow_cgroup_v1: the inventory says false, the cluster has true"
        in hosts.findings(EDITS["cgroup v1"][0])[0].what
    )


def test_a_gate_that_no_release_has_is_named_as_such(hosts: Hosts) -> None:
    found = hosts.findings(lambda data: data["feature_gates"].update(NoSuchGate=True))
    assert brief(found) == {("FeatureGates", "feature_gates.NoSuchGate"): EVERYONE}
    assert "Kubernetes 1.36.3 has no feature gate NoSuchGate" in found[0].what
    assert "has no feature gate" not in hosts.findings(lambda data: data["feature_gates"].update(Other=True))[0].what


BY_HAND: dict[str, tuple[str, str, str, str, tuple[str, str]]] = {
    "a flag of the API server": ("cp2", "etc/kubernetes/manifests/kube-apiserver.yaml", "    - --v=2\n", "    - --v=2\n    - '--profiling=false'\n", ("ControlPlaneSettings", "api_server.extra_args.profiling")),
    "a flag that the inventory has": ("cp2", "etc/kubernetes/manifests/kube-apiserver.yaml", "maxage=30", "maxage=3", ("ControlPlaneSettings", "api_server.extra_args.audit-log-maxage")),
    "a default of kubeadm": ("cp3", "etc/kubernetes/manifests/kube-apiserver.yaml", "Node,RBAC", "AlwaysAllow", ("ControlPlaneSettings", "api_server.extra_args.authorization-mode")),
    "a field of one kubelet": ("w2", "var/lib/kubelet/config.yaml", "maxPods: 200", "maxPods: 20", ("KubeletSettings", "kubelet.maxPods")),
    "a field that kubeadm sets": ("w2", "var/lib/kubelet/config.yaml", "mode: Webhook", "mode: AlwaysAllow", ("KubeletSettings", "kubelet.authorization.mode")),
    "a flag of kubelet": ("w2", "var/lib/kubelet/kubeadm-flags.env", '"--', '"--max-pods=9 --', ("KubeletSettings", "kubelet_extra_args.max-pods")),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_an_edit_by_hand_is_named_too(hosts: Hosts, name: str) -> None:
    host, path, old, new, named = BY_HAND[name]
    hosts.edit(host, path, old, new)
    assert brief(hosts.findings()) == {named: [host]}


def test_config_maps_that_were_edited_by_hand_are_named(hosts: Hosts) -> None:
    hosts.api = api_lines(NODES).replace("maxPods: 200", "maxPods: 10").replace("mode: iptables", "mode: ipvs")
    found = brief(hosts.findings())
    assert found == {("KubeProxySettings", "kube_proxy.mode"): ["cp1"], ("KubeletSettings", "kubelet.maxPods"): ["cp1"]}


def test_what_the_defaults_file_of_kubelet_overrides_is_named_and_its_other_words_are_not_read(hosts: Hosts) -> None:
    path = hosts.folder / "w1/etc/default"
    path.mkdir()
    (path / "kubelet").write_text('HTTP_PROXY=http://me:secret@proxy\nKUBELET_EXTRA_ARGS="--v=9 --my-own=1"\n')
    found = hosts.findings()
    assert brief(found) == {("KubeletSettings", "kubelet_extra_args.v"): ["w1"]}
    assert "/etc/default/kubelet" in found[0].what
    assert "secret" not in str(hosts.facts(spec_of(), "w1").more)


def test_a_node_that_is_not_in_the_inventory_is_named_whatever_the_limit(hosts: Hosts) -> None:
    def without(data: dict[str, Any]) -> None:
        del data["groups"]["workers"]["hosts"]["w2"]

    for only in ((*PLANES, "w1"), ("cp1",)):
        found = hosts.findings(without, only=only)
        assert brief(found) == {
            ("NodeNotInInventory", "a node since 2026-11-28T18:00:00Z, but not in the inventory; remove it with"
             " `k8sops reset w2` with the host in the inventory, or `kubectl drain` and `kubectl delete"
             " node`"): ["w2"]
        }  # fmt: skip
    assert hosts.findings(only=("cp1",)) == []


def test_taints_that_are_to_be_none_name_kubeadms(hosts: Hosts) -> None:
    found = hosts.findings(lambda data: data["groups"]["control_plane"].update(taints=[]))
    assert brief(found) == {("Taints", "taints"): PLANES}
    assert "kubectl taint node cp1 node-role.kubernetes.io/control-plane:NoSchedule-" in found[0].what
    assert hosts.findings(lambda data: data["groups"]["workers"].update(taints=[])) == []


def test_flannel_that_stays_is_named(hosts: Hosts) -> None:
    (hosts.folder / "cp1/etc/cni/net.d").mkdir(parents=True)
    (hosts.folder / "cp1/etc/cni/net.d/10-flannel.conflist").touch()
    assert hosts.findings() == []
    found = hosts.findings(lambda data: data.update(network={"cni": "none"}))
    assert brief(found) == {("PodNetwork", "network.cni"): ["cp1"]}


def test_a_control_plane_that_has_left_or_comes_is_no_edit_of_names(hosts: Hosts) -> None:
    def moved(data: dict[str, Any]) -> None:
        planes = data["groups"]["control_plane"]["hosts"]
        del planes["cp3"]
        planes["cp4"] = {"address": "10.0.0.14"}

    del hosts.nodes["cp3"]
    assert hosts.findings(moved, only=("cp1", "cp2", "w1", "w2")) == []


def test_a_silent_api_leaves_what_hosts_say_themselves(hosts: Hosts) -> None:
    hosts.api = "\n"
    assert hosts.findings() == []
    assert brief(hosts.findings(EDITS["a flag"][0])) == {EDITS["a flag"][1]: PLANES}


def test_bare_hosts_pay_nothing_and_have_no_finding(tmp_path: Path) -> None:
    spec = spec_of()
    assert list(TASK.findings(spec, Fleet({"cp1": HostFacts()}, frozenset({"cp1"})))) == []
    assert list(TASK.findings(spec, Fleet({}, frozenset({"cp1"})))) == []


def test_an_external_etcd_of_other_endpoints_is_named(hosts: Hosts) -> None:
    external = {"endpoints": ["https://10.1.1.1:2379"], "ca": "ca.crt", "cert": "c.crt", "key": "c.key"}
    was = "    etcd:\\n".replace("    ", "") + "  local:\\n    dataDir: /var/lib/etcd\\n    extraArgs:\\n"
    was += '    - name: quota-backend-bytes\\n      value: \\"4294967296\\"\\n'
    lines = api_lines(NODES)
    assert was in lines
    hosts.api = lines.replace(was, "etcd:\\n  external:\\n    endpoints:\\n    - https://10.1.1.1:2379\\n")
    for name in PLANES:
        (hosts.folder / name / "etc/kubernetes/manifests/etcd.yaml").unlink()
    assert hosts.findings(lambda data: data.update(etcd={"external": external})) == []
    external["endpoints"] = ["https://10.1.1.1:2379", "https://10.1.1.2:2379"]
    found = brief(hosts.findings(lambda data: data.update(etcd={"external": external})))
    assert found == {("ControlPlaneSettings", "etcd.external.endpoints"): ["cp1"]}


def test_docker_has_a_flag_of_k8sops_own(hosts: Hosts) -> None:
    def docker(data: dict[str, Any]) -> None:
        data["groups"]["workers"]["hosts"]["w2"]["runtime"] = "docker"

    hosts.edit("w2", "var/lib/kubelet/kubeadm-flags.env", '"--', '"--feature-gates=ExtendWebSocketsToKubelet=false --')
    spec = spec_of(docker)
    facts = replace(hosts.facts(spec, "w2"), cri_socket="unix:///run/cri-dockerd.sock")
    fleet = Fleet({"cp1": hosts.facts(spec, "cp1"), "w2": facts}, frozenset({"cp1", "w2"}))
    assert list(TASK.findings(spec, fleet)) == []


def scheduled(hosts: Hosts, change: Change) -> None:
    """Control planes have the schedule of this inventory."""
    spec = spec_of(change)
    for host in spec.control_planes:
        (hosts.folder / host.name / "usr/local/sbin").mkdir(parents=True, exist_ok=True)
        (hosts.folder / host.name / "usr/local/sbin/k8sops-etcd").write_text(script_of(spec, host))
        units = hosts.folder / host.name / "etc/systemd/system"
        units.mkdir(parents=True, exist_ok=True)
        for what, when in jobs_of(spec).items():
            (units / f"k8sops-etcd-{what}.timer").write_text(f"[Timer]\nOnCalendar={when}\nPersistent=true\n")


def backup(**settings: Any) -> Change:
    return lambda data: data.update(backup={"schedule": "*-*-* 02:15:00", "to": ["s3://backups/x"], **settings})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (backup(), []),
        (backup(schedule="daily"), ["backup.schedule"]),
        (backup(drill="weekly"), ["backup.drill"]),
        (backup(keep={"last": 3}), ["backup.keep"]),
        (backup(to=[]), ["backup.to"]),
        (backup(encrypt_to="age1" + "q" * 58, takeover=5), ["backup.encrypt_to", "backup.takeover"]),
        (backup(cron=True), ["backup.cron"]),
        (lambda data: None, ["backup.schedule"]),
    ],
)
def test_a_schedule_that_was_edited_is_named_with_the_command_that_changes_it(
    hosts: Hosts, change: Change, named: list[str]
) -> None:
    scheduled(hosts, backup())
    found = hosts.findings(change)
    assert brief(found) == {("BackupSchedule", setting): PLANES for setting in named}
    assert all("; `k8sops etcd schedule` changes it" in one.what for one in found)


def test_a_schedule_that_was_never_made_is_named(hosts: Hosts) -> None:
    assert brief(hosts.findings(backup())) == {("BackupSchedule", "backup.schedule"): PLANES}


@pytest.mark.parametrize(
    ("has", "wants"),
    [
        ({"syncFrequency": "1m30s"}, {"syncFrequency": "90s"}),
        ({"syncFrequency": "0s"}, {}),
        ({}, {"serverTLSBootstrap": False, "maxPods": 0, "allowedUnsafeSysctls": [], "kubeReserved": {}}),
        ({"reservedMemory": [{"limits": {"memory": "1Gi"}}]}, {"reservedMemory": [{"limits": {"memory": "1024Mi"}}]}),
        ({"logging": {"flushFrequency": 0, "options": {"json": {"infoBufferSize": "0"}}}}, {}),
        ({"clusterDNS": ["10.96.0.10"], "healthzPort": 10248}, {}),
    ],
)
def test_values_that_mean_the_same_are_no_difference(has: dict[str, Any], wants: dict[str, Any]) -> None:
    assert list(differences(has, wants, KUBELET, empty_in_kubelet)) == []


@pytest.mark.parametrize(
    ("has", "wants"),
    [
        ({"failSwapOn": False}, {}),
        ({}, {"failSwapOn": False}),
        ({"healthzPort": 1}, {}),
        ({"clusterDNS": ["10.96.0.10"]}, {"clusterDNS": ["169.254.20.10"]}),
        ({"maxPods": 1}, {"maxPods": True}),
        ({"x": {"y": 1}}, {"x": 1}),
        ({"x": 1}, {"x": {"y": 1}}),
    ],
)
def test_values_that_mean_something_else_are_differences(has: dict[str, Any], wants: dict[str, Any]) -> None:
    assert len(list(differences(has, wants, KUBELET, empty_in_kubelet))) == 1


def test_zeros_of_kube_proxy_count_where_null_is_another_value() -> None:
    assert list(differences({"conntrack": {"min": None, "udpTimeout": "0s"}}, {}, PROXY, empty_in_proxy)) == []
    assert len(list(differences({"conntrack": {"min": 0}}, {}, PROXY, empty_in_proxy))) == 1
    assert len(list(differences({"conntrack": {"min": None}}, {"conntrack": {"min": 0}}, PROXY, empty_in_proxy))) == 1
