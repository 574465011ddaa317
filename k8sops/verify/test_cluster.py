"""How the cluster behaves, tried with pods of its own on every node, in a namespace that is gone afterwards."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from k8sops.shell import quote
from k8sops.spec import ClusterSpec
from k8sops.verify.backend import over_testinfra

ROLLOUT = 120
"""Seconds for the image to be pulled and the pods to be ready."""
NEAR = 5
"""How many others each pod tries; in a ring, so that a thousand nodes stay affordable."""


def _objects(namespace: str, image: str) -> str:
    labels = {"app": "verify"}
    pod = {
        "tolerations": [{"operator": "Exists"}],
        "terminationGracePeriodSeconds": 0,
        "containers": [
            {
                "name": "verify",
                "image": image,
                "args": ["netexec", "--http-port=8080"],
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
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
                "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
            },
        ]
    )


@pytest.fixture(scope="module")
def pods(request: pytest.FixtureRequest) -> Iterator[list[tuple[str, str, str, str]]]:
    """(namespace, pod, node, address) of a ready pod on every node."""
    suite = request.config.k8sops  # type: ignore[attr-defined]
    plane = over_testinfra(suite.plane)
    namespace = f"k8sops-verify-{secrets.token_hex(3)}"
    try:
        plane.check_output(f"kubectl apply -f - <<<{quote(_objects(namespace, suite.spec.verify_image))}")
        done = plane.run(f"kubectl -n {namespace} rollout status daemonset/verify --timeout={ROLLOUT}s")
        listed = json.loads(plane.check_output(f"kubectl -n {namespace} get pods -o json"))["items"]
        waiting = [_why(one) for one in listed if not one["status"].get("podIP")]
        assert done.rc == 0, f"not ready within {ROLLOUT} s: {'; '.join(waiting) or done.stderr}"
        yield [(namespace, one["metadata"]["name"], one["spec"]["nodeName"], one["status"]["podIP"]) for one in listed]
    finally:
        plane.run(f"kubectl delete namespace {namespace} --wait=false")


def _why(pod: dict[str, Any]) -> str:
    states = [one.get("state", {}).get("waiting", {}) for one in pod["status"].get("containerStatuses", [])]
    return f"{pod['spec'].get('nodeName')}: {', '.join(one.get('reason', '') for one in states)}"


def _connect(plane: Any, pod: tuple[str, str, str, str], target: str) -> Any:
    return plane.run(f"kubectl -n {pod[0]} exec {pod[1]} -- /agnhost connect --timeout=5s {target}")


def _left(time_left: Callable[[], float], look: Callable[[], list[str]]) -> str:
    """What is still amiss when no time is left; looked for at least once."""
    while (amiss := look()) and time_left() > 0:
        time.sleep(2)
    return ", ".join(amiss)


def _silent(plane: Any, pods: list[tuple[str, str, str, str]], name: str) -> Callable[[], list[str]]:
    """The nodes from which it does not answer; those from which it has are not asked again.

    A new Service comes to a node with kube-proxy's next word from the API, which it may have to find anew.
    """
    asked = list(pods)

    def look() -> list[str]:
        asked[:] = [pod for pod in asked if _connect(plane, pod, name).rc]
        return [pod[2] for pod in asked]

    return look


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


def test_system_pods_run(plane: Any, time_left: Callable[[], float]) -> None:
    def look() -> list[str]:
        pods = json.loads(plane.check_output("kubectl -n kube-system get pods -o json"))["items"]
        return [one["metadata"]["name"] for one in pods if one["status"]["phase"] not in ("Running", "Succeeded")]

    bad = _left(time_left, look)
    assert not bad, f"not running: {bad}"


def test_a_pod_runs_on_every_node(pods: list[tuple[str, str, str, str]], spec: ClusterSpec) -> None:
    missing = sorted({host.name for host in spec.hosts} - {pod[2] for pod in pods})
    assert not missing, f"no pod on {', '.join(missing)}"


def test_every_pod_reaches_every_other(
    plane: Any, pods: list[tuple[str, str, str, str]], time_left: Callable[[], float]
) -> None:
    ring = [
        (pods[at], pods[(at + step) % len(pods)])
        for step in range(1, min(NEAR, len(pods) - 1) + 1)
        for at in range(len(pods))
    ]

    def look() -> list[str]:
        ring[:] = [(pod, other) for pod, other in ring if _connect(plane, pod, f"{other[3]}:8080").rc]
        return [f"{pod[2]} -> {other[2]}" for pod, other in ring]

    silent = _left(time_left, look)
    assert not silent, f"no connection: {silent}"


def test_a_service_answers_by_name_from_every_node(
    plane: Any, pods: list[tuple[str, str, str, str]], spec: ClusterSpec, time_left: Callable[[], float]
) -> None:
    name = f"verify.{pods[0][0]}.svc.{spec.settings.network.dns_domain}:80"
    silent = _left(time_left, _silent(plane, pods, name))
    assert not silent, f"{name} does not answer from {silent}"


def test_the_api_answers_by_name_from_every_node(
    plane: Any, pods: list[tuple[str, str, str, str]], spec: ClusterSpec, time_left: Callable[[], float]
) -> None:
    name = f"kubernetes.default.svc.{spec.settings.network.dns_domain}:443"
    silent = _left(time_left, _silent(plane, pods, name))
    assert not silent, f"{name} does not answer from {silent}"
