"""The bash that travels to hosts, read by shellcheck."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import k8sops
from k8sops.lab.machine import need

PACKAGE = Path(k8sops.__file__).parent
FILES = sorted(PACKAGE.rglob("*.sh"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_shellcheck_finds_nothing(path: Path) -> None:
    need(print, shellcheck="shellcheck")
    done = subprocess.run(["shellcheck", "-s", "bash", str(path)], capture_output=True, text=True, check=False)
    assert done.stdout == ""
