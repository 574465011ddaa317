"""The operator's machine and the way to the hosts, on bare hosts with real sshd and sudo: no cluster is made here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Cluster
from test_ssh import ask, reach, refusal

from k8sops.engine.shell import LOCK_SECONDS
from k8sops.ssh.way import SSHSettings

__all__ = ["reach"]
pytestmark = pytest.mark.beside
KERNEL = ("apply", "--yes", "-t", "kernel", "--ignore-preflight-errors", "all")
"""A little work, on hosts that reach neither packages nor images."""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane and a worker to be, without a mirror: nothing is installed on them."""
    made = Cluster(tmp_path_factory.mktemp("operator"), "operator")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "1", "--bare")
    yield made
    made.k8sops("lab", "down", made.name)


def logins(hosts: Cluster) -> int:
    return int(hosts.on("cp1", "journalctl --sync; journalctl -u ssh --no-pager | grep -c 'Accepted publickey for ops' || true"))


# --- parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("playbook", "words"),
    [
        ("etcd-restore", "backup=$(touch /pwned)"),
        ("etcd-restore-new-hosts", "backup=x\ntouch /pwned"),
        ("etcd-compact", "keep=1;touch /pwned"),
        ("reset", "leaving=cp1,../w1"),
    ],
)
def test_a_hostile_parameter_is_refused_before_any_host_is_contacted(playbook: str, words: str, hosts: Cluster) -> None:
    before = logins(hosts)
    for command in (["plan"], ["apply", "--yes"])[: 2 if playbook == "etcd-restore" else 1]:
        ran = hosts.k8sops(*command, "-p", playbook, "-e", words, expect=5)
        assert f"invalid parameter {words.partition('=')[0]}=" in ran.err
        assert "for example: -e" in ran.err
    assert logins(hosts) == before
    hosts.on("cp1", "test ! -e /pwned")


# --- privileges and locks -----------------------------------------------------------------------------------------


def test_a_login_that_is_not_root_is_said_before_anything_else(hosts: Cluster, reach: dict[str, SSHSettings]) -> None:
    try:
        hosts.edit(lambda data: data["ssh"].update(become=False))
        for command in (["plan"], ["apply", "--yes"]):
            ran = hosts.k8sops(*command, expect=4)
            said = ran.out + ran.err
            assert "cp1: logged in as ops, who is not root" in said
            assert "ssh.become: true" in said
            assert "another run" not in said
    finally:
        hosts.edit(lambda data: data["ssh"].update(become=True))


@pytest.mark.parametrize("lock", ["/run/k8sops-run.lock", "/run/k8sops.lock"])
def test_a_lock_file_that_cannot_be_written_is_named(lock: str, hosts: Cluster) -> None:
    hosts.on("cp1", f"rm -f {lock}; mkdir {lock}")
    try:
        since = time.monotonic()
        ran = hosts.k8sops(*KERNEL, "-l", "cp1", expect=3)
        assert f"cannot write {lock} as root (Is a directory)" in ran.out + ran.err
        assert "held by" not in ran.out + ran.err
        assert time.monotonic() - since < LOCK_SECONDS / 10
    finally:
        hosts.on("cp1", f"rmdir {lock}")


def test_what_sudo_refuses_is_said_as_it_is(hosts: Cluster, reach: dict[str, SSHSettings]) -> None:
    rules = "/etc/sudoers.d/90-ops"
    kept = hosts.on("cp1", "cat /etc/sudoers.d/* /dev/null; ls /etc/sudoers.d")
    hosts.on("cp1", "mkdir /root/sudoers; cp -a /etc/sudoers.d/. /root/sudoers; echo ops:right | chpasswd; locale")
    cp1 = reach["cp1"]
    try:
        for rule, password, said in (
            ("ops ALL=(ALL) ALL", None, "sudo needs the password of ops"),
            ("ops ALL=(ALL) ALL", "wrong", "sudo refused the password of ops"),
            ("", "right", "ops may not use sudo"),
            ("ops ALL=(ALL) /bin/true", "right", "ops may not use sudo"),
            ("Defaults requiretty\nops ALL=(ALL) NOPASSWD:ALL", None, "sudo requires a terminal"),
        ):
            hosts.on("cp1", f"rm -f /etc/sudoers.d/*; printf '%s\\n' '{rule}' >{rules}; chmod 440 {rules}")
            assert said in refusal(cp1, password), rule
        hosts.on("cp1", f"printf '%s\\n' 'ops ALL=(ALL) ALL' >{rules}")
        assert ask(cp1, password="right") == ["cp1", "root"]
        hosts.on("cp1", "mv /usr/bin/sudo /usr/bin/sudo.away")
        assert "sudo is not installed" in refusal(cp1)
    finally:
        hosts.on("cp1", "[ ! -e /usr/bin/sudo.away ] || mv /usr/bin/sudo.away /usr/bin/sudo")
        hosts.on("cp1", "rm -rf /etc/sudoers.d; mv /root/sudoers /etc/sudoers.d")
    assert kept
    assert ask(cp1) == ["cp1", "root"]


