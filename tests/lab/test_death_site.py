"""Deaths while a cluster is being made: k8sops killed, hosts rebooted, lines cut, at random points of init and join."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Cluster
from test_death import SEED, Started

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
FAULTS = int(os.environ.get("K8SOPS_FAULTS", "6"))


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("deaths"), "deaths")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "1")
    yield made
    made.k8sops("lab", "down", made.name)


def strike(hosts: Cluster, running: Started, fate: str, host: str) -> None:
    name = f"k8sops-{hosts.name}-{host}"
    if fate == "kill":
        running.process.kill()
    elif fate == "reboot":
        subprocess.run(["docker", "kill", name], check=True, capture_output=True)
        subprocess.run(["docker", "start", name], check=True, capture_output=True)
    elif fate == "cut":
        hosts.on(host, "pkill -9 -f 'sshd: ops' || true")
    else:
        subprocess.run(["docker", "pause", name], check=True, capture_output=True)
        time.sleep(5)
        subprocess.run(["docker", "unpause", name], check=True, capture_output=True)


def test_a_cluster_is_made_whatever_dies_on_the_way(hosts: Cluster, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    book = hosts.folder / "book.yaml"
    book.write_text((Path(__file__).resolve().parents[2] / "playbooks" / "site.yaml").read_text())
    for at in range(FAULTS):
        running = Started(hosts, tmp_path / str(at), "apply", "--yes", "--allow", "restart", "--wait", "120")
        fate, host = chance.choice(["kill", "reboot", "cut", "freeze"]), chance.choice(["cp1", "w1"])
        time.sleep(chance.uniform(3, 35))
        strike(hosts, running, fate, host)
        code, said = running.end(600)
        print(f"seed {SEED}, fault {at}: {fate} of {host} ended with {code}")
        assert "Traceback" not in said
        assert "a bug of k8sops" not in said
    done = hosts.apply("--wait", "120")
    assert (done["failures"], done["still"]) == ([], [])
    assert hosts.changes() == []
    status = hosts.k8sops("status", "-o", "json").data()
    assert [(one["name"], one["ready"]) for one in status["nodes"]] == [("cp1", True), ("w1", True)]
    assert "bootstrap-token" not in hosts.on("cp1", f"{KUBECTL} -n kube-system get secrets -o name")
    for one in ("cp1", "w1"):
        assert hosts.on(one, "find /etc /var/lib/kubelet -name '.k8sops.*' 2>/dev/null || true") == ""
        assert hosts.on(one, "dpkg --audit") == ""
    assert all(one["passed"] for one in hosts.k8sops("verify", "-o", "json").data()["tests"])
