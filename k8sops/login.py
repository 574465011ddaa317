"""How a host is logged in to, and what it means when it refuses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import paramiko

from k8sops.errors import UnreachableError

# What cryptography and paramiko raise for a key file that wants a passphrase.
ENCRYPTED = (TypeError, paramiko.PasswordRequiredException)


def options_of(name: str, identity: str | None) -> dict[str, Any]:
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


def refused(name: str, identity: str | None, place: str) -> UnreachableError:
    tried = identity or "the agent and the keys in ~/.ssh"
    remedy = f"can you log in with: ssh {place.split(' ')[0]} ?"
    if identity and "pkey" not in options_of(name, identity):
        tried, remedy = "the agent", f"{identity} is encrypted: ssh-add it, so that the agent holds it"
    return UnreachableError(name, f"{place} refused the login (tried {tried})", remedy=remedy)


def refuse_sudo(name: str, code: int, err: str) -> None:
    """sudo's and the shell's own refusals, named."""
    if code == 1 and ("a password is required" in err or "incorrect password" in err or "Sorry, try again" in err):
        raise UnreachableError(name, "sudo wants a password", remedy="-K asks for it; or allow it without (NOPASSWD)")
    if code == 127 and ("sudo" in err or "bash" in err):
        raise UnreachableError(
            name, f"cannot run scripts: {err.strip()}", remedy="k8sops needs bash, coreutils and sudo there"
        )
