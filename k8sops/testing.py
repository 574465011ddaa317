"""Fakes at the transport, for tests of k8sops and of what is built on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event

from k8sops.host import Dialogue, Result


@dataclass
class FakeHost:
    """A host that `handler` answers for; `scripts` keeps every script that was run, one entry an exec."""

    name: str
    handler: Callable[[str], Result]
    scripts: list[str] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)

    def run(
        self,
        script: str,
        *,
        timeout: float = 60,
        on_line: Callable[[str], None] | None = None,
        stop: Event | None = None,
    ) -> Result:
        self.scripts.append(script)
        result = self.handler(script)
        for line in result.out.splitlines():
            if on_line:
                on_line(line)
        return result

    def stream(
        self,
        script: str,
        *,
        source: Iterable[bytes] = (),
        sink: Callable[[bytes], object] | None = None,
        timeout: float = 3600,
    ) -> Result:
        """What came in is kept in `received`; what the handler prints goes to the sink."""
        self.scripts.append(script)
        self.received.append(b"".join(source))
        result = self.handler(script)
        if sink:
            sink(result.out.encode())
        return result

    def talk(self, script: str) -> Dialogue:
        return FakeDialogue(script)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class FakeDialogue:
    """Grants every lock and answers every line."""

    script: str
    lines: list[str] = field(default_factory=list)
    ended: bool = False

    def __post_init__(self) -> None:
        self._mark = self.script.splitlines()[1].removeprefix("MARK=").strip("'")
        self.lines.append(f"{self._mark} taken")

    def send(self, line: str) -> None:
        self.lines.append(f"{self._mark} beat")

    def receive(self, seconds: float) -> str | None:
        return self.lines.pop(0) if self.lines else None

    def close(self) -> None:
        """Nothing is open."""
