"""Behaviour of the cluster, tested with a pod on every node, in a namespace that is deleted afterwards."""

from __future__ import annotations

import ipaddress
import json
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import pytest
import yaml

from k8sops.engine.shell import QUERY_SECONDS, envelope, new_mark, quote
from k8sops.inventory.spec import ClusterSpec
from k8sops.roles.health import health
from k8sops.roles.protocols import network_of
from k8sops.verify.backend import over_testinfra
from k8sops.verify.http import PORT, Answer, Asker, Pod

ROLLOUT = 120
"""Seconds for the image to be pulled and the pods to be ready."""
NOT_TLS = "Client sent an HTTP request to an HTTPS server"
"""What an API server answers to a request in plain HTTP, as all servers in Go do."""
NEAR = 5
"""How many other pods each pod queries, in a ring: the cost stays proportional to the nodes."""


def _objects(namespace: str, image: str) -> str:
    labels = {"app": "verify"}
    pod = {
        "tolerations": [{"operator": "Exists"}],
        "terminationGracePeriodSeconds": 0,
        "containers": [
            {
                "name": "verify",
                "image": image,
                "args": ["netexec", f"--http-port={PORT}"],
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": PORT}, "periodSeconds": 1},
            }
        ],
    }
    return yaml.safe_dump_all(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            {
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "metadata": {"name": "verify", "namespace": namespace},
                "spec": {
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": pod},
                },
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "verify", "namespace": namespace},
                "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": PORT}]},
            },
        ]
    )


@pytest.fixture(scope="module")
def pods(request: pytest.FixtureRequest) -> Iterator[list[Pod]]:
    """A ready pod on every node."""
    suite = request.config.k8sops  # type: ignore[attr-defined]
    plane = over_testinfra(suite.plane)
    namespace = f"k8sops-verify-{secrets.token_hex(3)}"
    try:
        plane.check_output(f"kubectl apply -f - <<<{quote(_objects(namespace, suite.spec.verify_image))}")
        done = plane.run(f"kubectl -n {namespace} rollout status daemonset/verify --timeout={ROLLOUT}s")
        listed = json.loads(plane.check_output(f"kubectl -n {namespace} get pods -o json"))["items"]
        waiting = [_why(one) for one in listed if not one["status"].get("podIP")]
        assert done.rc == 0, f"not ready within {ROLLOUT} s: {'; '.join(waiting) or done.stderr}"
        yield [
            Pod(namespace, one["metadata"]["name"], one["spec"]["nodeName"], one["status"]["podIP"]) for one in listed
        ]
    finally:
        plane.run(f"kubectl delete namespace {namespace} --wait=false")


@pytest.fixture
def asker(request: pytest.FixtureRequest, spec: ClusterSpec, plane: Any) -> Asker:
    """Asks pods, from the hosts that they run on."""
    connect = request.config.k8sops.connect  # type: ignore[attr-defined]
    return Asker(connect, plane, frozenset(host.name for host in spec.hosts))


def _why(pod: dict[str, Any]) -> str:
    states = [one.get("state", {}).get("waiting", {}) for one in pod["status"].get("containerStatuses", [])]
    return f"{pod['spec'].get('nodeName')}: {', '.join(one.get('reason', '') for one in states)}"


def _left(time_left: Callable[[], float], look: Callable[[], list[str]], between: str = ", ") -> str:
    """The problems that remain when the time is up; checked at least once."""
    while (amiss := look()) and time_left() > 0:
        time.sleep(2)
    return between.join(amiss)


def _amiss(pods: Sequence[Pod], ask: Callable[[Pod], str]) -> Callable[[], list[str]]:
    """What is wrong at which node; those that were right once are not asked again.

    A new Service comes to a node with kube-proxy's next word from the API, which it may have to find anew.
    """
    asked = list(pods)

    def look() -> list[str]:
        found = {pod: why for pod in asked if (why := ask(pod))}
        asked[:] = found
        return [f"from {pod.node}: {why}" for pod, why in found.items()]

    return look


def wrong(answer: Answer, expected: Collection[str]) -> str:
    """Why an answer is not one of those that were expected; empty where it is."""
    if answer.failure:
        return answer.failure
    return "" if answer.body in expected else f"unexpected answer: {answer.body[:60]!r}"


def in_cluster(spec: ClusterSpec, service: str) -> str:
    """A Service's name. With a dot at its end DNS is asked once, and not for every search domain of the pod."""
    return f"{service}.svc.{spec.settings.network.dns_domain}."


def known_problems(spec: ClusterSpec, plane: Any) -> list[str]:
    """What is known to be broken, with its cause."""
    script = envelope(new_mark(), [health.script(spec)])
    lines = plane.backend.k8sops_host.run(script, timeout=QUERY_SECONDS).out.splitlines()
    nodes = plane.check_output("kubectl get nodes -o name").split()
    planes = [host.name for host in spec.control_planes if f"node/{host.name}" in nodes]
    ignored = {name.lower() for name in spec.preflight_ignore}
    found = [one for one in health.problems(spec, health.parse(lines), planes) if one.broken]
    return [f"{one.node}: {one.what}".removeprefix(": ") for one in found if one.name.lower() not in ignored]


