"""What takes long says so: what it is doing, for how long now, and how long it took before."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Self, TextIO

Say = Callable[[str], None]
PLAIN_SECONDS, TERMINAL_SECONDS = 30.0, 1.0
"""Between two lines of a log, and between two looks of a terminal."""


def minutes(seconds: float) -> str:
    """`42 s`, `4 min 05 s`."""
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


def line(what: str, before: float | None, seconds: float, detail: str) -> str:
    """`building X (took 4 min 05 s before) … 120 s, kubelet`."""
    known = f" (took {minutes(before)} before)" if before is not None else ""
    now = ", ".join(part for part in (minutes(seconds) if seconds >= 1 else "", detail) if part)
    return f"{what}{known} … {now}".rstrip()


class Ticker:
    """Shows a piece of work while it lasts: on a terminal one line that changes, else a line every 30 s.

    `detail`: what is being done right now; whoever does the work sets it.
    """

    def __init__(
        self, say: Say, what: str, before: float | None, *, stream: TextIO | None = None, every: float | None = None
    ) -> None:
        self.say, self.what, self.before, self.detail = say, what, before, ""
        self.stream = stream or sys.stdout
        self.terminal = self.stream.isatty() and not os.environ.get("CI")
        self.every = every or (TERMINAL_SECONDS if self.terminal else PLAIN_SECONDS)
        self.since = time.monotonic()
        self._over = Event()
        self._thread = Thread(target=self._tick, daemon=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.since

    def __enter__(self) -> Self:
        self._show()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        if self.terminal:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def _tick(self) -> None:
        while not self._over.wait(self.every):
            self._show()

    def _show(self) -> None:
        text = line(self.what, self.before, self.seconds, self.detail)
        if not self.terminal:
            self.say(text)
            return
        width = os.get_terminal_size(self.stream.fileno()).columns or 80
        self.stream.write(f"\r\x1b[K{text[: width - 1]}")
        self.stream.flush()
