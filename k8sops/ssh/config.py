"""The effective settings of ssh_config, as OpenSSH itself reads them: `ssh -G`.

Plain files (blocks of `Host` with addresses, users, ports, keys and jump hosts) are read by Fabric. `ssh -G` costs a
process of about 5 ms for each host and jump host, so it runs only where a file has something else: `Match`, `Include`,
`ProxyCommand`, `HostKeyAlias`, …
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from glob import glob
from pathlib import Path

from k8sops.errors import UnreachableError, Where

SECONDS = 20
"""For how long `ssh -G` may take: a `Match exec` or a name server may be slow."""
USER, SYSTEM = "~/.ssh/config", "/etc/ssh/ssh_config"
PLAIN = {"host", "hostname", "user", "port", "identityfile", "proxyjump"}
"""What Fabric reads as OpenSSH does."""
IRRELEVANT = {
    "addkeystoagent", "batchmode", "checkhostip", "ciphers", "compression", "connectionattempts", "connecttimeout",
    "controlmaster", "controlpath", "controlpersist", "dynamicforward", "escapechar", "exitonforwardfailure",
    "fingerprinthash", "forwardx11", "forwardx11timeout", "forwardx11trusted", "gssapiauthentication",
    "gssapidelegatecredentials", "hashknownhosts", "hostkeyalgorithms", "kexalgorithms", "localcommand", "localforward",
    "loglevel", "macs", "numberofpasswordprompts", "passwordauthentication", "permitlocalcommand",
    "preferredauthentications", "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes", "rekeylimit", "remotecommand",
    "remoteforward", "requesttty", "sendenv", "serveralivecountmax", "serveraliveinterval", "setenv",
    "stricthostkeychecking", "tcpkeepalive", "updatehostkeys", "usekeychain", "verifyhostkeydns", "visualhostkey",
}  # fmt: skip
"""Options that do not affect how k8sops connects. Unknown host keys are refused whatever StrictHostKeyChecking says."""


@dataclass(frozen=True)
class Directive:
    """A line of ssh_config."""

    where: Where
    text: str


@dataclass(frozen=True)
class Effective:
    """How OpenSSH would connect to a host. Paths are absolute; `agent`: "" for none, None for $SSH_AUTH_SOCK."""

    host: str
    user: str
    port: int
    identities: tuple[Path, ...]
    identities_only: bool
    agent: str | None
    jump: str
    command: str
    alias: str | None
    known_hosts: tuple[str, ...]


@cache
def special(path: str | None) -> Directive | None:
    """The first line that only OpenSSH parses correctly, or None. `path`: this file alone, as `ssh -F`."""
    files = [path] if path else [USER, SYSTEM]
    return next((one for file in files for one in _special(Path(file).expanduser(), 0)), None)


def _special(path: Path, depth: int) -> Iterator[Directive]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for number, line in enumerate(lines, 1):
        key, _, value = line.strip().replace("=", " ", 1).replace("\t", " ").partition(" ")
        key, value = key.lower(), value.strip()
        if not key or key.startswith("#") or key in IRRELEVANT:
            continue
        if key == "include" and depth < 16:
            folder = Path("~/.ssh" if not path.is_relative_to("/etc") else "/etc/ssh").expanduser()
            for word in value.split():
                for name in sorted(glob(str(folder / Path(word.strip('"')).expanduser()))):
                    yield from _special(Path(name), depth + 1)
        elif depth or key not in PLAIN or (key == "proxyjump" and value.lower() == "none"):
            yield Directive(Where(str(path), number, 1), line.strip())


@cache
def effective(name: str, host: str, user: str | None, port: int | None, path: str | None) -> Effective:
    """What `ssh -G` says of this host; UnreachableError for inventory host `name` where it cannot."""
    if not shutil.which("ssh"):
        line = special(path)
        what = f"{line.where}: `{line.text}` can only be read by OpenSSH" if line else "OpenSSH is needed"
        remedy = "install ssh on this machine, or set ssh.user, ssh.port, ssh.identity and ssh.jump in the inventory"
        raise UnreachableError(name, what, remedy=remedy)
    argv = ["ssh", "-G", "-T", *(["-F", os.path.expanduser(path)] if path else [])]
    argv += [*(["-l", user] if user else []), *(["-p", str(port)] if port else []), "--", host]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, check=False, timeout=SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        what = f"`ssh -G {host}` timed out after {SECONDS} s"
        raise UnreachableError(name, what, remedy="Is a `Match exec` in ssh_config slow?") from None
    if done.returncode:
        said = "; ".join(line for line in done.stderr.splitlines() if not line.startswith("Pseudo-terminal"))
        raise UnreachableError(name, f"ssh_config cannot be read: {said}", remedy=f"`ssh -G {host}` shows it")
    return _parse(done.stdout, host)


def _parse(text: str, host: str) -> Effective:
    values: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        values.setdefault(key, []).append(value)

    def first(key: str) -> str:
        value = values.get(key, [""])[0]
        return "" if value == "none" else value

    tokens = {"h": first("hostname") or host, "n": host, "p": first("port") or "22", "r": first("user")}
    tokens |= {"d": _home(), "u": _login(), "i": str(os.getuid()), "l": os.uname().nodename, "%": "%"}
    tokens |= {"L": tokens["l"].partition(".")[0], "k": first("hostkeyalias") or host}
    files = [*first("userknownhostsfile").split(), *first("globalknownhostsfile").split()]
    agent = values.get("identityagent", ["SSH_AUTH_SOCK"])[0]
    return Effective(
        host=tokens["h"],
        user=tokens["r"],
        port=int(tokens["p"]),
        identities=tuple(Path(_expanded(one, tokens)) for one in values.get("identityfile", []) if one != "none"),
        identities_only=first("identitiesonly") == "yes",
        agent=None if agent == "SSH_AUTH_SOCK" else "" if agent == "none" else _socket(agent, tokens),
        jump=first("proxyjump"),
        command=_expanded(first("proxycommand"), tokens, home=False),
        alias=first("hostkeyalias") or None,
        known_hosts=tuple(_expanded(one, tokens) for one in files),
    )


def _home() -> str:
    """The home that OpenSSH knows, whatever $HOME says."""
    import pwd

    return pwd.getpwuid(os.getuid()).pw_dir


def _login() -> str:
    import getpass

    return getpass.getuser()


def _socket(agent: str, tokens: dict[str, str]) -> str:
    return os.environ.get(agent[1:].strip("{}"), "") if agent.startswith("$") else _expanded(agent, tokens)


def _expanded(text: str, tokens: dict[str, str], *, home: bool = True) -> str:
    """The text with ssh_config's tokens (`%h`, `%r`, …) and, of a path, its `~` and variables replaced."""
    out, letters = "", iter(text)
    for letter in letters:
        if letter == "%":
            token = next(letters, "%")
            out += tokens.get(token, f"%{token}")
        else:
            out += letter
    if not home:
        return out
    return os.path.expandvars(f"{_home()}{out[1:]}" if out.startswith("~/") else os.path.expanduser(out))


Jump = tuple[str, str | None, int | None]
"""Host, user and port of a jump host."""


def jumps(text: str) -> list[Jump]:
    """The hops of a ProxyJump, the nearest first."""
    found: list[Jump] = []
    for word in (one.strip().removeprefix("ssh://").rstrip("/") for one in text.split(",")):
        if not word:
            continue
        user, _, place = word.rpartition("@")
        host, _, port = place.rpartition(":") if place.startswith("[") or place.count(":") == 1 else (place, "", "")
        if place.startswith("[") and place.endswith("]"):
            host, port = place, ""
        found.append((host.strip("[]"), user or None, int(port) if port.isdecimal() else None))
    return found