def test_the_advice_can_be_pasted(hosts: Cluster, reach: dict[str, SSHSettings]) -> None:
    w1 = replace(reach["w1"], jump=f"ops@{reach['cp1'].host}")
    said = refusal(replace(w1, user="nobody-here"))
    command = said.partition("Try: ")[2].strip()
    assert command.startswith(f"ssh -F {w1.ssh_config} -J ops@{reach['cp1'].host} -p 22 -i {w1.identity} nobody-here@")
    right = command.replace("nobody-here@", "ops@").replace("ssh ", "ssh -o StrictHostKeyChecking=no -o BatchMode=yes ")
    right = right.replace("-F", "-o UserKnownHostsFile=/dev/null -F")
    config = Path(str(w1.ssh_config))
    config.write_text(
        f"Host *\n IdentityFile {w1.identity}\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n"
    )
    done = subprocess.run(f"{right} hostname", shell=True, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "w1", done.stderr


# --- ssh_config ---------------------------------------------------------------------------------------------------


def test_ssh_config_is_read_as_openssh_reads_it(hosts: Cluster, reach: dict[str, SSHSettings], tmp_path: Path) -> None:
    cp1, w1 = reach["cp1"], reach["w1"]
    config, more, known = tmp_path / "config", tmp_path / "more", tmp_path / "known"
    known.write_text(f"the-worker {w1.host_key}\n{cp1.host} {cp1.host_key}\n")
    more.write_text(f"Host inner\n  HostName {w1.host}\n  Port 22\n")
    plain = replace(w1, user=None, port=None, identity=None, host_key=None, pins={}, host="inner")
    head = f"Include {more}\nMatch final all\n  Ciphers aes256-ctr,aes128-ctr\n"
    base = f"  User ops\n  IdentityFile {w1.identity}\n  UserKnownHostsFile {known}\n"
    for text in (
        f"{head}Match host={w1.host}\n  HostKeyAlias the-worker\nHost *\n{base}",
        f"{head}Match originalhost inner\n  HostKeyAlias the-worker\n  ProxyJump {cp1.host}\nHost *\n{base}",
        f"{head}Match exec true\n  HostKeyAlias the-worker\n"
        f"Host inner\n  ProxyCommand ssh -F {tmp_path}/jump -W %h:%p ops@{cp1.host}\nHost *\n{base}",
        f"Include {more}\nHost *\n  HostKeyAlias the-worker\n  ProxyCommand bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 &"
        f" exec cat >&3'\n{base}",
    ):
        config.write_text(text)
        (tmp_path / "jump").write_text(f"Host *\n{base}")
        made = replace(plain, ssh_config=str(config))
        _forget()
        assert ask(made) == ["w1", "root"], text
    known.write_text(f"{cp1.host} {cp1.host_key}\n")
    _forget()
    assert "the host key of the-worker is not known" in refusal(made)
    config.write_text("Match final all\nNoSuchOption x\n")
    _forget()
    assert "line 2: Bad configuration option: nosuchoption" in refusal(made)


def _forget() -> None:
    """Files of ssh are read once in a run."""
    from k8sops.ssh import config, hostkeys

    for one in (config.special, config.effective, hostkeys.known_hosts):
        one.cache_clear()


def test_the_agent_of_ssh_config_is_asked(
    hosts: Cluster, reach: dict[str, SSHSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "nowhere"))
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(tmp_path / "agent")], stdout=subprocess.DEVNULL)
    try:
        while not (tmp_path / "agent").exists():
            time.sleep(0.05)
        env = {**os.environ, "SSH_AUTH_SOCK": str(tmp_path / "agent")}
        subprocess.run(["ssh-add", "-q", str(reach["cp1"].identity)], check=True, env=env)
        config = tmp_path / "config"
        config.write_text(f"Match all\n  IdentityAgent {tmp_path}/agent\n")
        made = replace(reach["cp1"], identity=None, ssh_config=str(config))
        _forget()
        assert ask(made) == ["cp1", "root"]
        config.write_text("Match all\n  IdentityAgent none\n")
        _forget()
        assert "refused the login" in refusal(made)
    finally:
        agent.kill()
        agent.wait()


