"""The noun `Edit`: a setting that the living cluster does not have as the inventory says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

LONGEST = 120


@dataclass(frozen=True)
class Edit:
    """One setting that differs in one place. `kind` names its finding; `has`, `wants`: None is nothing."""

    kind: str
    setting: str
    has: Any
    wants: Any
    host: str
    place: str


def text_of(value: Any) -> str:
    """A value as an inventory has it, on one line."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
