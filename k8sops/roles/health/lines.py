"""Parser of the lines that health.sh prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass
class Pod:
    """A pod that is not ready, was restarted, or is part of the control plane."""

    name: str
    node: str
    phase: str
    ready: bool
    since: float
    owned: bool
    ending: bool
    why: str
    waits: list[tuple[str, str]] = field(default_factory=list)
    deaths: list[tuple[int, float, str, str]] = field(default_factory=list)
    """(restarts, when it died last, reason, exit code) of each container that did."""


@dataclass
class Health:
    """The parsed lines."""

    now: float = 0.0
    nodes: list[tuple[str, str, str]] = field(default_factory=list)
    """(node, `condition`, `ready` or `cordoned`, its type or status)"""
    pods: dict[str, Pod] = field(default_factory=dict)
    requests: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    """The newest request of each kubelet for a serving certificate: (created, its name, pending)."""
    serving: dict[str, bool] = field(default_factory=dict)
    """Whether a kubelet serves, of those that were tried."""
    leases: dict[str, float] = field(default_factory=dict)
    beats: dict[str, float] = field(default_factory=dict)
    """The last heartbeat of each node."""
    missing: list[str] = field(default_factory=list)
    replicas: dict[str, int] = field(default_factory=dict)


def parse(lines: Iterable[str]) -> Health:
    """The parsed output; unknown lines are skipped."""
    health = Health()
    for line in lines:
        word, _, rest = line.strip().partition(" ")
        read = READERS.get(word)
        if read:
            try:
                read(health, rest)
            except (ValueError, KeyError, IndexError):
                continue
    return health


def _now(health: Health, rest: str) -> None:
    health.now = float(rest)


def _node(health: Health, rest: str) -> None:
    name, what, *more = rest.split(" ")
    health.nodes.append((name, what, more[0] if more else ""))


def _pod(health: Health, rest: str) -> None:
    name, node, phase, ready, since, owner, ending, why = rest.split(" ", 7)
    health.pods[name] = Pod(
        name, node, phase, ready == "True", _time(since), owner == "owned", ending == "ending", _text(why)
    )


def _wait(health: Health, rest: str) -> None:
    name, reason, message = rest.split(" ", 2)
    health.pods[name].waits.append((reason, _text(message)))


def _died(health: Health, rest: str) -> None:
    name, restarts, at, reason, code = rest.split(" ")
    health.pods[name].deaths.append((int(restarts), _time(at), reason, code))


def _csr(health: Health, rest: str) -> None:
    name, user, created, state = rest.split(" ")
    node = user.removeprefix("system:node:")
    health.requests[node] = max(health.requests.get(node, ("", "", False)), (created, name, state == "pending"))


def _serving(health: Health, rest: str) -> None:
    name, state = rest.split(" ")
    health.serving[name] = state == "works"


def _lease(health: Health, rest: str) -> None:
    name, at = rest.split(" ")
    health.leases[name] = _time(at)


def _beat(health: Health, rest: str) -> None:
    name, at = rest.split(" ")
    health.beats[name] = _time(at)


def _missing(health: Health, rest: str) -> None:
    health.missing.append(rest)


def _object(health: Health, rest: str) -> None:
    kind, name, _, _, wanted, *_ = rest.split(" ")
    health.replicas[f"{kind} {name}"] = int(wanted)


READERS: dict[str, Callable[[Health, str], None]] = {
    "now": _now,
    "node": _node,
    "pod": _pod,
    "wait": _wait,
    "died": _died,
    "csr": _csr,
    "serving": _serving,
    "lease": _lease,
    "beat": _beat,
    "missing": _missing,
    "object": _object,
}


def _time(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


def _text(quoted: str) -> str:
    """A string that Go quoted with %q."""
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted.strip('"')