def test_no_problem_of_the_cluster_is_known(plane: Any, spec: ClusterSpec, time_left: Callable[[], float]) -> None:
    # What fails below often follows from one of these. Half of the time is left for the other tests.
    reserve = time_left() / 2
    found = _left(lambda: time_left() - reserve, lambda: known_problems(spec, plane), "; ")
    assert not found, found


def test_every_node_is_ready(plane: Any, spec: ClusterSpec, time_left: Callable[[], float]) -> None:
    def look() -> list[str]:
        nodes = json.loads(plane.check_output("kubectl get nodes -o json"))["items"]
        ready = {
            one["metadata"]["name"]
            for one in nodes
            if any(c["type"] == "Ready" and c["status"] == "True" for c in one["status"]["conditions"])
        }
        return sorted({host.name for host in spec.hosts} - ready)

    missing = _left(time_left, look)
    assert not missing, f"not ready: {missing}"


def test_a_pod_runs_on_every_node(pods: list[Pod], spec: ClusterSpec) -> None:
    missing = sorted({host.name for host in spec.hosts} - {pod.node for pod in pods})
    assert not missing, f"no pod on {', '.join(missing)}"


def misplaced(spec: ClusterSpec, pods: Sequence[Pod], ranges: Mapping[str, str]) -> list[str]:
    """The pods whose addresses lie outside `network.pods`, or outside the range of their node.

    `ranges`: those that the API gives to nodes, which not every network uses.
    """
    found = []
    for pod in pods:
        address = ipaddress.ip_address(pod.address)
        own = ranges.get(pod.node) if network_of(spec).node_ranges else None
        if address not in spec.pods:
            found.append(f"{pod.node} gives pods {pod.address}, outside network.pods ({spec.pods})")
        elif own and address not in ipaddress.ip_network(own):
            found.append(f"{pod.node} gives pods {pod.address}, outside its own range {own}")
    return found


def test_pods_have_addresses_of_the_pod_network(plane: Any, pods: list[Pod], spec: ClusterSpec) -> None:
    nodes = json.loads(plane.check_output("kubectl get nodes -o json"))["items"]
    ranges = {one["metadata"]["name"]: one["spec"]["podCIDR"] for one in nodes if one["spec"].get("podCIDR")}
    found = misplaced(spec, pods, ranges)
    assert not found, f"{'; '.join(found)}: another network's file in /etc/cni/net.d?"


def test_every_pod_answers_its_own_node(asker: Asker, pods: list[Pod], time_left: Callable[[], float]) -> None:
    found = _left(time_left, _amiss(pods, lambda pod: wrong(asker.get(pod, "/hostname"), [pod.name])))
    assert not found, found


def test_every_pod_answers_every_other(asker: Asker, pods: list[Pod], time_left: Callable[[], float]) -> None:
    steps = range(1, min(NEAR, len(pods) - 1) + 1)
    ring = [(pods[at], pods[(at + step) % len(pods)]) for step in steps for at in range(len(pods))]

    def look() -> list[str]:
        asked = {(pod, other): wrong(asker.dial(pod, other.address, PORT), [other.name]) for pod, other in ring}
        ring[:] = [pair for pair, why in asked.items() if why]
        return [f"{pod.node} -> {other.node}: {why}" for (pod, other), why in asked.items() if why]

    found = _left(time_left, look)
    assert not found, found


def test_a_service_answers_by_name_from_every_node(
    asker: Asker, pods: list[Pod], spec: ClusterSpec, time_left: Callable[[], float]
) -> None:
    name = in_cluster(spec, f"verify.{pods[0].namespace}")
    names = [pod.name for pod in pods]
    found = _left(time_left, _amiss(pods, lambda pod: wrong(asker.dial(pod, name, 80), names)))
    assert not found, f"{name}: {found}"


def test_the_api_answers_by_name_from_every_node(
    asker: Asker, pods: list[Pod], spec: ClusterSpec, time_left: Callable[[], float]
) -> None:
    name = in_cluster(spec, "kubernetes.default")

    def ask(pod: Pod) -> str:
        answer = asker.dial(pod, name, 443, "readyz")
        return "" if NOT_TLS in answer.body else wrong(answer, [])

    found = _left(time_left, _amiss(pods, ask))
    assert not found, f"{name}: {found}"


def test_logs_and_exec_work_on_every_node(plane: Any, pods: list[Pod], time_left: Callable[[], float]) -> None:
    def ask(pod: Pod) -> str:
        for what in (f"logs {pod.name} --tail=1", f"exec {pod.name} -- /agnhost help"):
            ran = plane.run(f"kubectl -n {pod.namespace} --request-timeout=20s {what}")
            if ran.rc:
                return (
                    f"cannot {what.partition(' ')[0]}: {(ran.stderr.strip().splitlines() or ['no reason given'])[-1]}"
                )
        return ""

    found = _left(time_left, _amiss(pods, ask))
    assert not found, found
