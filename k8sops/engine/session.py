"""What the work of a command goes by: how hosts are reached, how many at once, where events go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TypeVar

from k8sops.engine.host import Host
from k8sops.engine.journal import Emit
from k8sops.engine.runsecrets import RunSecrets
from k8sops.errors import HostError

T = TypeVar("T")
Connect = Callable[[str], Host]
"""Gives the host of an inventory name; the connection itself is made by the first `run`."""


@dataclass(frozen=True)
class Session:
    """What a run works with: how hosts are reached, how many at once, where events go."""

    connect: Connect
    emit: Emit
    forks: int = 20
    who: str = "k8sops"
    stop: Event = field(default_factory=Event)
    """Set when the run is to end: what runs on a host is finished, nothing more is begun."""
    held: Callable[[], bool] = lambda: True
    """Whether the cluster's lock is ours still; where it is not, nothing more is sent to any host."""
    memory: Path | None = None
    """The file that keeps what hosts said of themselves until the next run (memory.py); None: there is none."""
    secrets: RunSecrets = field(default_factory=RunSecrets)

    def each(self, names: Sequence[str], work: Callable[[str], T]) -> dict[str, T | HostError]:
        """`work` on every host, `forks` at a time; an error of a host is its outcome, not the end of the others."""

        def one(name: str) -> T | HostError:
            try:
                return work(name)
            except HostError as error:
                return error

        if not names:
            return {}
        with ThreadPoolExecutor(max_workers=min(self.forks, len(names))) as pool:
            return dict(zip(names, pool.map(one, names), strict=True))
