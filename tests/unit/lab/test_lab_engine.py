"""The engine's pid file is believed only while that process is alive and is the engine."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from k8sops.lab.engine import runs
from k8sops.lab.machine import alone


def test_a_process_that_lives_is_known_by_its_program() -> None:
    assert runs(str(os.getpid()), "python")
    assert not runs(str(os.getpid()), "dockerd")


def test_one_that_was_killed_is_dead_even_when_nobody_waited_for_it() -> None:
    child = subprocess.Popen(["sleep", "60"])
    child.kill()
    while b"sleep" in Path(f"/proc/{child.pid}/cmdline").read_bytes():
        pass
    try:
        assert not runs(str(child.pid), "sleep")
    finally:
        child.wait()
    assert not runs("", "dockerd")


def test_two_labs_are_not_made_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = "from k8sops.lab.machine import alone\nwith alone(print):\n  print('in', flush=True)\n  input()"
    with (
        alone(print),
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other,
    ):
        assert other.stdout
        assert "waiting" in other.stdout.readline()
        # The first one is done only when this block ends; until then the other has not come in.
        assert not select.select([other.stdout], [], [], 0.3)[0]
        other.kill()
