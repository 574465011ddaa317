"""How a host is logged in to, over jump hosts, too; and what it means when it refuses.

Fabric knows ssh_config, keys, the agent and gateways; host keys are checked here, on every hop: Fabric by itself adds
unknown keys silently and loads no known_hosts, on jump hosts too, so each hop's client is given its keys and a policy
that rejects before it connects.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import paramiko
from fabric import Connection

from k8sops.engine import retry
from k8sops.errors import UnreachableError
from k8sops.ssh.faults import TRANSIENT, no_connection, no_ssh
from k8sops.ssh.hostkeys import Hop, Known, refusal, trusted
from k8sops.ssh.way import Leg, SSHSettings, by_hand, end_command, hops, legs_to, options_of

logging.getLogger("paramiko").setLevel(logging.CRITICAL)

KEEPALIVE = 15


def login(one: SSHSettings) -> Connection:
    """A connection on which every hop has been checked; a fault of the transport is tried again for some time."""
    return retry.connecting(lambda: _connect(one), (_Transient,), seconds=one.patience)


def _connect(one: SSHSettings) -> Connection:
    legs = legs_to(one)
    try:
        for at in range(len(legs)):
            _open_hop(one, legs[: at + 1], at == len(legs) - 1)
    except BaseException:
        # A login that was refused has left a transport and a socket to the agent open.
        for leg in legs:
            leg.connection.client.close()
            end_command(leg.connection)
        raise
    legs[-1].connection.client.get_transport().set_keepalive(KEEPALIVE)
    return legs[-1].connection


def _open_hop(one: SSHSettings, legs: Sequence[Leg], last: bool) -> None:
    leg, connection = legs[-1], legs[-1].connection
    pin = one.host_key if last else one.pins.get(leg.asked)
    hop = Hop(one.name, connection.host, connection.port, pin, leg.alias)
    known = trusted(hop, one.known_hosts if leg.known_hosts is None else leg.known_hosts)
    client = connection.client
    client.set_missing_host_key_policy(_Reject(hop, known))
    for kind, key in (known.keys.lookup(hop.entry) or {}).items():
        client.get_host_keys().add(hop.place, kind, key)
    place = f"{connection.host} port {connection.port}" + ("" if last else " (jump host)")
    try:
        connection.open()
    except paramiko.BadHostKeyException as error:
        raise refusal(hop, error.key, error.expected_key, known) from None
    except paramiko.AuthenticationException:
        raise _refused(one, legs, place) from None
    except socket.gaierror:
        what = f"cannot resolve `{connection.host}`"
        raise UnreachableError(one.name, what, remedy="correct `address` or `ssh.host`") from None
    except TRANSIENT as error:
        what, remedy = no_connection(error, place, one.connect_timeout)
        raise _Transient(one.name, what, remedy=f"{remedy} Try: {by_hand(one, legs)}") from None
    except (paramiko.SSHException, OSError, ValueError) as error:
        if "No authentication methods" in str(error):
            raise _refused(one, legs, place) from None
        what, remedy, passing = no_ssh(error, place, one.connect_timeout)
        kind = _Transient if passing else UnreachableError
        raise kind(one.name, what, remedy=f"{remedy} Try: {by_hand(one, legs)}".strip()) from None


def _refused(one: SSHSettings, legs: Sequence[Leg], place: str) -> UnreachableError:
    user = legs[-1].connection.user
    tried, remedy = one.identity or "the agent and the keys of ssh_config", f"Try: {by_hand(one, legs)}"
    if one.identity and "pkey" not in options_of(one.name, one.identity):
        tried, remedy = "the agent", f"{one.identity} is encrypted: ssh-add it, so that the agent holds it"
    return UnreachableError(one.name, f"{user}@{place} refused the login (tried {tried})", remedy=remedy)


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
    for hop in reversed(hops(connection)):
        transport = hop.client.get_transport()
        if transport:
            # Its thread reads to the end at once; by itself it looks for one only every tenth of a second. (The pipe
            # to a ProxyCommand has no such word.)
            with suppress(OSError, EOFError, AttributeError):
                transport.sock.shutdown(socket.SHUT_RDWR)
        # Not by Fabric, which passes over a line that has just ended, and with it over the socket to the agent.
        hop.client.close()
        end_command(hop)
