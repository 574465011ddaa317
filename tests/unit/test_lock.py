"""The lock of a run, with the far end faked: what is heard late must not be taken for what is new."""

from __future__ import annotations

from dataclasses import dataclass, field

from k8sops.lock import _Held


@dataclass
class Answering:
    """Answers each word with what `mark` in shell.sh prints: an empty line, and the marker."""

    lines: list[str] = field(default_factory=list)
    alive: bool = True

    def send(self, line: str) -> None:
        if self.alive:
            self.lines += ["", "@x beat"]

    def receive(self, seconds: float) -> str | None:
        return self.lines.pop(0) if self.lines else None

    def close(self) -> None:
        """Nothing is open."""


def test_no_answer_is_left_over_to_be_heard_when_the_far_end_is_gone() -> None:
    far = Answering()
    held = _Held("cp1", "@x", far)
    for _ in range(10):
        held.beat()
    assert far.lines == []
    far.alive, heard = False, held.heard
    for _ in range(10):
        held.beat()
    assert held.heard == heard
