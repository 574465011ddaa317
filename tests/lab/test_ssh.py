"""Logins as users have them, against real sshd on bare hosts: what OpenSSH's own client could do, k8sops does too."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from conftest import Cluster

from k8sops.engine.shell import envelope, hold_script, new_mark
from k8sops.errors import UnreachableError
from k8sops.ssh.connection import SSHHost
from k8sops.ssh.way import SSHSettings

pytestmark = pytest.mark.beside
HOSTS = ("cp1", "w1", "w2")


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three bare hosts, without a mirror: nothing is installed on them."""
    made = Cluster(tmp_path_factory.mktemp("ssh"), "ssh")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "2", "--bare")
    yield made
    made.k8sops("lab", "down", made.name)


@pytest.fixture
def reach(hosts: Cluster, tmp_path: Path) -> dict[str, SSHSettings]:
    """How each host is reached, with nothing of this machine's own ssh in it."""
    data = yaml.safe_load(hosts.inventory.read_text())
    entries = data["groups"]["control_plane"]["hosts"] | data["groups"]["workers"]["hosts"]
    (tmp_path / "config").write_text("")
    return {
        name: SSHSettings(
            name=name, host=one["address"], user="ops", port=22, identity=data["ssh"]["identity"], become=True,
            host_key=one["host_key"], pins={other["address"]: other["host_key"] for other in entries.values()},
            known_hosts=(), ssh_config=str(tmp_path / "config"), patience=10,
        )
        for name, one in entries.items()
    }  # fmt: skip


def ask(settings: SSHSettings, script: str = "hostname; id -un", password: str | None = None) -> list[str]:
    """What a script prints there, whatever the host prints by itself."""
    host, mark = SSHHost(settings, (lambda: password) if password else None), new_mark()
    try:
        result = host.run(envelope(mark, ["mark facts", script]))
    finally:
        host.close()
    assert result.ok, result.err
    return result.out.partition(f"{mark} facts\n")[2].split()


def refusal(settings: SSHSettings, password: str | None = None) -> str:
    with pytest.raises(UnreachableError) as caught:
        ask(settings, password=password)
    return str(caught.value)


