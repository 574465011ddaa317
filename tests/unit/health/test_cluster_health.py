"""Healthy, finished and rolled out are reported truthfully; problems are reported with their cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from bash import bash, check

from k8sops.engine.resource import Resource
from k8sops.engine.shell import HEALTH_SH, bare, envelope, quote
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import make_spec
from k8sops.resources.kubernetes import leaders_alive, nodes_ready, replicas, rolled_out
from k8sops.roles.health import health
from k8sops.roles.kubeadm.init import kubeadm_init


def below(folder: Path, resource: Resource, before: str = "") -> Resource:
    """The resource, with the host's files below this folder, and these shell lines before its check."""
    text = resource.check.replace("/etc/kubernetes", f"{folder}/etc/kubernetes")
    lines = f"KUBECONFIG={folder}/etc/kubernetes/admin.conf\n{before}\n"
    return replace(resource, check=lines + text, asks=())


@pytest.mark.parametrize(("finished", "code"), [(True, 0), (False, 10)])
def test_what_is_missing_from_a_finished_cluster_is_not_an_unfinished_start(
    tmp_path: Path, finished: bool, code: int
) -> None:
    paths = ["manifests/kube-apiserver.yaml", "admin.conf", *(["k8sops/initialised"] if finished else [])]
    for name in paths:
        path = tmp_path / "etc/kubernetes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    # The API serves, and neither kube-proxy nor CoreDNS nor kubeadm-config is there.
    nothing_there = "api_answers() { :; }; kubectl() { return 1; }"
    assert check(below(tmp_path, kubeadm_init("config"), nothing_there), tmp_path) == code


@pytest.mark.parametrize("missing", ["manifests/kube-apiserver.yaml", "admin.conf"])
def test_a_file_missing_from_a_finished_control_plane_is_not_a_first_start_either(tmp_path: Path, missing: str) -> None:
    for name in {"manifests/kube-apiserver.yaml", "admin.conf", "k8sops/initialised"} - {missing}:
        path = tmp_path / "etc/kubernetes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert check(below(tmp_path, kubeadm_init("config"), "api_answers() { return 1; }"), tmp_path) == 12


INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
network: {cni: %s}
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.1}}}
  workers: {hosts: {w1: {address: 10.0.0.2}}}
