"""How a host is logged in to, over jump hosts, too; and what it means when it refuses.

Fabric knows ssh_config, keys, the agent and gateways; host keys are checked here, on every hop: Fabric by itself adds
unknown keys silently and loads no known_hosts, on jump hosts too, so each hop's client is given its keys and a policy
that rejects before it connects.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import paramiko
from fabric import Config, Connection

from k8sops import retry
from k8sops.errors import UnreachableError
from k8sops.ssh.hostkeys import KNOWN_HOSTS, Hop, Known, refusal, trusted

logging.getLogger("paramiko").setLevel(logging.CRITICAL)

KEEPALIVE = 15
TRANSIENT = (
    ConnectionRefusedError,
    ConnectionResetError,
    TimeoutError,
    EOFError,
    paramiko.ssh_exception.NoValidConnectionsError,
)
# What cryptography and paramiko raise for a key file that wants a passphrase.
ENCRYPTED = (TypeError, paramiko.PasswordRequiredException)


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


def login(one: SSHSettings) -> Connection:
    """A connection on which every hop has been checked; a fault of the transport is tried again for some time."""
    return retry.connecting(lambda: _connect(one), (_Transient,), seconds=one.patience)


def _connect(one: SSHSettings) -> Connection:
    # What a jump host takes to reach the next one is waited for, too: by itself paramiko gives it an hour.
    options = {**_options_of(one.name, one.identity), "channel_timeout": one.answer}
    gateway = None
    for spec in (one.jump or "").split(","):
        if spec.strip():
            gateway = Connection(spec.strip(), config=_config(one.ssh_config), gateway=gateway, connect_kwargs=options)
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
            _open_hop(one, hop, hop is connection)
    except BaseException:
        # A login that was refused has left a transport and a socket to the agent open.
        for hop in _hops(connection):
            hop.client.close()
        raise
    connection.client.get_transport().set_keepalive(KEEPALIVE)
    return connection


def _open_hop(one: SSHSettings, connection: Connection, last: bool) -> None:
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
        raise _refused(one.name, one.identity, place) from None
    except socket.gaierror:
        raise UnreachableError(
            one.name, f"no address is known for `{connection.host}`", remedy="correct address or ssh.host"
        ) from None
    except TRANSIENT as error:
        raise _Transient(
            one.name, f"{place} does not answer: {reason(error)}", remedy="is the host up, and its sshd?"
        ) from None
    except (paramiko.SSHException, OSError, ValueError) as error:
        if "No authentication methods" in str(error):
            raise _refused(one.name, one.identity, place) from None
        if "No existing session" in str(error):
            # So paramiko says that no keys were agreed upon in time.
            silent = f"{place} takes connections, but its sshd has said nothing for {one.connect_timeout} s"
            raise _Transient(one.name, silent, remedy="is the host overloaded, or does it stand still?") from None
        passing = any(word in str(error) for word in ("banner", "Timeout opening channel"))
        if passing:
            remedy = "is an sshd there, and is it not overloaded?"
            raise _Transient(one.name, f"{place}: {reason(error)}", remedy=remedy) from None
        raise UnreachableError(one.name, f"{place}: {reason(error)}") from None


def _options_of(name: str, identity: str | None) -> dict[str, Any]:
    """How to log in: with the key file and nothing else; an encrypted one is left to the agent that holds it."""
    if not identity:
        return {}
    path = Path(os.path.expanduser(identity))
    try:
        return {"pkey": paramiko.PKey.from_path(path), "allow_agent": False, "look_for_keys": False}
    except FileNotFoundError:
        why = "is not there"
    except ENCRYPTED:
        return {"allow_agent": True, "look_for_keys": False}
    except (OSError, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType):
        why = "cannot be read as a private key"
    raise UnreachableError(name, f"the key file {identity} {why}", remedy="correct ssh.identity")


def _refused(name: str, identity: str | None, place: str) -> UnreachableError:
    tried = identity or "the agent and the keys in ~/.ssh"
    remedy = f"can you log in with: ssh {place.split(' ')[0]} ?"
    if identity and "pkey" not in _options_of(name, identity):
        tried, remedy = "the agent", f"{identity} is encrypted: ssh-add it, so that the agent holds it"
    return UnreachableError(name, f"{place} refused the login (tried {tried})", remedy=remedy)


class _Transient(UnreachableError):
    """A fault of the transport: trying again may help."""


class _Reject(paramiko.MissingHostKeyPolicy):
    """No key is taken for good because it was offered."""

    def __init__(self, hop: Hop, known: Known) -> None:
        self.hop, self.known = hop, known

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
        expected = self.known.keys.lookup(self.hop.entry) or {}
        raise refusal(self.hop, key, next(iter(expected.values()), None), self.known)


def hang_up(connection: Connection) -> None:
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


def reason(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__
