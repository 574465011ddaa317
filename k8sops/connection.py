"""Hosts over SSH. Fabric knows ssh_config, keys, the agent and gateways; host keys are checked here, on every hop.

Fabric by itself adds unknown keys silently and loads no known_hosts, on jump hosts too, so each hop's client is given
its keys and a policy that rejects before it connects. A script goes out whole with `sendall` on a plain session.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from threading import Event
from typing import Any

import paramiko
from fabric import Config, Connection

from k8sops import retry
from k8sops.errors import UnreachableError
from k8sops.execution import GRACE, Conversation, Exec, Shell, start
from k8sops.host import Dialogue, Result
from k8sops.hostkeys import KNOWN_HOSTS, Hop, Known, refusal, trusted
from k8sops.login import options_of, refuse_sudo, refused

logging.getLogger("paramiko").setLevel(logging.CRITICAL)

KEEPALIVE = 15
SITTING = 600.0
"""Seconds for which a shell is kept; what hangs in it is ended then, at the latest."""
BEGIN = "# k8sops begin"
TRANSIENT = (
    ConnectionRefusedError,
    ConnectionResetError,
    TimeoutError,
    EOFError,
    paramiko.ssh_exception.NoValidConnectionsError,
)


@dataclass(frozen=True)
class SSHSettings:
    """How a host is reached; None means: as ssh_config says."""

    name: str
    host: str
    user: str | None = None
    port: int | None = None
    identity: str | None = None
    become: bool | None = None
    jump: str | None = None
    host_key: str | None = None
    pins: Mapping[str, str] = field(default_factory=dict)
    """Pinned keys of jump hosts, by host name."""
    known_hosts: tuple[str, ...] = KNOWN_HOSTS
    ssh_config: str | None = None
    connect_timeout: int = 10
    patience: float = 20
    """For how many seconds connecting is tried again on transport faults."""
    answer: float = 30
    """For how many seconds an sshd may take to answer on a connection that is open."""


@cache
def _ssh_config(path: str | None) -> Any:
    """ssh_config, read once."""
    return (Config(runtime_ssh_path=path) if path else Config()).base_ssh_config


def _config(path: str | None) -> Config:
    """One for each connection: while one is made, its settings are written anew, and for others are not there."""
    return Config(ssh_config=_ssh_config(path))


class SSHHost:
    """A `Host` over one SSH connection, made by the first `run`."""

    def __init__(self, settings: SSHSettings, password: Callable[[], str] | None = None) -> None:
        self.settings, self._password = settings, password
        self._connection: Connection | None = None
        self._dialled: Future[Connection] | None = None
        self._shell: Shell | None = None

    @property
    def name(self) -> str:
        return self.settings.name

    def dial(self, pool: Executor) -> None:
        """The login is begun in the background; whoever runs something first waits for it, or gets its error."""
        self._dialled = pool.submit(self._login)

    def run(
        self,
        script: str,
        *,
        timeout: float = 60,
        on_line: Callable[[str], None] | None = None,
        stop: Event | None = None,
    ) -> Result:
        """bash reads the script from stdin, as root: one that listens in its own exec, any other in one that is kept.

        The script must be one compound command, or a child could swallow its rest (see shell.envelope).
        """
        if stop is None:
            return self._guarded(lambda: self._ask(script, timeout, on_line))
        return self._guarded(lambda: self._exec(script, timeout, on_line=on_line, stop=stop))

    def stream(
        self,
        script: str,
        *, source: Iterable[bytes] = (), sink: Callable[[bytes], object] | None = None, timeout: float = 3600,
    ) -> Result:  # fmt: skip
        """One exec that carries bytes, never all of them in memory."""
        return self._guarded(lambda: self._exec(script, timeout, source=source, sink=sink))

    def _guarded(self, work: Callable[[], Result]) -> Result:
        """What became of it, with faults of the line and refusals of sudo as errors of this host."""
        since = time.monotonic()
        try:
            result = work()
            refuse_sudo(self.name, result.code, result.err)
            return result
        except UnreachableError:
            self.close()
            raise
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise self._lost(since, error) from None

    def talk(self, script: str) -> Dialogue:
        """A script that goes on running and is spoken to; a day at most."""
        self._rise()
        channel = self._open()
        try:
            start(channel, self._command(86400))
            return Conversation(channel, self._stdin(script))
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise self._lost(time.monotonic(), error) from None

    def close(self) -> None:
        """The connection and those of its gateways are closed."""
        dialled, self._dialled = self._dialled, None
        if dialled and not dialled.cancel():
            dialled.add_done_callback(lambda one: None if one.exception() else _hang_up(one.result()))
        if self._connection:
            _hang_up(self._connection)
        self._shell = self._connection = None

    # --- connecting ------------------------------------------------------------------------------------------------

    def _open(self) -> paramiko.Channel:
        dialled, self._dialled = self._dialled, None
        if self._connection is None or not self._connection.is_connected:
            self._connection = dialled.result() if dialled else self._login()
        try:
            return self._connection.client.get_transport().open_session(timeout=self.settings.answer)  # type: ignore[no-any-return]
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise self._lost(time.monotonic(), error) from None

    def _login(self) -> Connection:
        return retry.connecting(self._connect, (_Transient,), seconds=self.settings.patience)

    def _connect(self) -> Connection:
        one = self.settings
        # What a jump host takes to reach the next one is waited for, too: by itself paramiko gives it an hour.
        options = {**options_of(one.name, one.identity), "channel_timeout": one.answer}
        gateway = None
        for spec in (one.jump or "").split(","):
            if spec.strip():
                gateway = Connection(
                    spec.strip(), config=_config(one.ssh_config), gateway=gateway, connect_kwargs=options
                )
        connection = Connection(
            one.host,
            user=one.user,
            port=one.port,
            config=_config(one.ssh_config),
            connect_timeout=one.connect_timeout,
            connect_kwargs=options,
            **({"gateway": gateway} if gateway else {}),
        )
        try:
            for hop in _hops(connection):
                self._open_hop(hop, hop is connection)
        except BaseException:
            # A login that was refused has left a transport and a socket to the agent open.
            for hop in _hops(connection):
                hop.client.close()
            raise
        connection.client.get_transport().set_keepalive(KEEPALIVE)
        return connection

    def _open_hop(self, connection: Connection, last: bool) -> None:
        one = self.settings
        pin = one.host_key if last else one.pins.get(connection.original_host)
        hop = Hop(one.name, connection.host, connection.port, pin)
        place = f"{connection.user}@{connection.host}:{connection.port}" + ("" if last else " (jump host)")
        known = trusted(hop, one.known_hosts)
        client = connection.client
        client.set_missing_host_key_policy(_Reject(hop, known))
        for kind, key in (known.keys.lookup(hop.entry) or {}).items():
            client.get_host_keys().add(hop.entry, kind, key)
        try:
            connection.open()
        except paramiko.BadHostKeyException as error:
            raise refusal(hop, error.key, error.expected_key, known) from None
        except paramiko.AuthenticationException:
            raise refused(one.name, one.identity, place) from None
        except socket.gaierror:
            raise UnreachableError(
                one.name, f"no address is known for `{connection.host}`", remedy="correct address or ssh.host"
            ) from None
        except TRANSIENT as error:
            raise _Transient(
                one.name, f"{place} does not answer: {_reason(error)}", remedy="is the host up, and its sshd?"
            ) from None
        except (paramiko.SSHException, OSError, ValueError) as error:
            if "No authentication methods" in str(error):
                raise refused(one.name, one.identity, place) from None
            passing = any(word in str(error) for word in ("banner", "Timeout opening channel"))
            kind = _Transient if passing else UnreachableError
            raise kind(one.name, f"{place}: {_reason(error)}") from None

    # --- running ---------------------------------------------------------------------------------------------------

    def _exec(self, script: str, timeout: float, **how: Any) -> Result:
        """In an exec of its own, ended on the host itself after `timeout` seconds."""
        self._rise()
        channel = self._open()
        try:
            start(channel, self._command(timeout))
            return Exec(self.name, channel, timeout, **how).run(self._stdin(script))
        finally:
            channel.close()

    def _ask(self, script: str, timeout: float, on_line: Callable[[str], None] | None) -> Result:
        """In the shell that is kept for this; ended on the host itself when that is, `SITTING` seconds after its start.

        While another thread asks here, too, each has a shell of its own.
        """
        before, shell, self._shell = b"", self._shell, None
        if shell is None or not shell.lasts(timeout):
            if shell:
                shell.end()
            length = max(timeout + GRACE, SITTING)
            shell, before = Shell(self.name, self._open(), time.monotonic() + length), self._stdin("")
            start(shell.channel, self._command(length))
        try:
            result = shell.run(script, timeout, on_line, before)
        except BaseException:
            shell.channel.close()
            raise
        if self._shell is None and shell.lasts(0):
            self._shell = shell
        else:
            shell.channel.close()
        return result

    def _rise(self) -> None:
        """The kept shell is given up: sshd may allow two sessions and no more (MaxSessions)."""
        shell, self._shell = self._shell, None
        if shell:
            shell.end()

    def _command(self, timeout: float) -> str:
        """Plain words only: the login shell may be any."""
        bash = f"timeout -k 10 {int(timeout)} bash -s"
        user = self._connection.user if self._connection else "root"
        if self.settings.become is False or (self.settings.become is None and user == "root"):
            return bash
        if not self._password:
            return f"sudo -n -H -- {bash}"
        # Where sudo asks for no password it leaves the line to us: it is passed over, never run.
        skip = f'while IFS= read -r line; do [ "$line" = "{BEGIN}" ] && break; done; exec bash -s'
        return f"sudo -S -p '' -H -- timeout -k 10 {int(timeout)} bash -c '{skip}'"

    def _stdin(self, script: str) -> bytes:
        if self._password and self._command(1).startswith("sudo -S"):
            return f"{self._password()}\n{BEGIN}\n{script}".encode()
        return script.encode()

    def _lost(self, since: float, error: BaseException) -> UnreachableError:
        self.close()
        after = time.monotonic() - since
        return UnreachableError(
            self.name,
            f"the connection was lost after {after:.0f} s: {_reason(error)}",
            remedy="what was sent may still run there until its next marker; run the same command again",
        )


class _Transient(UnreachableError):
    """A fault of the transport: trying again may help."""


class _Reject(paramiko.MissingHostKeyPolicy):
    """No key is taken for good because it was offered."""

    def __init__(self, hop: Hop, known: Known) -> None:
        self.hop, self.known = hop, known

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
        expected = self.known.keys.lookup(self.hop.entry) or {}
        raise refusal(self.hop, key, next(iter(expected.values()), None), self.known)


def _hang_up(connection: Connection) -> None:
    """The connection and those of its gateways are closed, the last hop first."""
    for hop in reversed(_hops(connection)):
        transport = hop.client.get_transport()
        if transport:
            # Its thread reads to the end at once; by itself it looks for one only every tenth of a second.
            with suppress(OSError, EOFError):
                transport.sock.shutdown(socket.SHUT_RDWR)
        # Not by Fabric, which passes over a line that has just ended, and with it over the socket to the agent.
        hop.client.close()


def _hops(connection: Connection) -> list[Connection]:
    """The gateways, the nearest first, then the host itself."""
    hops = [connection]
    while isinstance(hops[0].gateway, Connection):
        hops.insert(0, hops[0].gateway)
    return hops


def _reason(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__
