"""Ranges of names, as Ansible writes them."""

from __future__ import annotations

import re

RANGE = re.compile(r"\[([0-9]+|[a-z]):([0-9]+|[a-z])\]")


def expand(text: str) -> list[str]:
    """`w[01:50]` is w01 to w50, both ends in, leading zeros kept; text without a range is itself."""
    found = RANGE.search(text)
    if not found:
        return [text]
    low, high = found.groups()
    if low.isdigit() and high.isdigit():
        width = len(low) if low.startswith("0") else 0
        values = [str(n).zfill(width) for n in range(int(low), int(high) + 1)]
    else:
        values = [chr(n) for n in range(ord(low), ord(high) + 1)] if not low.isdigit() and not high.isdigit() else []
    return [one for value in values[:10_000] for one in expand(text[: found.start()] + value + text[found.end() :])]
