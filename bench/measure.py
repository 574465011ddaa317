"""Commands and how long they took, one after the other in turns: A B C, A B C, …, so that a machine that is busy with
something else disturbs all alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Command:
    """A command whose time is taken; `proves` raises where what it printed is not what a fair run prints."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    proves: Callable[[str], None] = lambda printed: None


@dataclass(frozen=True)
class Sample:
    """One run: seconds from its start to its end, and the most memory that its process held, in MiB."""

    seconds: float
    mib: float
    printed: str


class FailedError(Exception):
    """A command did not do what it was measured for."""


def run(command: Command) -> Sample:
    """The command, run to its end."""
    with tempfile.TemporaryFile("w+") as out:
        since = time.monotonic()
        process = _start(command, out)
        peak = _Peak(process.pid)
        code = process.wait()
        seconds = time.monotonic() - since
        out.seek(0)
        printed = out.read()
    if code:
        raise FailedError(f"`{' '.join(command.argv[:4])} …` ended with {code}:\n{printed[-3000:]}")
    command.proves(printed)
    return Sample(seconds, peak.mib(), printed)


class _Peak:
    """The most memory that a process holds, read while it runs: getrusage(2) counts that of its parent in."""

    def __init__(self, pid: int) -> None:
        self._kib = 0
        self._thread = Thread(target=self._watch, args=(Path(f"/proc/{pid}/status"),), daemon=True)
        self._thread.start()

    def _watch(self, status: Path) -> None:
        with suppress(OSError, StopIteration):
            while True:
                lines = status.read_text().splitlines()
                self._kib = int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
                time.sleep(0.02)

    def mib(self) -> float:
        self._thread.join(1)
        return self._kib / 1024


def _start(command: Command, out: IO[str]) -> subprocess.Popen[str]:
    # What is installed has its bytecode; the round that is not counted writes that of a checkout.
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **command.env}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command.argv, stdin=quiet, stdout=out, stderr=subprocess.STDOUT, env=env, text=True)


def in_turns(commands: Mapping[str, Command], runs: int, say: Callable[[str], None]) -> dict[str, list[Sample]]:
    """Each command `runs` times, in turns; once before that, unmeasured, so that all find warm files."""
    found: dict[str, list[Sample]] = {name: [] for name in commands}
    for turn in range(-1, runs):
        for name, command in commands.items():
            sample = run(command)
            if turn >= 0:
                found[name].append(sample)
                say(f"  {name} {turn + 1}/{runs}: {sample.seconds:.2f} s")
    return found


def seconds(samples: Mapping[str, Sequence[Sample]]) -> dict[str, list[float]]:
    return {name: [one.seconds for one in many] for name, many in samples.items()}


def mib(samples: Mapping[str, Sequence[Sample]], name: str = "k8sops") -> float:
    return max(one.mib for one in samples[name])


def k8sops(inventory: Path, state: Path, *words: str) -> list[str]:
    """`env` keeps journals and kubeconfig of benchmarks apart from the user's own."""
    env = [f"K8SOPS_INVENTORY={inventory}", f"XDG_STATE_HOME={state}", f"KUBECONFIG={state / 'kubeconfig'}"]
    return ["env", *env, str(BIN / "k8sops"), *words]
