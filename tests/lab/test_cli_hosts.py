"""The command line against real, bare hosts: the first line is true, names may have dots, prompts are answered on a
terminal, and machines get objects."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from conftest import Cluster

pytestmark = pytest.mark.beside
DOTTED = "w1.example.internal"
FIRST = ("-t", "names,swap,kernel", "--ignore-preflight-errors", "PackageRepository,ImageRegistry")
"""Tasks that need neither packages nor images."""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two bare hosts, with no source of Kubernetes; the worker's name in the inventory has dots."""
    made = Cluster(tmp_path_factory.mktemp("cli"), "cli")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "1", "--bare")
    workers = "workers"
    made.edit(
        lambda data: data["groups"][workers]["hosts"].update({DOTTED: data["groups"][workers]["hosts"].pop("w1")})
    )
    yield made
    made.k8sops("lab", "down", made.name)


def typed(hosts: Cluster, answer: str, *words: str) -> tuple[int, str]:
    """A command on a terminal of 80 columns, where a user types this when it asks; the exit code and the screen."""
    master, slave = pty.openpty()
    env = {**os.environ, "K8SOPS_INVENTORY": str(hosts.inventory), "COLUMNS": "80", "TERM": "xterm"}
    argv = [sys.executable, "-m", "k8sops", *words]
    shown, answered = "", False
    with subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=env, close_fds=True) as process:
        os.close(slave)
        while True:
            try:
                chunk = os.read(master, 4096).decode(errors="replace")
            except OSError:
                break
            shown += chunk
            if "confirm" in shown and not answered:
                os.write(master, f"{answer}\n".encode())
                answered = True
    os.close(master)
    assert answered, shown
    return process.returncode, shown


def test_a_misspelt_pick_is_an_error_with_the_nearest_id(hosts: Cluster) -> None:
    ran = hosts.k8sops("plan", "--pick", "sysctl:net.ipv4.ip_forwad", *FIRST, expect=5)
    assert "--pick sysctl:net.ipv4.ip_forwad matches no resource of this plan" in ran.err
    assert "did you mean `sysctl:net.ipv4.ip_forward`?" in ran.err
    assert "no changes" not in ran.out


def test_hosts_that_are_silent_are_in_the_first_words(hosts: Cluster, tmp_path: Path) -> None:
    data = yaml.safe_load(hosts.inventory.read_text())
    data["ssh"]["port"] = 1
    silent = tmp_path / "silent.yaml"
    silent.write_text(yaml.safe_dump(data))
    # Each of them tries to log in for a while, so they do it at the same time.
    lines = ("plan", "check", "verify", "plan -o json", "apply --yes -o json", "status -o json")
    with ThreadPoolExecutor(len(lines)) as pool:
        runs = [pool.submit(hosts.k8sops, *line.split(), inventory=silent, expect=4) for line in lines]
        plan, check, verify, found, error, status = (run.result() for run in runs)
    assert "No plan: none of 2 hosts could be reached" in plan.out
    assert "No plan: none of 2 hosts could be reached" in check.out
    assert "no test was run: none of 2 hosts could be reached" in verify.err
    assert found.data()["summary"] == "No plan: none of 2 hosts could be reached"
    assert (error.data()["kind"], error.data()["message"]) == ("Error", "No plan: none of 2 hosts could be reached")
    assert (status.data()["kind"], status.data()["exitCode"]) == ("Error", 4)


def test_only_yes_is_accepted_on_a_terminal(hosts: Cluster) -> None:
    code, shown = typed(hosts, "y", "apply", *FIRST)
    assert code == 130
    assert "Apply these changes? Type yes to confirm" in shown
    assert 'Cancelled (only "yes" is accepted). Nothing was changed.' in shown
    assert "~ will change" in shown
    assert hosts.changes(*FIRST)


def test_a_host_name_with_dots_is_provisioned(hosts: Cluster) -> None:
    ran = hosts.k8sops("apply", "--yes", "--allow", "restart", *FIRST)
    assert "PLAY 1/" in ran.out
    assert "\nDone: " in ran.out
    run = ran.out.rpartition("k8sops runs show ")[2].strip()
    assert DOTTED in hosts.k8sops("runs", "show", run).out
    events = hosts.k8sops("runs", "show", run, "-o", "json").data()["events"]
    assert {event.get("number") for event in events if event["type"] == "play.start"} == {1}
    assert f" {DOTTED}" in hosts.on("w1", "cat /etc/hosts")
    assert "Plan: no changes" in hosts.k8sops("plan", "-l", "*.example.internal", *FIRST).out


def test_what_was_not_selected_is_not_called_unchanged(hosts: Cluster) -> None:
    ran = hosts.k8sops("plan", "-l", DOTTED, "-t", "kubeadm-init", *FIRST[2:])
    assert f"Nothing to check: no resource is selected by --limit {DOTTED}, --tags kubeadm-init" in ran.out
    assert "no host matches --limit workers,!all" in hosts.k8sops("plan", "-l", "workers,!all", expect=5).err


def test_components_of_hosts_are_listed(hosts: Cluster) -> None:
    assert DOTTED in hosts.k8sops("version", "--hosts").out
    found = hosts.k8sops("version", "--hosts", "-l", DOTTED, "-o", "json").data()
    assert found["kind"] == "Version"
    (host,) = found["hosts"]
    assert host["kernel"] == hosts.on("w1", "uname -r").strip()
    assert (host["name"], host["kubelet"]) == (DOTTED, None)
    assert host["os"].startswith("Debian GNU/Linux")


def test_labs_are_listed_as_a_document(hosts: Cluster) -> None:
    found = json.loads(hosts.k8sops("lab", "status", "-o", "json").out)
    assert found["kind"] == "LabHostList"
    assert {"lab": hosts.name, "host": "w1", "address": found_address(found, hosts), "running": True} in found["items"]


def found_address(found: dict[str, list[dict[str, str]]], hosts: Cluster) -> str:
    return next(item["address"] for item in found["items"] if (item["lab"], item["host"]) == (hosts.name, "w1"))
