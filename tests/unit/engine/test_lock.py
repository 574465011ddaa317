"""The lock of a run, with the far end faked: what is heard late must not be taken for what is new."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest

from k8sops.engine import lock
from k8sops.engine.lock import ClusterLock, _Held
from k8sops.engine.shell import RUN_LOCK_SECONDS


@dataclass
class Answering:
    """Answers each word with what `mark` in shell.sh prints: an empty line, and the marker."""

    lines: list[str] = field(default_factory=list)
    alive: bool = True
    ended: bool = False

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


def test_a_late_answer_is_waited_for_and_the_end_of_the_far_side_is_believed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    far = Answering()
    held = _Held("cp1", "@x", far)
    ours = ClusterLock([held])
    assert ours.ours()
    held.heard -= RUN_LOCK_SECONDS
    monkeypatch.setattr(lock, "PATIENCE", 0.3)
    monkeypatch.setattr(time, "sleep", lambda _: held.beat())
    assert ours.ours()
    far.ended, far.alive = True, False
    held.heard -= RUN_LOCK_SECONDS
    since = time.monotonic()
    assert not ours.ours()
    assert time.monotonic() - since < 0.3
    far.ended, far.alive = False, True
    assert not ours.ours(), "a lock that was lost is not had again"


def test_an_answer_counts_from_when_it_was_asked_for() -> None:
    far = Answering()
    held = _Held("cp1", "@x", far)
    far.alive = False
    held.beat()
    asked = held._sent[0]
    far.lines = ["@x beat"]
    held.beat()
    assert held.heard == asked
