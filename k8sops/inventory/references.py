"""References to secrets, as settings have them: `file:PATH`, `env:NAME`, `cmd:COMMAND`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from k8sops.errors import InputError


def resolve(reference: str) -> str:
    """The secret that is meant, without the line end behind it; InputError, without the secret, where there is none."""
    kind, _, where = reference.partition(":")
    if kind == "env":
        found = os.environ.get(where, "")
    elif kind == "file":
        try:
            found = Path(where).expanduser().read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"{reference}: {error.strerror}") from None
    else:
        done = subprocess.run(["sh", "-c", where], capture_output=True, text=True, check=False)
        if done.returncode:
            raise InputError(f"{reference}: exit code {done.returncode}: {done.stderr.strip()[:300]}")
        found = done.stdout
    if not found.strip():
        raise InputError(f"{reference} is empty")
    return found.strip()
