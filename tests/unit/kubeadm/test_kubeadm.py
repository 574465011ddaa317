"""Rendered text against golden files; `UPDATE_GOLDEN=1` writes them anew, and the diff is read before it is kept."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from bash import check

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.render import render
from k8sops.errors import InputError
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.resources.kubernetes import rolled_out
from k8sops.roles.hosts.tasks.preflight import TASK as PREFLIGHT
from k8sops.roles.kubeadm.config import init_config, join_config
from k8sops.roles.kubeadm.facts import joining
from k8sops.roles.networks.flannel.network import flannel_manifest
from k8sops.roles.nodes.tasks.nodes import TASK as NODES

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
endpoint: api.example.com:6443
allow_cgroup_v1: true
feature_gates: {SomeGate: true}
api_server:
  {sans: [10.9.9.9], extra_args: {audit-log-maxage: "30"},
   extra_volumes: [{name: audit, host_path: /var/log/k8s, mount_path: /var/log/k8s, path_type: DirectoryOrCreate}]}
kubelet: {maxPods: 200}
kube_proxy: {conntrack: {min: 0}}
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.11}}}
  workers: {hosts: {w1: {address: 10.0.0.21, kubelet_extra_args: {v: "2"}}, w2: {address: 10.0.0.22}}}
"""


@pytest.fixture
def spec() -> ClusterSpec:
    return make_spec(read_inventory(yamlfile.load(INVENTORY, "inv.yaml")))


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()
    if name.endswith(".yaml"):
        assert all(isinstance(one, dict) for one in yaml.safe_load_all(text))


VERSIONS = ["1.19.16", "1.22.17", "1.30.14", "1.31.14", "1.34.3", "1.36.3", "1.37.2"]


@pytest.mark.parametrize("version", VERSIONS)
def test_configurations_of_every_api_are_as_the_golden_files(version: str) -> None:
    text = INVENTORY.replace('"1.36.3"', f'"{version}"').replace("w2: {", "w2: {runtime: docker, ")
    spec = make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))
    name, ca_hash = version.rpartition(".")[0], "sha256:" + "0" * 64
    golden(f"kubeadm/init-{name}.yaml", init_config(spec, spec.hosts[0]))
    golden(f"kubeadm/join-{name}.yaml", join_config(spec, spec.workers[0], token_id="abcdef", ca_hash=ca_hash))
    golden(f"kubeadm/join-docker-{name}.yaml", join_config(spec, spec.workers[1], token_id="abcdef", ca_hash=ca_hash))
    plane = join_config(spec, spec.control_planes[0], token_id="abcdef", ca_hash=ca_hash)
    golden(f"kubeadm/join-control-plane-{name}.yaml", plane)


@pytest.mark.parametrize("version", ["1.30.14", "1.36.3"])
def test_an_etcd_of_the_users_own_is_as_the_golden_file(version: str) -> None:
    external = "etcd: {external: {endpoints: ['https://10.1.1.1:2379'], ca: ca.crt, cert: c.crt, key: c.key}}\n"
    text = INVENTORY.replace('"1.36.3"', f'"{version}"') + external
    spec = make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))
    golden(f"kubeadm/init-external-etcd-{spec.minor}.yaml", init_config(spec, spec.hosts[0]))


def test_a_flag_given_twice_is_refused_where_kubeadm_knows_no_lists() -> None:
    text = INVENTORY.replace('"1.36.3"', '"1.30.14"').replace('"30"', '["1", "2"]')
    with pytest.raises(InputError, match=r"inv.yaml:7:\d+:.*does not accept a list"):
        make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))


def test_flannel_is_as_the_golden_file(spec: ClusterSpec) -> None:
    golden("networks/flannel-vxlan.yaml", flannel_manifest(spec))


@pytest.mark.parametrize("version", [2, 3])
def test_containerd_is_as_the_golden_file(version: int, spec: ClusterSpec) -> None:
    golden(f"runtimes/containerd-v{version}.toml", render(f"runtimes/containerd-v{version}.toml.j2", spec=spec))


def test_the_tokens_secret_half_is_in_no_text_that_is_shown(spec: ClusterSpec) -> None:
    from k8sops.roles.kubeadm.tasks.join_token import TASK as MAKE
    from k8sops.roles.kubeadm.tasks.kubeadm_join import TASK as JOIN

    fleet = Fleet({name: HostFacts() for name in ("cp1", "w1", "w2")}, frozenset({"cp1", "w1", "w2"}))
    half = fleet.secrets.token.reveal()
    for task in (MAKE, JOIN):
        for resource in task.resources(spec, spec.workers[0], fleet):
            assert half not in f"{resource!r}"


def test_only_workers_in_scope_that_are_no_nodes_yet_are_joining(spec: ClusterSpec) -> None:
    facts = {"cp1": HostFacts(), "w1": HostFacts(), "w2": HostFacts(joined=True)}
    assert joining(spec, Fleet(facts, frozenset(facts))) == ["w1"]
    assert joining(spec, Fleet(facts, frozenset({"w2"}))) == []


# --- preflight -----------------------------------------------------------------------------------------------------

