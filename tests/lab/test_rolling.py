"""A rolling change on real nodes: one after the other is drained, changed and uncordoned; a drain that fails stops it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from conftest import Cluster

pytestmark = pytest.mark.beside
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
PATCH = "/etc/k8sops-test-patch"
TASK = """\
from k8sops.engine.task import Task
from k8sops.resources.files import file

TASK = Task(name="patched", title="", resources=lambda spec, host, fleet: [file("{path}", "{content}\\n")])
"""
BOOK = """\
- name: Nodes patched one by one
  hosts: workers
  serial: 1
  tasks: [drained, patched, uncordoned]
"""
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: guarded}
spec:
  replicas: 1
  selector: {matchLabels: {app: guarded}}
  template:
    metadata: {labels: {app: guarded}}
    spec:
      nodeSelector: {kubernetes.io/hostname: w1}
      containers: [{name: a, image: registry.k8s.io/pause:3.10.2}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: guarded}
spec: {minAvailable: 1, selector: {matchLabels: {app: guarded}}}
"""


@pytest.fixture
def patch(living: Cluster) -> Iterator[Callable[[str], None]]:
    """Says what the rolling playbook writes to a file of each worker; nothing of it is left after the test."""
    before = living.inventory.read_text()
    for folder in ("tasks", "playbooks"):
        (living.folder / folder).mkdir(exist_ok=True)
    book, task = living.folder / "playbooks" / "patch.yaml", living.folder / "tasks" / "patched.py"
    book.write_text(BOOK)
    yield lambda content: task.write_text(TASK.format(path=PATCH, content=content)) and None
    book.unlink()
    task.unlink(missing_ok=True)
    living.inventory.write_text(before)
    for name in ("w1", "w2"):
        living.on(name, f"rm -f {PATCH}")
        living.on("cp1", f"{KUBECTL} uncordon {name}; {KUBECTL} annotate node {name} k8sops.io/cordoned-")


def cordoned(cluster: Cluster) -> frozenset[str]:
    """The nodes that take no new pods, as the API says."""
    path = "{.items[?(@.spec.unschedulable==true)].metadata.name}"
    return frozenset(cluster.on("cp1", f"{KUBECTL} get nodes -o jsonpath='{path}'").split())


def test_workers_are_drained_changed_and_uncordoned_one_by_one(living: Cluster, patch: Callable[[str], None]) -> None:
    patch("1")
    planned = [(one["host"], one["executor"], one["resource"]) for one in living.changes("-p", "patch")]
    assert planned == [
        (name, where or name, resource)
        for name in ("w1", "w2")
        for where, resource in (
            ("cp1", f"cordoned:{name}"),
            ("cp1", f"drained:{name}"),
            ("", f"file:{PATCH}"),
            ("cp1", f"uncordoned:{name}"),
        )
    ]
    samples: list[frozenset[str]] = []
    over = threading.Event()

    def sample() -> None:
        while not over.is_set():
            samples.append(cordoned(living))

    watch = threading.Thread(target=sample)
    watch.start()
    try:
        living.k8sops("apply", "-p", "patch", "--yes", "--allow", "drain")
    finally:
        over.set()
        watch.join()
    assert set(samples) <= {frozenset(), frozenset({"w1"}), frozenset({"w2"})}
    assert {frozenset({"w1"}), frozenset({"w2"})} <= set(samples)
    # Not a sample later than the other's: w1 is uncordoned before w2 is cordoned.
    assert max(at for at, names in enumerate(samples) if "w1" in names) < min(
        at for at, names in enumerate(samples) if "w2" in names
    )
    assert [living.on(name, f"cat {PATCH}").strip() for name in ("w1", "w2")] == ["1", "1"]
    assert cordoned(living) == frozenset()
    living.k8sops("check", "-p", "patch")


def test_a_drain_that_a_disruption_budget_blocks_stops_before_the_change(
    living: Cluster, patch: Callable[[str], None], until: Callable[[Callable[[], bool], float], None]
) -> None:
    patch("2")
    living.edit(lambda data: data.update(drain={"timeout_seconds": 20}))
    living.on("cp1", f"{KUBECTL} apply -f - <<'EOF'\n{WEB}EOF")
    ready = f"{KUBECTL} get deployment guarded -o jsonpath='{{.status.readyReplicas}}'"
    until(lambda: living.on("cp1", ready).strip() == "1", 120)
    try:
        done = living.k8sops("apply", "-p", "patch", "--yes", "--allow", "drain", "-o", "json", expect=3).data()
        (failure,) = done["failures"]
        assert (failure["host"], failure["executor"], failure["resource"]) == ("w1", "cp1", "drained:w1")
        assert "disruption budget" in "\n".join(failure["lines"])
        for name in ("w1", "w2"):
            assert living.on(name, f"cat {PATCH} 2>/dev/null || true").strip() != "2"
        assert cordoned(living) == {"w1"}
    finally:
        living.on("cp1", f"{KUBECTL} delete pdb,deployment guarded --wait=true")
    # Run again once the way is free, it goes on where it stopped.
    living.k8sops("apply", "-p", "patch", "--yes", "--allow", "drain")
    assert [living.on(name, f"cat {PATCH}").strip() for name in ("w1", "w2")] == ["2", "2"]
    assert cordoned(living) == frozenset()
