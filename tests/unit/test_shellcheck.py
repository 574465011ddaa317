"""The bash that travels to hosts, read by shellcheck."""

from __future__ import annotations

import re
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


def test_what_the_kernel_tells_is_read_at_once() -> None:
    """`read` of bash goes back to where its line ended, and the kernel makes the file anew, with other lengths: where
    signals are queued elsewhere, one loop in five over /proc/self/status misses a line."""
    loop = re.compile(r"^.*(?:done|\}).*<\s*/proc/.*$", re.MULTILINE)
    assert [one for path in (*FILES, *PACKAGE.rglob("*.py")) for one in loop.findall(path.read_text())] == []
