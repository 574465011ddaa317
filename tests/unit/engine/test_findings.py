"""The catalogue of findings: complete, and docs/findings.md is printed from it."""

from __future__ import annotations

import re
from pathlib import Path

from k8sops.engine.findings import KINDS, kind_of, page

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_what_the_catalogue_prints() -> None:
    assert (ROOT / "docs/findings.md").read_text() == page(), "python -m k8sops.engine.findings >docs/findings.md"


def test_every_finding_in_the_code_is_in_the_catalogue() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "k8sops").rglob("*.py"))
    calls = re.findall(r'(?:Finding\([^"()]*|found\(\s*)f?"([A-Z]\w*[^"]*)"', code)
    names = {re.sub(r"\{.*", "443", name) for name in calls}
    assert {"OS", "ClockSkew", "NoBackup"} <= names
    assert not {name for name in names if not kind_of(name).means}


def test_names_are_words_that_a_user_can_type() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9]+\*?", kind.name) for kind in KINDS)
    assert len({kind.name.lower() for kind in KINDS}) == len(KINDS)


def test_no_two_scripts_print_a_fact_of_one_name() -> None:
    """Each fact is read in one place: a second script that prints it would be read there, too."""
    places: dict[str, set[str]] = {}
    for path in sorted((*(ROOT / "k8sops").rglob("*.sh"), *(ROOT / "k8sops").rglob("*.py"))):
        for name in re.findall(r'fact "?more\.([a-z][a-z_-]*)', path.read_text()):
            places.setdefault(name, set()).add(path.name)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
