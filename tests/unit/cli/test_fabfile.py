"""The jobs of k8sops in Fabric: a fabfile of two lines, in a folder that is no clone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

README = (ROOT / "README.md").read_text()
JOBS = ["apply", "backup", "check", "plan", "reset", "restore", "status", "verify"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the fabfile that the README shows."""
    shown = re.search(r"```python\n(\"{3}[^`]*`fab --list`[^`]*?)```", README, re.S)
    assert shown
    (tmp_path / "fabfile.py").write_text(shown[1])
    return tmp_path


def fab(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    code = "from fabric.main import program; program.run()"
    argv = [sys.executable, "-c", code, *words]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_jobs_are_listed_with_what_they_do(folder: Path) -> None:
    listed = fab(folder, "--list").stdout
    assert re.findall(r"^  (\w+) +\w", listed, re.M) == JOBS
    assert "Show every change on every host, and change nothing." in listed


def test_a_job_ends_with_the_exit_code_and_the_words_of_k8sops(folder: Path) -> None:
    run = fab(folder, "plan")
    assert run.returncode == 5
    assert "k8sops: inventory.yaml" in run.stderr
    assert "Traceback" not in run.stderr
    assert fab(folder, "reset").returncode == 64


def test_the_options_of_a_job_are_explained(folder: Path) -> None:
    shown = fab(folder, "--help", "reset").stdout
    assert "--all-nodes" in shown
    assert "Confirm by the cluster's name" in shown
