"""Host keys, against a real SSH server in this process that counts what reaches it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import paramiko
import pytest

from k8sops.errors import UnreachableError
from k8sops.ssh import execution
from k8sops.ssh.connection import SSHHost
from k8sops.ssh.login import hang_up, login
from k8sops.ssh.way import SSHSettings


@dataclass
class Server(paramiko.ServerInterface):
    """An SSH server that lets nobody in; `logins` counts who tried, which is what a refusal must prevent.

    `stalls`: it lets everybody in, and then says nothing more when a session is opened, a command is sent (exec), or
    the command has ended (end).
    """

    key: paramiko.PKey
    port: int = 0
    logins: list[str] = field(default_factory=list)
    stalls: str = ""
    over: Event = field(default_factory=Event)

    def get_allowed_auths(self, username: str) -> str:
        self.logins.append(username)
        return "publickey"

    def check_auth_none(self, username: str) -> int:
        self.logins.append(username)
        return int(paramiko.AUTH_FAILED)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.logins.append(username)
        return int(paramiko.AUTH_SUCCESSFUL if self.stalls else paramiko.AUTH_FAILED)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if self.stalls == "session":
            self.over.wait(60)
        return int(paramiko.OPEN_SUCCEEDED)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self.stalls == "exec":
            self.over.wait(60)
        channel.shutdown_write()
        return True


@pytest.fixture
def server() -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    made = Server(paramiko.RSAKey.generate(2048), listener.getsockname()[1])
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        while True:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connected)
            transports.append(transport)
            transport.add_server_key(made.key)
            try:
                transport.start_server(server=made)
            except (paramiko.SSHException, EOFError, OSError):
                transport.close()

    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield made
    made.over.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for transport in transports:
        transport.close()
    thread.join(5)


def refusal(
    server: Server, folder: Path, known: str, pin: str | None = None, passphrase: str | None = None, answer: float = 30
) -> str:
    """What connecting says, with this known_hosts file and pin."""
    identity, hosts, config = folder / "id", folder / "known_hosts", folder / "config"
    paramiko.RSAKey.generate(2048).write_private_key_file(str(identity), password=passphrase)
    hosts.write_text(known)
    config.write_text("")
    settings = SSHSettings(
        name="w1", host="127.0.0.1", port=server.port, user="ops", identity=str(identity), host_key=pin,
        known_hosts=(str(hosts),), ssh_config=str(config), patience=0, answer=answer,
    )  # fmt: skip
    host = SSHHost(settings)
    with pytest.raises(UnreachableError) as caught:
        host.run("true")
    host.close()
    return str(caught.value)


def test_a_host_that_stands_still_is_called_so() -> None:
    """Its kernel takes connections; its sshd does not run."""
    with socket.create_server(("127.0.0.1", 0)) as still:
        one = SSHSettings(name="w1", host="127.0.0.1", port=still.getsockname()[1], connect_timeout=1, patience=0)
        with pytest.raises(UnreachableError, match="sent no SSH banner within 1 s") as told:
            login(one)
    assert "Is the host overloaded or hung" in str(told.value)


STALLS = {"session": "Timeout opening", "exec": "has been silent for", "end": "closed by the remote side"}


@pytest.mark.parametrize("stalls", STALLS)
def test_an_sshd_that_stops_answering_is_given_up(
    stalls: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "SILENCE", 0.5)
    monkeypatch.setattr(execution, "IDLE", 0.5)
    server.stalls = stalls
    since = time.monotonic()
    assert STALLS[stalls] in refusal(server, tmp_path, line(server, server.key), answer=0.5)
    assert time.monotonic() - since < 50


def line(server: Server, key: paramiko.PKey, marker: str = "") -> str:
    return f"{marker}[127.0.0.1]:{server.port} {key.get_name()} {key.get_base64()}\n"


def test_a_key_that_is_known_is_logged_in_with(server: Server, tmp_path: Path) -> None:
    assert "refused the login" in refusal(server, tmp_path, line(server, server.key))
    assert server.logins


def test_nobody_logs_in_to_a_host_that_is_not_known(server: Server, tmp_path: Path) -> None:
    assert "is not known: ssh-rsa SHA256:" in refusal(server, tmp_path, "")
    assert server.logins == []


def test_nobody_logs_in_where_the_key_has_changed(server: Server, tmp_path: Path) -> None:
    other = paramiko.RSAKey.generate(2048)
    assert "has changed" in refusal(server, tmp_path, line(server, other))
    assert "has changed" in refusal(server, tmp_path, line(server, server.key), pin=f"ssh-rsa {other.get_base64()}")
    assert server.logins == []


@pytest.mark.parametrize("pinned", [False, True])
def test_nobody_logs_in_where_the_key_is_revoked(pinned: bool, server: Server, tmp_path: Path) -> None:
    known = line(server, server.key) + line(server, server.key, "@revoked ")
    pin = f"ssh-rsa {server.key.get_base64()}" if pinned else None
    assert "is marked @revoked" in refusal(server, tmp_path, known, pin)
    assert server.logins == []


def test_an_encrypted_key_is_left_to_the_agent(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    said = refusal(server, tmp_path, line(server, server.key), passphrase="secret")
    assert "refused the login (tried the agent)" in said
    assert "ssh-add it" in said


def test_a_file_that_is_no_key_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "nonsense").write_text("nonsense")
    for name, why in (("nonsense", "cannot be read as a private key"), ("nowhere", "does not exist")):
        settings = SSHSettings(name="w1", host="127.0.0.1", port=server.port, identity=str(tmp_path / name))
        with pytest.raises(UnreachableError, match=why):
            SSHHost(settings).run("true")
    assert server.logins == []


def test_many_connections_are_made_at_once(tmp_path: Path) -> None:
    """Fabric's settings are empty for a moment whenever a connection is made from them."""
    (tmp_path / "config").write_text("Host there\n  HostName 127.0.0.1\n  Port 1\n")

    def said(number: int) -> str:
        settings = SSHSettings(name="w1", host="there", ssh_config=str(tmp_path / "config"), patience=0)
        with pytest.raises(UnreachableError) as caught:
            SSHHost(settings).run("true")
        return str(caught.value)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(said, range(500)))
    assert all("connection refused on 127.0.0.1 port 1" in answer for answer in answers)


def test_a_login_that_is_closed_leaves_no_socket_to_the_agent(server: Server, tmp_path: Path) -> None:
    """Also where the line has ended first, which is what Fabric's own close passes over."""

    class Agent:
        closed = False

        def close(self) -> None:
            self.closed = True

    server.stalls, agent = "end", Agent()
    (tmp_path / "config").write_text("")
    paramiko.RSAKey.generate(2048).write_private_key_file(str(tmp_path / "id"))
    pin = f"{server.key.get_name()} {server.key.get_base64()}"
    settings = SSHSettings(
        name="w1", host="127.0.0.1", port=server.port, user="ops", identity=str(tmp_path / "id"), host_key=pin,
        known_hosts=(), ssh_config=str(tmp_path / "config"), patience=0,
    )  # fmt: skip
    connection = login(settings)
    connection.client._agent = agent
    connection.client.get_transport().close()
    hang_up(connection)
    assert agent.closed
