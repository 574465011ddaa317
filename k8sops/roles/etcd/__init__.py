"""Bash for etcd on hosts: follows shell.sh, over SSH now or in a script that stays on the host."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def library(*names: str) -> str:
    """These bash files, concatenated: `library("tools", "backup")`."""
    return "\n".join(Path(__file__).with_name(f"{name}.sh").read_text(encoding="utf-8") for name in names)
