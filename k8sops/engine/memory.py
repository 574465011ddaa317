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

from k8sops.engine.localfile import write_private

FLEETING = ("now=", "busy=")
"""Facts that are another each time."""
FILES = "more.file."
"""Contents of files, which may hold credentials: only their digests are kept."""


def recall(path: Path) -> dict[str, list[str]]:
    """The facts of hosts, as lines; none where there is no such file, or it is none of ours."""
    try:
        hosts = json.loads(path.read_text(encoding="utf-8"))["hosts"]
        return {str(name): [str(line) for line in lines] for name, lines in hosts.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def keep(path: Path, lines: Mapping[str, Sequence[str]]) -> None:
    """The file holds these facts, and of other hosts what it held before; where it cannot be written, it is left."""
    before = recall(path)
    lasting = {name: [_kept(line) for line in mine if not line.startswith(FLEETING)] for name, mine in lines.items()}
    if any(before.get(name) != mine for name, mine in lasting.items()):
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, json.dumps({"hosts": before | lasting}, indent=1, ensure_ascii=False))


def _kept(line: str) -> str:
    key, _, value = line.partition("=")
    if not line.startswith(FILES) or not value:
        return line
    return f"{key}=sha256:{hashlib.sha256(base64.b64decode(value)).hexdigest()}"
