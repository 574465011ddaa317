"""What the rest of k8sops knows of a host: it runs a script and says how that went."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event
from typing import Protocol


@dataclass(frozen=True)
class Result:
    """How a script ended: exit code, what it printed (text, `\\n` line ends) and how many seconds it took."""

    code: int
    out: str
    err: str
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.code == 0


class Dialogue(Protocol):
    """A script that goes on running on a host and is spoken to, line by line."""

    def send(self, line: str) -> None:
        """Raises OSError when nobody is there any more."""

    def receive(self, seconds: float) -> str | None:
        """The next line that it prints; None when it has ended, or nothing came in time."""

    @property
    def ended(self) -> bool:
        """Whether it is known that nobody is there any more."""

    def close(self) -> None: ...


class Host(Protocol):
    """A machine that runs bash scripts as root.

    One `run` is at most one exec over the link, whatever the script's length: scripts that do not listen go into one
    shell that is kept, so they need no exec of their own. The script travels on stdin and never in
    argv, so it may hold secrets. `on_line` is called with each line of stdout as it arrives, without its end.
    `stop`: the script listens (see shell.sh, `heard`): it gets a beat every few seconds, and `stop` once this is set.
    Raises `UnreachableError` when the host cannot be reached or the link is lost, `HostError` past `timeout` seconds.
    """

    @property
    def name(self) -> str: ...

    def run(
        self,
        script: str,
        *,
        timeout: float = 60,
        on_line: Callable[[str], None] | None = None,
        stop: Event | None = None,
    ) -> Result: ...

    def stream(
        self,
        script: str,
        *,
        source: Iterable[bytes] = (),
        sink: Callable[[bytes], object] | None = None,
        timeout: float = 3600,
    ) -> Result:
        """Like `run`, for files: the script reads `source` from descriptor 8, and what it prints goes to `sink`.

        Without a sink, stdout is the result's. A source that raises OSError ends the script unheard.
        """
        ...

    def talk(self, script: str) -> Dialogue: ...

    def close(self) -> None: ...
