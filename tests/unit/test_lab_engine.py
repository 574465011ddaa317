"""The engine's pid file is believed only while that process is alive and is the engine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from k8sops.lab.engine import runs


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
