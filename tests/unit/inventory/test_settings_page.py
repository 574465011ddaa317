"""docs/inventory.md is complete: every setting of the models, and what an edit of it does."""

from __future__ import annotations

import re
from pathlib import Path

from k8sops.engine.findings import KINDS
from k8sops.inventory.page import EDITS, MEANINGS, PENDING, REFUSED, page, settings

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_what_the_models_print() -> None:
    assert (ROOT / "docs/inventory.md").read_text() == page(), "python -m k8sops.inventory.page >docs/inventory.md"


def test_every_setting_has_an_entry_and_every_entry_a_setting() -> None:
    paths = [path for path, _ in settings()]
    assert len(paths) == len(set(paths)) > 60
    assert set(paths) == set(EDITS)
    assert {kind for kind, _ in EDITS.values()} == set(MEANINGS)


def test_findings_that_are_named_are_in_the_catalogue_and_of_that_level() -> None:
    levels = {kind.name: kind.level for kind in KINDS}
    for path, (kind, remark) in EDITS.items():
        named = [word for word in re.findall(r"`([A-Z]\w+)`", remark) if word in levels]
        if kind in (PENDING, REFUSED) and "as `" not in remark:
            assert named, f"{path} names no finding"
            assert levels[named[0]] == ("pending" if kind == PENDING else "error"), path
