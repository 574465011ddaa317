"""Which host keys are trusted: those pinned in the inventory and those in known_hosts. Never one just seen."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

from k8sops.errors import UnreachableError

KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "~/.ssh/known_hosts")


@dataclass(frozen=True)
class Hop:
    """A host on the way: the name that errors use, the address asked for, its port, and the pinned key, if any.

    `alias`: HostKeyAlias of ssh_config.
    """

    name: str
    host: str
    port: int
    pin: str | None = None
    alias: str | None = None

    @property
    def entry(self) -> str:
        """How known_hosts names it (sshd(8))."""
        return self.alias or self.place

    @property
    def place(self) -> str:
        """Its address, with the port where that is not 22."""
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"


def fingerprint(key: bytes) -> str:
    """As `ssh-keygen -lf` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


@dataclass(frozen=True)
class Known:
    """What known_hosts files say: `keys` (paramiko's HostKeys), revoked ones as base64, whom authorities vouch for."""

    keys: Any
    revoked: frozenset[str]
    certified: tuple[str, ...]


@cache
def known_hosts(files: tuple[str, ...]) -> Known:
    """Each file is read once."""
    import paramiko

    keys = paramiko.HostKeys()
    revoked: set[str] = set()
    certified: list[str] = []
    for name in files:
        path = Path(name).expanduser()
        if not path.exists():
            continue
        for line in path.read_text(errors="replace").splitlines():
            words = line.split()
            if words[:1] == ["@revoked"] and len(words) >= 4:
                revoked.add(words[3])
            elif words[:1] == ["@cert-authority"] and len(words) >= 4:
                certified += words[1].split(",")
            elif words and not words[0].startswith(("#", "@")):
                _add(keys, line)
    return Known(keys, frozenset(revoked), tuple(certified))


def _add(keys: Any, line: str) -> None:
    from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

    try:
        entry = HostKeyEntry.from_line(line)
    except InvalidHostKey:
        return
    if entry is not None:
        keys._entries.append(entry)


def trusted(hop: Hop, files: tuple[str, ...]) -> Known:
    """The keys that may answer for this hop; those that are revoked are none of them.

    A pin alone counts where there is one, else what known_hosts says.
    """
    import paramiko

    known = known_hosts(files)
    keys = paramiko.HostKeys()
    if hop.pin:
        kind, text = hop.pin.split()[:2]
        found = {kind: paramiko.PKey.from_type_string(kind, base64.b64decode(text))}
    else:
        found = dict(known.keys.lookup(hop.entry) or {})
    for kind, key in found.items():
        if key.get_base64() not in known.revoked:
            keys.add(hop.entry, kind, key)
    certified = tuple(pattern for pattern in known.certified if fnmatch(hop.entry, pattern))
    return Known(keys, known.revoked, certified)


def refuse_unknown(hop: Hop, key: Any, *, certified: bool) -> UnreachableError:
    aside = " (@cert-authority vouches for it, but host certificates are not supported)" if certified else ""
    kind, seen = key.get_name(), fingerprint(key.asbytes())
    port = f" -p {hop.port}" if hop.port != 22 else ""
    return UnreachableError(
        hop.name,
        f"the host key of {hop.entry} is not known: {kind} {seen}{aside}",
        remedy=f"compare the fingerprint on the host (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then trust it:\n"
        f"  ssh-keyscan{port} {hop.host} >> ~/.ssh/known_hosts\n"
        f'  or in the inventory: host_key: "{kind} {key.get_base64()}"',
    )


def refuse_changed(hop: Hop, key: Any, expected: Any) -> UnreachableError:
    source = "the inventory's host_key" if hop.pin else "known_hosts"
    cure = "correct host_key in the inventory" if hop.pin else f'ssh-keygen -R "{hop.entry}", then trust the new one'
    return UnreachableError(
        hop.name,
        f"the host key of {hop.entry} has changed: {key.get_name()} {fingerprint(key.asbytes())}, "
        f"but {source} says {fingerprint(expected.asbytes())}",
        remedy=f"this may be a man-in-the-middle attack; nothing was sent. If the host was reinstalled: {cure}",
    )


def refuse_revoked(hop: Hop, key: Any) -> UnreachableError:
    return UnreachableError(
        hop.name,
        f"the host key of {hop.entry} is marked @revoked: {fingerprint(key.asbytes())}",
        remedy="nothing was sent; the host needs a new key",
    )


def refusal(hop: Hop, key: Any, expected: Any, known: Known) -> UnreachableError:
    """Why this key is not taken; asked while keys are exchanged, before any login."""
    if key.get_base64() in known.revoked:
        return refuse_revoked(hop, key)
    if expected:
        return refuse_changed(hop, key, expected)
    return refuse_unknown(hop, key, certified=bool(known.certified))