def test_the_agent_logs_in_where_no_key_is_named(
    reach: dict[str, SSHSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        by_agent = replace(reach["cp1"], identity=None)
        assert "refused the login" in refusal(by_agent)
        while not socket.exists():
            pass
        subprocess.run(["ssh-add", "-q", str(reach["cp1"].identity)], check=True, env={**os.environ})
        assert ask(by_agent) == ["cp1", "root"]
    finally:
        agent.kill()
        agent.wait()


def test_ssh_config_says_address_port_user_key_and_jump(reach: dict[str, SSHSettings], tmp_path: Path) -> None:
    cp1, w1 = reach["cp1"], reach["w1"]
    (tmp_path / "config").write_text(
        f"Host first\n  HostName {cp1.host}\n  User ops\n  IdentityFile {cp1.identity}\n"
        f"Host second\n  HostName {w1.host}\n  User ops\n  IdentityFile {w1.identity}\n  ProxyJump first\n"
    )
    settings = replace(w1, host="second", user=None, port=None, identity=None, pins={"first": cp1.host_key or ""})
    assert ask(settings, "hostname; echo ${SSH_CONNECTION:-sudo}")[0] == "w1"
    assert "not known" in refusal(replace(settings, pins={}))


def test_two_jump_hosts_are_gone_through_and_each_key_is_checked(hosts: Cluster, reach: dict[str, SSHSettings]) -> None:
    far = replace(reach["w2"], jump=f"ops@{reach['cp1'].host},ops@{reach['w1'].host}")
    assert ask(far) == ["w2", "root"]
    assert f"from {reach['w1'].host}" in hosts.on("w2", "journalctl --sync; journalctl -u ssh --no-pager -n 20")
    for missing in ("cp1", "w1"):
        pins = {address: key for address, key in far.pins.items() if address != reach[missing].host}
        assert f"the host key of {reach[missing].host} is not known" in refusal(replace(far, pins=pins))


def logins(hosts: Cluster) -> dict[str, int]:
    """How many logins each host has let in so far; on a busy machine the journal lags behind unless it is synced."""
    count = "journalctl --sync; journalctl -u ssh --no-pager | grep -c 'Accepted publickey for ops' || true"
    return {host: int(hosts.on(host, count)) for host in HOSTS}


@pytest.mark.parametrize("bad", HOSTS)
@pytest.mark.parametrize("how", ["not known", "has changed", "@revoked"])
def test_nobody_logs_in_on_a_hop_whose_key_is_wrong_nor_behind_it(
    hosts: Cluster, reach: dict[str, SSHSettings], tmp_path: Path, bad: str, how: str
) -> None:
    far = replace(reach["w2"], jump=f"ops@{reach['cp1'].host},ops@{reach['w1'].host}")
    host, other = reach[bad].host, reach["w2" if bad != "w2" else "w1"].host_key or ""
    key = " ".join((reach[bad].host_key or "").split()[:2])
    if how == "@revoked":
        (tmp_path / "revoked").write_text(f"@revoked * {key}\n")
        far = replace(far, known_hosts=(str(tmp_path / "revoked"),))
    elif bad == "w2":
        far = replace(far, host_key=other if how == "has changed" else None)
    else:
        pins = {address: pin for address, pin in far.pins.items() if address != host}
        far = replace(far, pins=pins | ({host: other} if how == "has changed" else {}))
    before = logins(hosts)
    assert how in refusal(far)
    after = logins(hosts)
    # Those before the bad one were gone through; it and what lies behind it have seen no login.
    passed = HOSTS[: HOSTS.index(bad)]
    assert {name for name in HOSTS if after[name] > before[name]} == set(passed)


def test_known_hosts_hashed_revoked_and_certified(reach: dict[str, SSHSettings], tmp_path: Path) -> None:
    cp1, known = reach["cp1"], tmp_path / "known_hosts"
    key = " ".join((cp1.host_key or "").split()[:2])
    known.write_text(f"{cp1.host} {key}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
    assert cp1.host not in known.read_text()
    unpinned = replace(cp1, host_key=None, known_hosts=(str(known),))
    assert ask(unpinned) == ["cp1", "root"]
    revoked = tmp_path / "revoked"
    revoked.write_text(known.read_text() + f"@revoked * {key}\n")
    assert "@revoked" in refusal(replace(unpinned, known_hosts=(str(revoked),)))
    assert "@revoked" in refusal(replace(cp1, known_hosts=(str(revoked),)))
    certified = tmp_path / "certified"
    certified.write_text(f"@cert-authority {cp1.host} {key}\n")
    said = refusal(replace(unpinned, known_hosts=(str(certified),)))
    assert "not known" in said
    assert "host certificates" in said


def test_a_host_that_shows_a_certificate_is_refused_with_the_reason(
    hosts: Cluster, reach: dict[str, SSHSettings], tmp_path: Path
) -> None:
    """The real thing: an authority signs the host's key, and sshd shows the certificate."""
    authority = tmp_path / "authority"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(authority)], check=True)
    public = tmp_path / "host.pub"
    public.write_text(hosts.on("w1", "cat /etc/ssh/ssh_host_ed25519_key.pub"))
    sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "w1", "-h", "-n", reach["w1"].host, str(public)]
    subprocess.run(sign, check=True)
    certificate = public.with_name("host-cert.pub").read_text()
    hosts.on(
        "w1",
        f"cat >/etc/ssh/host-cert.pub <<'END'\n{certificate}END\necho 'HostCertificate /etc/ssh/host-cert.pub' >/etc/ssh/sshd_config.d/cert.conf; systemctl restart ssh",
    )
    known = tmp_path / "known_hosts"
    known.write_text(f"@cert-authority {reach['w1'].host} {authority.with_suffix('.pub').read_text()}")
    before = logins(hosts)
    said = refusal(replace(reach["w1"], host_key=None, known_hosts=(str(known),)))
    assert "host certificates" in said
    assert logins(hosts) == before
    # The plain key is still shown to those who know it.
    assert ask(reach["w1"]) == ["w1", "root"]
    hosts.on("w1", "rm /etc/ssh/sshd_config.d/cert.conf; systemctl restart ssh")


