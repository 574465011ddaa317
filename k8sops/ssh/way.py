"""The way to a host: its jump hosts and itself, each as an unopened connection with the settings of ssh_config."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import paramiko
from fabric import Config, Connection

from k8sops.engine.shell import quote
from k8sops.errors import UnreachableError
from k8sops.ssh import config
from k8sops.ssh.hostkeys import KNOWN_HOSTS

# What cryptography and paramiko raise for a key file that wants a passphrase.
ENCRYPTED = (TypeError, paramiko.PasswordRequiredException)
DEEPEST = 8
"""Jump hosts that jump hosts have of their own."""


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


@dataclass(frozen=True)
class Leg:
    """One hop: its connection, the name by which it was asked for, and what only OpenSSH's settings say.

    `alias`: its name in known_hosts. `known_hosts`: the files to look in; None: the usual ones.
    """

    connection: Connection
    asked: str
    alias: str | None = None
    known_hosts: tuple[str, ...] | None = None


@cache
def _ssh_config(path: str | None) -> Any:
    """ssh_config, read once."""
    return (Config(runtime_ssh_path=path) if path else Config()).base_ssh_config


def _config(path: str | None) -> Config:
    """One for each connection: while one is made, its settings are written anew, and for others are not there."""
    return Config(ssh_config=_ssh_config(path))


def legs_to(one: SSHSettings) -> list[Leg]:
    """All hops, the nearest first, the host itself last."""
    return _openssh_legs(one) if config.special(one.ssh_config) else _fabric_legs(one)


def _fabric_legs(one: SSHSettings) -> list[Leg]:
    """Where ssh_config is plain: Fabric reads it."""
    # What a jump host takes to reach the next one is waited for, too: by itself paramiko gives it an hour.
    options = {**options_of(one.name, one.identity), "channel_timeout": one.answer}
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
    return [Leg(hop, hop.original_host) for hop in hops(connection)]


def _openssh_legs(one: SSHSettings) -> list[Leg]:
    """Where only OpenSSH reads ssh_config right; what the inventory says comes first."""
    last = config.effective(one.name, one.host, one.user, one.port, one.ssh_config)
    jumps = config.jumps(one.jump) if one.jump else _others(last, one.host)
    before = _jump_legs(one, jumps, 0)
    return [*before, _leg(one, one.host, last, before)]


def _others(settings: config.Effective, asked: str) -> list[config.Jump]:
    """The jump hosts of these settings; `Host *` may have named the jump host itself as its own."""
    found = config.jumps(settings.jump)
    return [] if any(jump[0] in (asked, settings.host) for jump in found) else found


def _jump_legs(one: SSHSettings, jumps: Sequence[config.Jump], depth: int) -> list[Leg]:
    """These jump hosts; before the first of them those of its own."""
    legs: list[Leg] = []
    for at, (host, user, port) in enumerate(jumps):
        settings = config.effective(one.name, host, user, port, one.ssh_config)
        if at == 0 and depth < DEEPEST:
            legs = _jump_legs(one, _others(settings, host), depth + 1)
        legs.append(_leg(one, host, settings, legs))
    return legs


def _leg(one: SSHSettings, asked: str, settings: config.Effective, before: Sequence[Leg]) -> Leg:
    options = options_of(one.name, one.identity) if one.identity else _options_as(settings)
    if settings.command and not before:
        # OpenSSH leaves it to a shell, too.
        options["sock"] = _Command(f"sh -c {quote(f'exec {settings.command}')}")
    connection = Connection(
        settings.host,
        user=settings.user,
        port=settings.port,
        config=Config(ssh_config=paramiko.SSHConfig()),
        connect_timeout=one.connect_timeout,
        connect_kwargs={**options, "channel_timeout": one.answer},
        forward_agent=False,
        **({"gateway": before[-1].connection} if before else {}),
    )
    if not one.identity and settings.agent:
        connection.client._agent = _AgentAt(settings.agent)
    return Leg(connection, asked, settings.alias, settings.known_hosts)


def options_of(name: str, identity: str | None) -> dict[str, Any]:
    """How to log in: with the key file and nothing else; an encrypted one is left to the agent that holds it."""
    if not identity:
        return {}
    path = Path(os.path.expanduser(identity))
    try:
        return {"pkey": paramiko.PKey.from_path(path), "allow_agent": False, "look_for_keys": False}
    except FileNotFoundError:
        why = "does not exist"
    except ENCRYPTED:
        return {"allow_agent": True, "look_for_keys": False}
    except (OSError, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType):
        why = "cannot be read as a private key"
    raise UnreachableError(name, f"the key file {identity} {why}", remedy="correct ssh.identity")


def _options_as(settings: config.Effective) -> dict[str, Any]:
    """How to log in with the keys that OpenSSH would try; with the agent, too, for keys that only it holds."""
    usable = [path for path in settings.identities if _usable(path)]
    held = [path for path in settings.identities if path not in usable and _exists(path)]
    agent = settings.agent != "" and (not settings.identities_only or bool(held))
    return {"key_filename": [str(path) for path in usable], "allow_agent": agent, "look_for_keys": False}


def _exists(path: Path) -> bool:
    return path.exists() or path.with_name(f"{path.name}.pub").exists()


@cache
def _usable(path: Path) -> bool:
    """Whether the key file can be read without a passphrase."""
    try:
        paramiko.PKey.from_path(path)
    except (*ENCRYPTED, OSError, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType):
        return False
    return True


class _AgentAt(paramiko.Agent):
    """The agent at this socket (IdentityAgent), whatever $SSH_AUTH_SOCK says; without keys where none answers."""

    def __init__(self, path: str) -> None:
        paramiko.agent.AgentSSH.__init__(self)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(path)
            self._connect(connection)  # type: ignore[attr-defined]
        except OSError:
            connection.close()


def hops(connection: Connection) -> list[Connection]:
    """The gateways, the nearest first, then the host itself."""
    found = [connection]
    while isinstance(found[0].gateway, Connection):
        found.insert(0, found[0].gateway)
    return found


class _Command(paramiko.ProxyCommand):
    """A ProxyCommand that can be closed more than once: paramiko's own thread does it as well."""

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def end_command(connection: Connection) -> None:
    """The ProxyCommand of a connection that is closed has ended, and its pipes are closed."""
    command = connection.connect_kwargs.get("sock")
    if isinstance(command, _Command):
        command.close()
        # Not `communicate`: what the command has started may hold its output open.
        for pipe in (command.process.stdin, command.process.stdout, command.process.stderr):
            with suppress(OSError, ValueError):
                pipe.close()  # type: ignore[union-attr]


def by_hand(one: SSHSettings, legs: Sequence[Leg]) -> str:
    """The command that logs in to the last of these hops, as a person would type it."""
    place = [_place(leg) for leg in legs]
    connection = legs[-1].connection
    words = ["ssh", *(["-F", one.ssh_config] if one.ssh_config else [])]
    words += ["-J", ",".join(place[:-1])] if place[:-1] else []
    words += ["-p", str(connection.port), *(["-i", one.identity] if one.identity else [])]
    # The shell replaces a `~` only where it is not quoted.
    quoted = [word if word.startswith("~/") and shlex.quote(word[2:]) == word[2:] else quote(word) for word in words]
    return " ".join([*quoted, quote(f"{connection.user}@{connection.host}")])


def _place(leg: Leg) -> str:
    connection = leg.connection
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    return f"{connection.user}@{host}" + (f":{connection.port}" if connection.port != 22 else "")