"""
SPEC = make_spec(read_inventory(yamlfile.load(INVENTORY % "flannel", "inv.yaml")))
PLANE = [f'pod kube-system/{part}-cp1 cp1 Running True 2026-11-28T10:00:00Z owned - ""' for part in health.PARTS]
NOW = "now 1795860000"  # 2026-11-28T10:00:00Z


def problems(*lines: str, plane: Sequence[str] = PLANE) -> list[tuple[str, str, str, bool]]:
    """What is said of a cluster with one control plane, which is well but for these lines."""
    found = health.problems(SPEC, health.parse([NOW, *plane, *lines]), ["cp1"])
    return [(one.name, one.node, one.what, one.broken) for one in found]


def test_nothing_is_said_of_a_cluster_that_is_well() -> None:
    lease = "lease kube-scheduler 2026-11-28T09:59:58.000000Z"
    objects = ["object Deployment kube-system/coredns 1 1 2 2 2 2", "object ConfigMap kube-system/kubeadm-config 0 "]
    done = 'pod kube-system/job-x w1 Succeeded False 2026-11-28T09:00:00Z owned - ""'
    starting = 'pod kube-system/new-x w1 Pending False 2026-11-28T09:59:50Z owned - "containers with unready status"'
    assert problems(lease, *objects, done, starting, 'wait kube-system/new-x ContainerCreating ""') == []


def test_pressure_and_a_cordon_are_named() -> None:
    pressure, cordon = problems("node w1 condition DiskPressure", "node w1 cordoned")
    assert pressure[:2] == ("NodePressure", "w1")
    assert pressure[2].startswith("DiskPressure: the disk is nearly full")
    assert pressure[3]
    assert cordon == ("NodeCordoned", "w1", "cordoned: no new pods are scheduled there", False)


def test_a_pod_that_crashes_says_how_and_one_that_waits_says_why() -> None:
    lines = [
        'pod kube-system/bad-x w1 Running False 2026-11-28T09:59:50Z - - "containers with unready status: [x]"',
        'wait kube-system/bad-x CrashLoopBackOff "back-off 40s restarting failed container"',
        "died kube-system/bad-x 4 2026-11-28T09:59:49Z Error 1",
        'pod kube-flannel/image-x w1 Pending False 2026-11-28T09:59:50Z owned - "containers with unready status: [x]"',
        'wait kube-flannel/image-x ImagePullBackOff "Back-off pulling image \\"nowhere/x\\""',
        'pod kube-system/lonely-x - Pending - 2026-11-28T09:50:00Z owned - "0/2 nodes are available."',
        'pod kube-system/nervous-x w1 Running True 2026-11-28T09:59:50Z owned - ""',
        "died kube-system/nervous-x 7 2026-11-28T09:58:50Z OOMKilled 137",
        'pod kube-system/rebooted-x w1 Running True 2026-11-28T09:59:50Z owned - ""',
        "died kube-system/rebooted-x 1 2026-11-28T09:58:50Z Unknown 255",
    ]
    assert [(one[1], one[2], one[3]) for one in problems(*lines)] == [
        ("w1", 'kube-flannel/image-x: ImagePullBackOff; Back-off pulling image "nowhere/x"', True),
        ("w1", "kube-system/bad-x: CrashLoopBackOff; restarted 4 times, the last time Error (exit code 1)", True),
        ("", "kube-system/lonely-x: not ready for 600 s: 0/2 nodes are available.", True),
        ("w1", "kube-system/nervous-x: keeps crashing: restarted 7 times, the last time OOMKilled (exit code 137)", False),  # noqa: E501
    ]  # fmt: skip


def test_pods_of_a_node_that_is_silent_are_not_blamed() -> None:
    pod = 'pod kube-system/kube-proxy-x w1 Running False 2026-11-28T09:00:00Z owned - ""'
    assert problems("node w1 ready Unknown", pod) == []
    assert len(problems(pod)) == 1


def test_what_is_missing_from_a_control_plane_is_named_and_a_crash_of_it_too() -> None:
    crash = ['pod kube-system/kube-scheduler-cp1 cp1 Running False 2026-11-28T09:59:50Z owned - ""',
             'wait kube-system/kube-scheduler-cp1 CrashLoopBackOff ""']  # fmt: skip
    (found,) = problems(*crash, plane=[line for line in PLANE if "scheduler" not in line])
    assert found == ("ControlPlane", "cp1", "kube-system/kube-scheduler-cp1: CrashLoopBackOff", True)
    (found,) = problems(plane=PLANE[:-1])
    assert found[2] == "etcd does not run. Is /etc/kubernetes/manifests/etcd.yaml there and valid?"
    # Nothing is known of pods at all: nothing is said of them.
    assert problems(plane=[]) == []


def test_a_leader_that_is_dead_is_named() -> None:
    (found,) = problems("lease kube-controller-manager 2026-11-28T09:58:00.000001Z")
    assert found[0] == "ControlPlane"
    assert "kube-controller-manager: no leader for 120 s" in found[2]


def test_a_node_that_the_api_calls_ready_without_a_heartbeat_is_named() -> None:
    (found,) = problems("beat w1 2026-11-28T09:59:00.5Z", "beat cp1 2026-11-28T09:59:55.5Z")
    assert found[:2] == ("NodeSilent", "w1")
    assert "no heartbeat for 60 s" in found[2]
    # Where the API says so itself, it is said once.
    assert problems("beat w1 2026-11-28T09:58:00Z", "node w1 ready Unknown") == []


@pytest.mark.parametrize("fails", [True, False])
def test_the_newest_request_of_a_kubelet_counts_and_whether_it_serves_all_the_same(fails: bool) -> None:
    old = "csr csr-a system:node:w1 2026-11-28T09:00:00Z pending"
    assert problems(old, "csr csr-b system:node:w1 2026-11-28T09:30:00Z decided") == []
    new = "csr csr-c system:node:w1 2026-11-28T09:45:00Z pending"
    (found,) = problems(old, new, f"serving w1 {'fails' if fails else 'works'}")
    assert found[:2] == ("KubeletServingCertificate", "w1")
    assert found[3] is fails
    assert ("exec and port-forward fail" in found[2]) is fails
    assert "kubectl certificate approve csr-c" in found[2]


def test_addons_that_are_missing_or_scaled_to_nothing_are_named() -> None:
    found = problems(f"missing {health.KUBE_PROXY}", f"missing {health.KUBEADM_CONFIG}", f"missing {health.COREDNS}")
    assert [one[0] for one in found] == ["KubeadmConfigMissing", "AddonMissing", "AddonMissing"]
    assert problems("object Deployment kube-system/coredns 5 5 0 0 0 0")[0][0] == "CoreDNS"
    replaced = make_spec(read_inventory(yamlfile.load(INVENTORY % "{manifests: [cilium.yaml]}", "inv.yaml")))
    (proxy,) = health.problems(replaced, health.parse([f"missing {health.KUBE_PROXY}"]), [])
    assert not proxy.broken


def test_what_does_not_parse_is_passed_over() -> None:
    assert health.parse(["pod x", "csr", "died nobody 1 2 3 4", "lease x y", "object x", "?", ""]) == health.Health()


# --- the shell's part ----------------------------------------------------------------------------------------------


def told(tmp_path: Path, kubectl: str, *lines: str) -> list[str]:
    """What tell_health prints of these lines, with this for kubectl."""
    body = [bare(HEALTH_SH.read_text()), f"kubectl() {{ {kubectl}; }}", f"HEALTH=({' '.join(map(quote, lines))})"]
    out = bash(envelope("@m", [*body, "NODE[w1]=1", f"tell_health {quote(health.COREDNS)}"]), tmp_path).out
    return [line for line in out.splitlines() if line and not line.startswith("now ")]


def test_a_kubelet_with_a_pending_request_is_tried_once(tmp_path: Path) -> None:
    pending = [f"csr csr-{name} system:node:w1 2026-11-28T09:00:00Z pending" for name in "ab"]
    assert told(tmp_path, "echo 'tls: internal error'; return 1", *pending) == [
        pending[0], "serving w1 fails", pending[1],
    ]  # fmt: skip


def test_an_object_is_missing_only_where_the_api_says_so(tmp_path: Path) -> None:
    assert told(tmp_path, "return 0") == [f"missing {health.COREDNS}"]
    assert told(tmp_path, "return 1") == []
    assert told(tmp_path, "echo deployment.apps/coredns") == []


# --- gates prove what they say -------------------------------------------------------------------------------------


def gate(resource: Resource, known: str) -> Resource:
    """With this known of the API, instead of what it says."""
    return replace(resource, check=f"need_api() {{ :; }}; {known}\n{resource.check}", asks=())


@pytest.mark.parametrize(
    ("status", "code"), [("5 5 0 0 0 0", 10), ("5 5 2 2 2 2", 0), ("6 5 2 2 2 2", 10), ("5 5 2 3 2 2", 10), ("1 ", 10)]
)
def test_a_roll_out_of_nothing_is_never_over(tmp_path: Path, status: str, code: int) -> None:
    known = f'OBJECT[Deployment kube-system/coredns]="|{status}|"'
    assert check(gate(rolled_out("Deployment", "kube-system", "coredns"), known), tmp_path) == code


@pytest.mark.parametrize(("says", "optional", "code"), [(":", True, 0), (":", False, 10), ("return 1", True, 11)])
def test_what_was_removed_may_be_missing_and_a_silent_api_proves_nothing(
    tmp_path: Path, says: str, optional: bool, code: int
) -> None:
    resource = rolled_out("Deployment", "kube-system", "coredns", optional=optional)
    silent = f"ask_objects() {{ :; }}; hear_api() {{ :; }}; kubectl() {{ {says}; }}"
    assert check(gate(resource, silent), tmp_path) == code


@pytest.mark.parametrize(("status", "code"), [("5 5 0 0 0 0", 10), ("5 5 3 3 3 1", 0), ("", 0)])
def test_coredns_is_scaled_up_only_from_nothing(tmp_path: Path, status: str, code: int) -> None:
    known = f'OBJECT[Deployment kube-system/coredns]="|{status}|"' if status else ":"
    assert check(gate(replicas("kube-system", "coredns", at_least=2), known), tmp_path) == code


@pytest.mark.parametrize(("beat", "code"), [("2026-11-28T10:00:01.5Z", 0), ("2026-11-28T09:59:59.9Z", 10)])
def test_a_node_whose_kubelet_was_restarted_is_ready_once_it_was_heard_of_since(
    tmp_path: Path, beat: str, code: int
) -> None:
    known = f'NODE[w1]=1 NODE["w1 ready True"]=1; node_leases() {{ echo w1 {beat}; }}'
    assert check(gate(nodes_ready(["w1"], started={"w1": 1795860000.4}), known), tmp_path) == code
    assert check(gate(nodes_ready(["w1"]), known), tmp_path) == 0


@pytest.mark.parametrize(("at", "code"), [("2020-01-01T00:00:00.000000Z", 10), ("2999-01-01T00:00:00.000000Z", 0)])
def test_controllers_need_a_living_leader(tmp_path: Path, at: str, code: int) -> None:
    known = f"HEALTH=('lease kube-controller-manager {at}' 'node w1 cordoned')"
    assert check(gate(leaders_alive(), known), tmp_path) == code
    assert check(gate(leaders_alive(), "HEALTH=()"), tmp_path) == 0