def test_an_encrypted_key_is_used_where_the_agent_holds_it(
    hosts: Cluster, reach: dict[str, SSHSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, socket = tmp_path / "id", tmp_path / "agent"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", str(key)], check=True)
    hosts.on("cp1", f"echo '{key.with_suffix('.pub').read_text().strip()}' >>/home/ops/.ssh/authorized_keys")
    encrypted = replace(reach["cp1"], identity=str(key))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL) as agent:
        while not socket.exists():
            pass
        assert "is encrypted: ssh-add it" in refusal(encrypted)
        (tmp_path / "ask").write_text("#!/bin/sh\necho 'a passphrase'\n")
        (tmp_path / "ask").chmod(0o700)
        env = {**os.environ, "SSH_ASKPASS": str(tmp_path / "ask"), "SSH_ASKPASS_REQUIRE": "force"}
        subprocess.run(["ssh-add", "-q", str(key)], check=True, env=env, stdin=subprocess.DEVNULL)
        assert ask(encrypted) == ["cp1", "root"]
        agent.kill()


def test_many_at_once_through_one_sshd_with_its_default_limits(hosts: Cluster, reach: dict[str, SSHSettings]) -> None:
    """Thirty hosts behind one jump host: three times what MaxStartups takes before it begins to drop connections."""
    assert hosts.on("cp1", "sshd -T | grep ^maxstartups").strip() == "maxstartups 10:30:100"
    far = replace(reach["w2"], jump=f"ops@{reach['cp1'].host}", patience=60)
    with ThreadPoolExecutor(30) as pool:
        assert list(pool.map(ask, [far] * 30)) == [["w2", "root"]] * 30


def test_a_noisy_host_and_a_login_shell_that_is_not_bash(hosts: Cluster, reach: dict[str, SSHSettings]) -> None:
    hosts.on(
        "cp1",
        "echo 'echo noise; echo more >&2' >/home/ops/.bashrc; echo 'Banner /etc/issue' >>/etc/ssh/sshd_config.d/test.conf; systemctl reload ssh",
    )
    assert ask(reach["cp1"]) == ["cp1", "root"]
    hosts.on("w1", "usermod -s /bin/dash ops")
    assert ask(reach["w1"]) == ["w1", "root"]
    hosts.on("w1", "apt-get update -qq; apt-get install -qqy tcsh >/dev/null 2>&1; usermod -s /bin/tcsh ops")
    assert ask(reach["w1"]) == ["w1", "root"]
    assert ask(reach["w1"], password="unused") == ["w1", "root"]
    hosts.on("w1", "usermod -s /bin/bash ops")


def test_sudo_with_a_password_gets_it_on_stdin_only(hosts: Cluster, reach: dict[str, SSHSettings]) -> None:
    password = 'it\'s a "canary" $HOME'
    hosts.on(
        "w2",
        f"chpasswd <<'END'\nops:{password}\nEND\nrm /etc/sudoers.d/*; echo 'ops ALL=(ALL) ALL' >/etc/sudoers.d/ops",
    )
    argv = "cat /proc/*/cmdline | tr '\\0' ' ' | grep -c '[c]anary' || true"
    assert ask(reach["w2"], f"hostname; id -un; {argv}", password) == ["w2", "root", "0"]
    assert "-K" in refusal(reach["w2"])
    assert "sudo" in refusal(reach["w2"], "wrong")


def test_another_port_no_root_and_two_sessions(hosts: Cluster, reach: dict[str, SSHSettings]) -> None:
    hosts.on(
        "w1",
        "printf 'Port 22\\nPort 2222\\nPermitRootLogin no\\nMaxSessions 2\\n' >/etc/ssh/sshd_config.d/00-port.conf; systemctl restart ssh",
    )
    settings = replace(reach["w1"], port=2222)
    assert ask(settings) == ["w1", "root"]
    assert "refused the login" in refusal(replace(settings, user="root"))
    # A run's lock and its work share a connection: two sessions, and no third.
    host, mark = SSHHost(settings), new_mark()
    lock = host.talk(hold_script(mark, "somebody"))
    assert any("taken" in (lock.receive(10) or "") for _ in range(3))
    assert host.run(envelope(mark, ["mark facts"])).ok
    with pytest.raises(UnreachableError):
        # What a third one would meet.
        host.talk(hold_script(mark, "somebody else")) and host.talk(hold_script(mark, "a third"))
    lock.close()
    host.close()
    hosts.on("w1", "rm /etc/ssh/sshd_config.d/00-port.conf; systemctl restart ssh")


def test_ipv6(hosts: Cluster, reach: dict[str, SSHSettings]) -> None:
    """Over the lab's own bridge, with addresses of a private network (RFC 4193)."""
    network = subprocess.run(
        ["docker", "network", "inspect", "k8sops-ssh", "--format", "{{.Id}}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    bridge = f"br-{network[:12]}"
    hosts.on(
        "cp1",
        "sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.eth0.disable_ipv6=0; ip -6 address add fd00:77::11/64 dev eth0 nodad",
    )
    subprocess.run(["sysctl", "-qw", f"net.ipv6.conf.{bridge}.disable_ipv6=0"], check=True)
    subprocess.run(["ip", "-6", "address", "add", "fd00:77::1/64", "dev", bridge, "nodad"], check=True)
    assert ask(replace(reach["cp1"], host="fd00:77::11")) == ["cp1", "root"]
