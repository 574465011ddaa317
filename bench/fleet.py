"""The hosts that are measured: those of a lab, reached directly or over a longer line."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Target:
    """A host, and where its sshd is reached."""

    name: str
    group: str
    host: str
    port: int = 22

    @property
    def place(self) -> str:
        return self.host if self.port == 22 else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Fleet:
    """Hosts of one inventory file; `user` may sudo, `key` is the file with its private key."""

    inventory: Path
    user: str
    key: str
    targets: tuple[Target, ...]

    @classmethod
    def load(cls, inventory: Path) -> Fleet:
        data = _read(inventory)
        targets = [
            Target(name, group, host["address"])
            for group, one in data["groups"].items()
            for name, host in one["hosts"].items()
        ]
        return cls(inventory, data["ssh"]["user"], data["ssh"]["identity"], tuple(targets))


@contextmanager
def over(fleet: Fleet, rtt_ms: int, folder: Path) -> Iterator[Fleet]:
    """The same hosts, this many milliseconds away; 0: as they are."""
    if not rtt_ms:
        yield fleet
        return
    ports = free_ports(len(fleet.targets))
    routes = [f"{port}:{one.host}:{one.port}" for port, one in zip(ports, fleet.targets, strict=True)]
    argv = [sys.executable, "-m", "bench.proxy", str(rtt_ms), *routes]
    far = [replace(one, host="127.0.0.1", port=port) for port, one in zip(ports, fleet.targets, strict=True)]
    inventory = folder / f"inventory-{rtt_ms}.yaml"
    inventory.write_text(yaml.safe_dump(_reached(_read(fleet.inventory), far), sort_keys=False))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as proxy:
        try:
            if not proxy.stdout or proxy.stdout.readline() != "ready\n":
                raise RuntimeError("the proxy did not start")
            yield replace(fleet, inventory=inventory, targets=tuple(far))
        finally:
            proxy.terminate()


def _reached(data: dict[str, Any], targets: list[Target]) -> dict[str, Any]:
    """The inventory with the place where each host's sshd answers; addresses inside the cluster stay as they are."""
    for one in targets:
        host = data["groups"][one.group]["hosts"][one.name]
        host["ssh"] = {**host.get("ssh", {}), "host": one.host, "port": one.port}
    return data


def free_ports(count: int) -> list[int]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in taken]
    for one in taken:
        one.close()
    return ports


def _read(inventory: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(inventory.read_text(encoding="utf-8"))
    return data
