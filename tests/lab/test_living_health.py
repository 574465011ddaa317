"""Problems of a living cluster are reported with their cause by status, check and verify; custom manifests."""

from __future__ import annotations

import datetime
import json
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import Cluster
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

pytestmark = pytest.mark.beside
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
CONFIG = "/var/lib/kubelet/config.yaml"
PKI = "/var/lib/kubelet/pki"
WIDGETS = """apiVersion: example.com/v1
kind: Widget
metadata: {name: first, namespace: tools}
spec: {size: 1}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: without-namespace}
data: {a: b}
"""
DEFINITIONS = """apiVersion: v1
kind: Namespace
metadata: {name: tools}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
"""
TASK = """from k8sops.resources.manifests import own_manifests
from k8sops.resources.kubernetes import manifest
from k8sops.engine.task import Task


def _resources(spec, host, fleet):
    for one in own_manifests(spec.folder, ["widgets.yaml", "definitions.yaml"]):
        yield manifest(one.name, one.text, objects=one.objects)


TASK = Task(name="widgets", title="widgets", resources=_resources)
"""
Until = Callable[[Callable[[], bool], float], None]
CRASHING = """
apiVersion: v1
kind: Pod
metadata: {name: crashes, namespace: kube-system}
spec:
  nodeName: w1
  terminationGracePeriodSeconds: 0
  containers: [{name: crashes, image: "registry.k8s.io/pause:3.10.2", imagePullPolicy: IfNotPresent, command: [/nothing-of-that-name]}]
"""
# kubelet asks for a serving certificate, which nobody approves.
WAITING = f"""cp {CONFIG} {CONFIG}.kept; mkdir {PKI}/kept; mv {PKI}/kubelet.* {PKI}/kept
echo 'serverTLSBootstrap: true' >>{CONFIG}; systemctl restart kubelet"""
RESTORED = f"""[ ! -e {CONFIG}.kept ] || {{ mv {CONFIG}.kept {CONFIG}; rm -f {PKI}/kubelet-server-*; mv {PKI}/kept/* {PKI}/
rmdir {PKI}/kept; systemctl restart kubelet; }}"""


def kubectl(cluster: Cluster, words: str, text: str = "") -> str:
    return cluster.on("cp1", f"{KUBECTL} {words} <<'EOF'\n{text}\nEOF")


@pytest.fixture(scope="module")
def made(living: Cluster) -> Iterator[Cluster]:
    """The cluster, finished; whole again in the end."""
    living.apply()
    yield living
    living.on("w1", RESTORED)
    kubectl(living, "uncordon w1")
    kubectl(living, "-n kube-system delete pod crashes --ignore-not-found --wait=false")
    kubectl(living, "delete csr --all")
    living.on("cp1", "kubeadm init phase addon kube-proxy --config /etc/kubernetes/k8sops/init.yaml")
    living.apply()


def problems(cluster: Cluster) -> dict[tuple[str, str], str]:
    """What status says, by name and node."""
    found = cluster.k8sops("status", "-o", "json", expect=None).data()["problems"]
    return {(one["name"], one["node"]): one["what"] for one in found}


def findings(cluster: Cluster, code: int | None) -> dict[tuple[str, str], str]:
    """What check says, by name and host."""
    ran = cluster.k8sops("check", "-o", "json", expect=code)
    return {(one["name"], one["host"]): one["what"] for one in ran.data()["findings"]}


