"""Imports never point upwards, as docs/architecture.md draws it; SSH, retries and templates have one home each."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "k8sops"
LAYERS = [
    {"errors", "host", "shell", "versions", "localfile", "ranges", "etcd", "backup", "reference", "throwaway", "cron"},
    {"retry", "yamlfile", "settings", "inventory", "spec", "patterns", "render", "playbook", "resource", "hostkeys"},
    {"facts", "resources"},
    {"task", "kubeadm", "firewall", "transfer"},
    {"restore"},
    {"tasks"},
    {"plan"},
    {"execution", "login", "journal", "testing"},
    {"connection"},
    {"survey", "stream", "lock"},
    {"runner", "kubeconfig"},
    {"report", "timeline"},
    {"members", "verify", "savedplan", "backups", "copies", "schedule"},
    {"status"},
    {"lab"},
    {"cli", "__main__"},
    {"fabfile"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
ONLY = {
    "paramiko": {"connection", "execution", "hostkeys", "login"},
    "fabric": {"connection", "fabfile"},
    "tenacity": {"retry"},
    "jinja2": {"render"},
}


def modules() -> list[tuple[str, Path]]:
    return [(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path) for path in PACKAGE.rglob("*.py")]


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


def test_imports_never_point_upwards() -> None:
    wrong = []
    for name, path in modules():
        for target in imports(path):
            below = target.split(".")[1:2]
            if target.startswith("k8sops.") and name != "__init__" and LEVEL[below[0]] > LEVEL[name]:
                wrong.append(f"{path.name} imports {target}")
    assert not wrong


def test_each_outside_library_has_one_home() -> None:
    wrong = [
        f"{path.name} imports {target}"
        for name, path in modules()
        for target in imports(path)
        if target.split(".")[0] in ONLY and name not in ONLY[target.split(".")[0]]
    ]
    assert not wrong


def test_the_command_line_starts_without_the_libraries_that_only_some_commands_need() -> None:
    heavy = "{'pydantic', 'paramiko', 'fabric', 'jinja2', 'rich', 'yaml', 'cryptography'}"
    code = f"import sys, k8sops.cli; print(*sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found.split() == []
