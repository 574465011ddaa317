"""Fakes at the transport, for tests of k8sops and of what is built on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from k8sops.host import Result


@dataclass
class FakeHost:
    """A host that `handler` answers for; `scripts` keeps every script that was run, one entry an exec."""

    name: str
    handler: Callable[[str], Result]
    scripts: list[str] = field(default_factory=list)

    def run(self, script: str, *, timeout: float = 60, on_line: Callable[[str], None] | None = None) -> Result:
        self.scripts.append(script)
        result = self.handler(script)
        for line in result.out.splitlines():
            if on_line:
                on_line(line)
        return result

    def close(self) -> None:
        """Nothing is open."""
