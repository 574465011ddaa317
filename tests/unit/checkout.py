"""A copy of the checkout that a test may edit: no test writes into the checkout itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import copytree, ignore_patterns

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ignore_patterns(".*", "__pycache__")


def copy_checkout(folder: Path) -> Path:
    """All that the package and its unit tests need, without what tools keep in hidden folders."""
    return Path(copytree(ROOT, folder / "checkout", ignore=LEFT_OUT, symlinks=True))


def run_python(checkout: Path, words: Sequence[str], **more: str) -> subprocess.CompletedProcess[str]:
    """`python WORDS` with the package of that checkout, and with its output as text."""
    path = os.pathsep.join(str(checkout / folder) for folder in (".", "tests/unit"))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **more}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