# --- what is on the hosts and here --------------------------------------------------------------------------------


def test_a_kubeconfig_of_a_user_on_a_host_and_one_of_the_operators_are_named_in_the_plan(hosts: Cluster) -> None:
    hosts.on("cp1", "mkdir -p /root/.kube; echo 'apiVersion: v1' >/root/.kube/config")
    hosts.kubeconfig.write_text(f"contexts: [{{name: {hosts.name}, context: {{cluster: mine}}}}]")
    try:
        found = hosts.k8sops("plan", "-o", "json", expect=None).data()["findings"]
        warnings = {(one["host"], one["name"]): one["what"] for one in found if one["level"] == "warning"}
        assert "/root/.kube/config" in warnings["cp1", "Kubeconfig"]
        assert "kubeconfig.context" in warnings["this machine", "OperatorKubeconfig"]
    finally:
        hosts.kubeconfig.unlink()
        hosts.on("cp1", "rm -r /root/.kube")


# --- runs that end early ------------------------------------------------------------------------------------------


def events(hosts: Cluster, state: Path) -> list[dict[str, Any]]:
    paths = sorted((state / "k8sops" / "runs").glob("*.jsonl"))
    return [json.loads(line) for line in paths[-1].read_text().splitlines()] if paths else []


def test_ctrl_c_in_the_first_play_of_a_first_apply(hosts: Cluster, tmp_path: Path) -> None:
    env = {**os.environ, "K8SOPS_INVENTORY": str(hosts.inventory), "KUBECONFIG": str(hosts.kubeconfig)}
    env["XDG_STATE_HOME"] = str(tmp_path)
    argv = [sys.executable, "-m", "k8sops", "apply", "--yes", "--ignore-preflight-errors", "all"]
    hosts.on("cp1", "rm -f /etc/sysctl.d/*k8sops* /etc/modules-load.d/*k8sops*")
    with (tmp_path / "out").open("w+") as out:
        running = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        until = time.monotonic() + 60
        while not any(one["type"] == "play.start" for one in events(hosts, tmp_path)):
            assert running.poll() is None, (tmp_path / "out").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        code = running.wait(120)
    said = (tmp_path / "out").read_text()
    assert code == 130, said
    assert "FAILED" not in said
    assert [one for one in events(hosts, tmp_path) if one["type"] == "failed"] == []
    ran = hosts.k8sops("runs", "show", env={"XDG_STATE_HOME": str(tmp_path)})
    assert "Exit code 130" in ran.out


def test_runs_show_has_what_a_refused_run_said(hosts: Cluster, tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path)}
    hosts.on(
        "w1", "echo demo >/etc/kubernetes-left; mkdir -p /etc/kubernetes/manifests; touch /etc/kubernetes/admin.conf"
    )
    try:
        hosts.k8sops("apply", "--yes", expect=6, env=env)
        told = hosts.k8sops("runs", "show", env=env).out
        assert "[ERROR " in told
        assert "Exit code 6 (preflight failed)" in told
        assert "PackageRepository" in told or "Leftovers" in told
    finally:
        hosts.on("w1", "rm -r /etc/kubernetes /etc/kubernetes-left")
    hold = 'exec 9>>/run/k8sops-run.lock; flock 9; echo "ann, run 1" >/run/k8sops-run.lock; exec sleep 61'
    hosts.on("cp1", f"setsid bash -c '{hold}' >/dev/null 2>&1 </dev/null & sleep 0.5")
    hosts.k8sops(*KERNEL, expect=7, env=env)
    told = hosts.k8sops("runs", "show", env=env).out
    assert "locked" in told
    assert "ann, run 1" in told
    assert "Exit code 7 (locked by another run)" in told
    data = yaml.safe_load(hosts.k8sops("runs", "show", "-o", "json", env=env).out)
    assert [one["code"] for one in (data if isinstance(data, list) else data["events"]) if one["type"] == "error"] == [
        7
    ]
    hosts.on("cp1", "pkill -x -f 'sleep 61' || true; rm -f /run/k8sops-run.lock")