FIT: dict[str, object] = {
    "os": "debian",
    "os_version": "12",
    "arch": "x86_64",
    "cpus": 4,
    "memory_kib": 4_000_000,
    "addresses": (("eth0", "10.0.0.11/24"),),
}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"os": "plan9"}, "OS"), ({"cpus": 1}, "NumCPU"), ({"memory_kib": 1000}, "Mem"), ({"arch": "m68k"}, "Arch"),
        ({"routes": ("10.244.3.0/24",)}, "NetworkOverlap"), ({"addresses": (("eth0", "10.0.0.99/24"),)}, "Address"),
        ({"listens": frozenset({6443})}, "Port6443"),
        ({"probes": {("pkgs.k8s.io", 443): "no route"}}, "PackageRepository"),
    ],
)  # fmt: skip
def test_what_makes_a_host_unfit_is_found_by_name(change: dict[str, object], name: str, spec: ClusterSpec) -> None:
    fleet = Fleet({"cp1": HostFacts(**{**FIT, **change})})  # type: ignore[arg-type]
    assert name in {finding.name for finding in PREFLIGHT.findings(spec, fleet)}
    assert not list(PREFLIGHT.findings(spec, Fleet({"cp1": HostFacts(**FIT)})))  # type: ignore[arg-type]


def test_what_a_join_that_died_has_left_is_no_leftover_of_another_cluster(spec: ClusterSpec) -> None:
    here = {**FIT, "addresses": (("eth0", f"{spec.host('w1').address}/24"),), "listens": frozenset({10250})}

    def found(*left: str) -> set[str]:
        fleet = Fleet({"w1": HostFacts(**{**here, "left": left})})  # type: ignore[arg-type]
        return {one.name for one in PREFLIGHT.findings(spec, fleet)}

    assert found("/etc/kubernetes/bootstrap-kubelet.conf") == set()
    assert found() == {"Port10250"}
    assert found("/etc/kubernetes/manifests/etcd.yaml") == {"Leftovers", "Port10250"}


def test_what_two_hosts_must_not_share_is_found(spec: ClusterSpec) -> None:
    twin = HostFacts(**FIT, hostname="x", machine_id="m", macs=("aa",))  # type: ignore[arg-type]
    clone = replace(twin, addresses=(("eth0", "10.0.0.99/24"),))
    late = HostFacts(**FIT, skew=100.0)  # type: ignore[arg-type]
    found = {(one.host, one.name) for one in PREFLIGHT.findings(spec, Fleet({"cp1": twin, "w1": clone, "w2": late}))}
    assert {("w1", "Hostname"), ("w1", "MachineID"), ("w1", "MAC"), ("w2", "ClockSkew")} <= found
    found = {(one.host, one.name) for one in PREFLIGHT.findings(spec, Fleet({"cp1": twin, "w1": twin}))}
    assert ("w1", "SameMachine") in found
    assert not {("w1", "Hostname"), ("w1", "MachineID"), ("w1", "MAC")} & found


def test_a_host_that_was_not_asked_is_probed_and_one_that_did_not_answer_is_not(spec: ClusterSpec) -> None:
    plane, worker = spec.control_planes[0], spec.workers[0]
    facts = HostFacts(probes={(worker.address, 10250): "no answer within 3 s"})

    def reach(scope: set[str]) -> list[str]:
        fleet = Fleet({plane.name: facts}, frozenset(scope))
        return [one.what for one in PREFLIGHT.findings(spec, fleet) if one.name == "Reach"]

    assert reach({plane.name}) == [f"cannot reach {worker.address} port 10250: no answer within 3 s"]
    assert reach({plane.name, worker.name}) == []


def test_nothing_waits_for_what_a_host_that_does_not_answer_keeps_from_ending(spec: ClusterSpec) -> None:
    everyone = {one.name: HostFacts() for one in spec.hosts}

    def gates(facts: dict[str, HostFacts]) -> list[str]:
        found = NODES.resources(spec, spec.control_planes[0], Fleet(facts, frozenset(one.name for one in spec.hosts)))
        return [one.id for one in found if one.apply is None]

    always = ["gate:leaders", "gate:nodes-ready"]
    assert gates(everyone) == [*always, "gate:deployment/coredns", "gate:daemonset/kube-flannel-ds"]
    del everyone[spec.workers[0].name]
    assert gates(everyone) == always


@pytest.mark.parametrize(("status", "over"), [("1 1 2 2 2 2", False), ("1 1 3 3 3 2", False), ("1 1 3 3 3 3", True)])
def test_a_roll_out_is_not_over_while_a_node_is_not_counted_yet(tmp_path: Path, status: str, over: bool) -> None:
    """A controller hears of a node that has just joined a moment later than whoever asks the API for its state."""
    gate = rolled_out("DaemonSet", "kube-flannel", "kube-flannel-ds", nodes=["cp1", "w1", "w2", "w3"])
    # w3 has not joined yet.
    nodes = "need_api() { :; }; NODE[cp1]=1 NODE[w1]=1 NODE[w2]=1"
    known = f'{nodes} OBJECT[DaemonSet kube-flannel/kube-flannel-ds]="|{status}|"\n'
    assert check(replace(gate, check=known + gate.check, asks=()), tmp_path) == (0 if over else 10)


def test_a_clock_is_wrong_only_outside_the_time_between_the_question_and_the_answer() -> None:
    def skew(now: float) -> float:
        return HostFacts.parse([f"now={now}"], between=(100.0, 108.0)).skew

    assert [skew(now) for now in (90.0, 100.0, 104.0, 108.0, 111.0)] == [-10.0, 0.0, 0.0, 0.0, 3.0]
