"""What happened, as JSON lines: one file a run, appended and flushed per event, secrets struck out on write."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any, TextIO

from k8sops.engine.shell import Secret
from k8sops.errors import InputError

Event = dict[str, Any]
"""`type` names the event, `at` is seconds since the epoch; docs/json.md, "Journal", lists the types and their keys."""

Emit = Callable[[Event], None]

_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}")


def state_dir() -> Path:
    """Where runs are kept: $XDG_STATE_HOME/k8sops, else ~/.local/state/k8sops."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(base) / "k8sops"


class Journal:
    """An append-only record of one run; safe to write from many threads."""

    def __init__(self, folder: Path, known: Iterable[Secret] = ()) -> None:
        self.run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / f"{self.run}.jsonl"
        self._struck: list[str] = []
        self.strike(known)
        self._lock = Lock()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        self._file: TextIO = os.fdopen(descriptor, "a", encoding="utf-8")

    def strike(self, known: Iterable[Secret]) -> None:
        """These secrets, and every line of theirs, are struck out from now on."""
        pieces = {piece for secret in known for piece in (secret.reveal(), *secret.reveal().splitlines())}
        # The longest first: a piece within another would leave the rest of that one.
        self._struck = sorted({*self._struck, *(one for one in pieces if len(one) >= 4)}, key=len, reverse=True)

    def struck(self, text: str) -> str:
        """The text without secrets, as others may read it."""
        for secret in self._struck:
            text = text.replace(secret, "***")
        return text

    def write(self, event: Event) -> Event:
        """The event, with its time, is on disk; returns what was written."""
        event = {"at": round(time.time(), 3), **event}
        line = json.dumps(event, ensure_ascii=False, default=str)
        for secret in self._struck:
            line = line.replace(json.dumps(secret, ensure_ascii=False)[1:-1], "***")
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
        struck: Event = json.loads(line)
        return struck

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> Iterator[Event]:
    """The events of a run; a last line that a crash cut short is passed over."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                return


def runs(folder: Path) -> list[Path]:
    """All runs, the newest first."""
    return sorted((path for path in folder.glob("*.jsonl") if _RUN_ID.fullmatch(path.stem)), reverse=True)


def find_run(folder: Path, run: str) -> Path:
    """The journal of a run, by its id, a unique beginning of it, or `last`."""
    there = runs(folder)
    found = there[:1] if run == "last" else [path for path in there if path.stem.startswith(run)]
    if len(found) != 1:
        raise InputError(
            f"no run `{run}`" if not found else f"`{run}` matches {len(found)} runs",
            remedy="k8sops runs list shows them",
        )
    return found[0]


def usual_seconds(folder: Path, *, last: int = 20) -> dict[str, float]:
    """How long each resource took to change, by id: the median over the last runs."""
    took: dict[str, list[float]] = {}
    for path in runs(folder)[:last]:
        for event in read(path):
            if event.get("type") == "step" and event.get("state") == "changed":
                took.setdefault(event["resource"], []).append(event.get("seconds", 0.0))
    return {resource: median(values) for resource, values in took.items()}
