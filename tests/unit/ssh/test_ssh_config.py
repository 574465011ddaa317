"""Which files of ssh_config only OpenSSH reads right, what it says, and what a login is called that is refused."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import paramiko
import pytest

from k8sops.engine.host import Result
from k8sops.errors import UnreachableError
from k8sops.ssh import config, faults, privileges


@pytest.fixture(autouse=True)
def _fresh() -> None:
    config.special.cache_clear()
    config.effective.cache_clear()


def special(text: str, folder: Path) -> str:
    path = folder / "config"
    path.write_text(text)
    found = config.special(str(path))
    return f"{found.where.line}: {found.text}" if found else ""


def test_plain_files_are_left_to_fabric_and_others_to_openssh(tmp_path: Path) -> None:
    plain = "# x\nHost a b\n  HostName=1.2.3.4\n\tUser ops\n  ServerAliveInterval 5\nSendEnv LANG\n"
    assert special(plain, tmp_path) == ""
    config.special.cache_clear()
    assert special("Host a\nMatch final all\n", tmp_path) == "2: Match final all"
    config.special.cache_clear()
    assert special("Host *\n  ProxyJump none\n", tmp_path) == "2: ProxyJump none"
    config.special.cache_clear()
    assert special(f"Include {tmp_path}/none/*\n", tmp_path) == ""
    config.special.cache_clear()
    (tmp_path / "more").write_text("\nHost x\n  User y\n")
    assert special(f"Include {tmp_path}/m*e\n", tmp_path) == "2: Host x"


def test_effective_settings_are_those_of_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    home, path = Path(pwd.getpwuid(os.getuid()).pw_dir), tmp_path / "config"
    path.write_text(
        "Match originalhost w1 user ops\n  HostName 10.0.0.9\n  Port 2222\n  HostKeyAlias worker\n"
        "  IdentityFile ~/keys/%r@%h\n  IdentityAgent none\n  UserKnownHostsFile ~/known %d/more\n"
        "Match final all\n  ProxyCommand nc -x proxy:%p %h %p %%\n"
    )
    found = config.effective("w1", "w1", "ops", None, str(path))
    assert (found.host, found.port, found.user, found.alias, found.agent) == ("10.0.0.9", 2222, "ops", "worker", "")
    assert found.command == "nc -x proxy:2222 10.0.0.9 2222 %"
    assert found.identities == (home / "keys/ops@10.0.0.9",)
    assert found.known_hosts[1] == f"{home}/more"
    other = config.effective("w1", "w1", "root", 22, str(path))
    assert (other.host, other.port, other.alias) == ("w1", 22, None)


def test_an_error_names_the_file_and_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text("Match final all\n  NoSuchOption x\n")
    with pytest.raises(UnreachableError, match=r"config.*line 2: Bad configuration option"):
        config.effective("w1", "w1", None, None, str(path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match=r"config:1:1: `Match final all` can only be read by OpenSSH"):
        config.effective("w2", "w2", None, None, str(path))


def test_jump_hosts_are_taken_apart() -> None:
    text = "ann@a:22, ssh://b, [fd00::1]:2222,ops@fd00::2,x@y@z"
    assert config.jumps(text) == [
        ("a", "ann", 22), ("b", None, None), ("fd00::1", None, 2222), ("fd00::2", "ops", None), ("z", "x@y", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "err", "asked", "said"),
    [
        (77, "", False, "logged in as ops, who is not root"),
        (1, "sudo: a password is required\n", False, "sudo needs the password"),
        (1, "Sorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n", True, "refused"),
        (1, "ops is not in the sudoers file.\n", True, "ops may not use sudo"),
        (1, "Sorry, user ops is not allowed to execute '/bin/bash' as root on w1.\n", True, "ops may not use sudo"),
        (1, "sudo: sorry, you must have a tty to run sudo\n", False, "sudo requires a terminal"),
        (127, "env: 'sudo': No such file or directory\n", False, "sudo is not installed"),
        (127, "bash: line 1: bash: command not found\n", False, "cannot run scripts"),
        (1, "This account is currently not available.\n", False, "the login shell of ops runs no commands"),
        (1, "sudo: account validation failure, is your account locked?\n", True, "is your account locked?"),
    ],
)
def test_why_a_login_does_not_become_root(code: int, err: str, asked: bool, said: str) -> None:
    found = privileges.refusal("w1", "ops", Result(code, "", err), asked=asked)
    assert found is not None
    assert said in str(found)
    assert ("use -K to enter it" in str(found)) == (said == "sudo needs the password")


def test_what_a_script_says_is_no_refusal() -> None:
    for code, err in ((0, "sudo: x"), (1, "E: nothing\n"), (77, "something"), (3, "sudo: a password is required")):
        assert privileges.refusal("w1", "ops", Result(code, "", err), asked=False) is None


def test_faults_of_a_connection_have_names() -> None:
    place = "10.0.0.1 port 22"
    many = paramiko.ssh_exception.NoValidConnectionsError({("10.0.0.1", 22): OSError(113, "No route to host")})
    for error, said in (
        (ConnectionRefusedError(), "connection refused on 10.0.0.1 port 22"),
        (many, "no route to 10.0.0.1 port 22"),
        (TimeoutError(), "10.0.0.1 port 22 timed out after 10 s"),
    ):
        assert faults.no_connection(error, place, 10)[0] == said
    what, remedy, passing = faults.no_ssh(paramiko.SSHException("Error reading SSH protocol banner"), place, 10)
    assert what == "10.0.0.1 port 22 accepts connections, but sent no SSH banner"
    assert remedy.startswith("Is it an SSH server")
    assert passing