def expired(cluster: Cluster, ca: str) -> str:
    """A certificate of this CA on cp1, which was valid until yesterday."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate(cluster.on("cp1", f"cat {ca}.crt").encode())
    signer = serialization.load_pem_private_key(cluster.on("cp1", f"cat {ca}.key").encode(), None)
    assert isinstance(signer, rsa.RSAPrivateKey)
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "front-proxy-client")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer.subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=9)).not_valid_after(now - datetime.timedelta(days=1))
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_certificate_that_has_expired_is_named(made: Cluster) -> None:
    pki = "/etc/kubernetes/pki/front-proxy"
    made.on("cp1", f"cp -p {pki}-client.crt /root/kept.crt")
    try:
        made.on("cp1", f"cat >{pki}-client.crt <<'EOF'\n{expired(made, f'{pki}-ca')}EOF")
        assert "certificate front-proxy-client expired on " in made.k8sops("status", expect=3).out
    finally:
        made.on("cp1", f"mv /root/kept.crt {pki}-client.crt")
    assert made.healthy()["problems"] == []


def test_what_is_broken_is_named_by_status_check_and_verify(made: Cluster, until: Until) -> None:
    assert made.k8sops("status").code == 0
    made.on("w1", WAITING)
    kubectl(made, "-n kube-system scale deployment coredns --replicas=0")
    kubectl(made, "cordon w1")
    kubectl(made, "-n kube-system delete daemonset kube-proxy")
    kubectl(made, "apply -f -", CRASHING)
    wanted = {
        ("KubeletServingCertificate", "w1"): "kubectl logs, exec and port-forward fail there",
        ("CoreDNS", ""): "CoreDNS is scaled to 0 replicas: no name resolves in pods",
        ("NodeCordoned", "w1"): "cordoned: no new pods are scheduled there",
        ("AddonMissing", ""): "DaemonSet kube-system/kube-proxy is missing: Services are not served",
        ("SystemPods", "w1"): "kube-system/crashes: ",
    }
    until(lambda: problems(made).keys() >= wanted.keys(), 60)
    said = problems(made)
    assert {key: text for key, text in wanted.items() if text not in said[key]} == {}
    shown = made.k8sops("status", expect=3).out
    assert "Ready,SchedulingDisabled" in shown
    assert "PROBLEMS" in shown
    seen = findings(made, 2)
    assert {key for key in wanted if (key[0], key[1] or "cp1") not in seen} == set()
    # Later plays have their say, though kube-proxy is gone: nothing is taken for an unfinished start.
    changes = {one["resource"]: one["outcome"] for one in made.changes()}
    assert changes["replicas:coredns"] == "drift"
    assert "kubeadm-init" not in changes
    _verify_names_causes(made)


def _verify_names_causes(made: Cluster) -> None:
    tests: list[dict[str, Any]] = made.k8sops("verify", "--timeout", "1", "-o", "json", expect=3).data()["tests"]
    why = {one["name"]: one["why"] for one in tests if not one["passed"]}
    assert tests[0]["name"] == "no problem of the cluster is known"
    for text in ("CoreDNS is scaled to 0", "kubelet's serving certificate waits", "kube-proxy is missing", "crashes"):
        assert text in why["no problem of the cluster is known"]
    # The pod network is well, and is not blamed.
    assert not any("pod" in name for name in why)
    assert "from w1: cannot logs: " in why["logs and exec work on every node"]
    assert "from cp1" not in why["logs and exec work on every node"]


def test_an_approved_certificate_and_an_apply_make_it_whole(made: Cluster, until: Until) -> None:
    kubectl(made, "certificate approve $(" + f"{KUBECTL} get csr -o name | cut -d/ -f2)")
    made.apply()
    assert kubectl(made, "-n kube-system get deployment coredns -o jsonpath={.spec.replicas}") == "2"
    until(lambda: ("KubeletServingCertificate", "w1") not in problems(made), 30)
    assert ("CoreDNS", "") not in problems(made)


def test_pressure_is_named(made: Cluster, until: Until) -> None:
    condition = {"type": "PIDPressure", "status": "True", "reason": "Test", "message": "of a test"}
    patch = shlex.quote(json.dumps({"status": {"conditions": [condition]}}))
    # kubelet takes it back within 10 s, so it is said again and again.
    again = f"while :; do {KUBECTL} patch node w1 --subresource=status -p {patch}; sleep 0.3; done"
    made.on("cp1", f"timeout 180 bash -c {shlex.quote(again)} >/dev/null 2>&1 & echo $! >/run/pressure")
    try:
        until(lambda: "PIDPressure" in problems(made).get(("NodePressure", "w1"), ""), 80)
        until(lambda: "PIDPressure" in findings(made, None).get(("NodePressure", "w1"), ""), 80)
    finally:
        made.on("cp1", "kill $(cat /run/pressure) || true; rm /run/pressure")


def test_a_part_of_the_control_plane_that_does_not_run_is_named(made: Cluster, until: Until) -> None:
    manifest = "/etc/kubernetes/manifests/kube-scheduler.yaml"
    made.on("cp1", f"mv {manifest} /root/")
    try:
        until(lambda: ("ControlPlane", "cp1") in problems(made), 60)
        assert f"kube-scheduler does not run. Is {manifest} there" in problems(made)["ControlPlane", "cp1"]
        assert made.k8sops("status", expect=3).code == 3
    finally:
        made.on("cp1", f"mv /root/kube-scheduler.yaml {manifest}")
    until(lambda: ("ControlPlane", "cp1") not in problems(made), 60)


def test_definitions_come_before_the_objects_that_need_them(made: Cluster) -> None:
    files = {"widgets.yaml": WIDGETS, "definitions.yaml": DEFINITIONS, "tasks/widgets.py": TASK,
             "playbooks/widgets.yaml": "- {name: Widgets, hosts: 'control_plane[any]', tasks: [widgets]}"}  # fmt: skip
    for name, text in files.items():
        (made.folder / name).parent.mkdir(exist_ok=True)
        (made.folder / name).write_text(text)
    try:
        # A kind that nobody knows yet is drift, and no broken check.
        assert {one["outcome"] for one in made.changes("-p", "widgets")} == {"drift"}
        done = made.apply("-p", "widgets")
        assert (done["failures"], done["notConverged"]) == ([], [])
        assert made.changes("-p", "widgets") == []
        assert kubectl(made, "-n tools get widget first -o jsonpath={.spec.size}") == "1"
        kubectl(made, "-n tools delete widget first")
        assert [one["resource"] for one in made.changes("-p", "widgets")] == ["manifest:widgets"]
    finally:
        kubectl(made, "delete crd widgets.example.com --ignore-not-found")
        kubectl(made, "delete namespace tools --ignore-not-found --wait=false")
        kubectl(made, "delete configmap without-namespace --ignore-not-found")
        for name in files:
            (made.folder / name).unlink()
