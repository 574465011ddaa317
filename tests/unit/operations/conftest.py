"""A folder with an inventory, and a playbook and a task of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import k8sops

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.11}}}
  workers: {hosts: {w1: {address: 10.0.1.1}}}
"""
TASK = """\
from dataclasses import replace
from k8sops.engine.task import Task
from k8sops.resources.files import file

GREETING = file("/etc/greeting", "hello\\n")
TASK = Task("greeting", "/etc/greeting installed", resources=lambda spec, host, fleet: [GREETING])
"""


@pytest.fixture
def request_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> k8sops.Request:
    """For a playbook with one task, in a folder of its own that is the current one."""
    for name in ("XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    for path, text in {
        "tasks/greeting.py": TASK,
        "playbooks/greeting.yaml": "- {name: Greeting, hosts: all, tasks: [greeting]}\n",
    }.items():
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text)
    return k8sops.Request(tmp_path / "inventory.yaml", "greeting")
