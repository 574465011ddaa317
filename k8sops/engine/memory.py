"""What the hosts of a cluster said of themselves when they were last asked, kept on the operator's machine.

It serves for a guess and nothing else: what it says of a host is never taken for true.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from k8sops.engine.localfile import write_private

FLEETING = ("now=", "busy=")
"""Facts that are another each time."""
FILES = "more.file."
"""Contents of files, which may hold credentials: only their digests are kept."""


def recall(path: Path, questions: Mapping[str, str]) -> dict[str, list[str]]:
    """The facts of hosts as lines, of those that were asked these same questions when they were last asked.

    Tasks rely on what they ask, so answers to other questions, or an entry that was altered, are as good as none.
    """
    known = {name: entry for name, entry in _entries(path).items() if name in questions}
    return {
        name: entry["lines"]
        for name, entry in known.items()
        if isinstance(entry.get("lines"), list) and _digest(questions[name], entry["lines"]) == entry.get("sha256")
    }


def keep(path: Path, questions: Mapping[str, str], lines: Mapping[str, Sequence[str]]) -> None:
    """The file holds these facts, and of other hosts what it held before; where it cannot be written, it is left."""
    before = _entries(path)
    lasting = {name: [_kept(line) for line in mine if not line.startswith(FLEETING)] for name, mine in lines.items()}
    entries = {name: {"sha256": _digest(questions[name], mine), "lines": mine} for name, mine in lasting.items()}
    if any(before.get(name) != entry for name, entry in entries.items()):
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, json.dumps({"hosts": before | entries}, indent=1, ensure_ascii=False))


def _entries(path: Path) -> dict[str, dict[str, Any]]:
    """What the file holds by host; nothing where there is no such file, or it is none of ours."""
    try:
        hosts = json.loads(path.read_text(encoding="utf-8"))["hosts"]
        return {str(name): entry for name, entry in hosts.items() if isinstance(entry, dict)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _digest(questions: str, lines: Sequence[object]) -> str:
    return hashlib.sha256("\n".join((questions, *map(str, lines))).encode()).hexdigest()


def _kept(line: str) -> str:
    key, _, value = line.partition("=")
    if not line.startswith(FILES) or not value:
        return line
    return f"{key}=sha256:{hashlib.sha256(base64.b64decode(value)).hexdigest()}"
