"""Imports never point upwards, as docs/architecture.md draws it; SSH, retries and templates have one home each."""

from __future__ import annotations

import ast
import gc
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "k8sops"
LAYERS = [
    {"errors", "host", "yamlnodes", "shell", "versions", "localfile", "ranges", "reference", "findings", "foreign"},
    {"registry"},
    {"etcd", "etcd.backup", "etcd.throwaway", "etcd.cron", "documents"},
    {"yamlfile", "forms", "settings", "inventory_errors", "inventory", "addressing", "spec", "patterns"},
    {"settings_page"},
    {"retry", "render", "playbook", "resource", "parameters"},
    {"configfile", "dockerd", "containerd"},
    {"facts", "resources", "health", "health_lines"},
    {"task", "kubeadm", "manifests", "firewall", "packaging", "transfer", "identity", "unitfiles"},
    {"etcd.restore"},
    {"living"},
    {"tasks"},
    {"plan"},
    {"selection", "summary"},
    {"ssh", "ssh.hostkeys", "ssh.execution", "ssh.config", "ssh.faults", "ssh.privileges"},
    {"ssh.way"},
    {"ssh.login"},
    {"ssh.connection", "journal", "testing"},
    {"session", "memory"},
    {"survey", "stream", "lock", "approval"},
    {"runner", "kubeconfig"},
    {"report", "timeline", "closing"},
    {"etcd.members", "verify", "savedplan", "etcd.backups", "etcd.copies"},
    {"etcd.schedule", "status", "components"},
    {"lab"},
    {"cli", "__main__"},
    {"fabfile"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
ONLY = {
    "paramiko": {"ssh.connection", "ssh.execution", "ssh.faults", "ssh.hostkeys", "ssh.login", "ssh.way"},
    "fabric": {"ssh.connection", "ssh.login", "ssh.way", "fabfile"},
    "tenacity": {"retry"},
    "jinja2": {"render"},
    "tomlkit": {"configfile"},
}


def layered(module: str) -> str:
    """The name by which a layer knows `k8sops.…`: folders with a layer of their own stand for all that is in them."""
    parts = module.split(".")[1:]
    whole, folder = ".".join(parts[:2]), parts[0]
    return whole if whole in LEVEL else folder


def modules() -> list[tuple[str, Path]]:
    files = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]
    return [(layered(".".join(("k8sops", *path.relative_to(PACKAGE).with_suffix("").parts))), path) for path in files]


def parsed(path: Path) -> ast.Module:
    """The syntax tree. A garbage collection in the middle, whose callback Hypothesis sets, makes CPython 3.11 fail
    with "AST constructor recursion depth mismatch"."""
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()


@cache
def imports(path: Path) -> list[str]:
    """Dotted names; what `from a import b` brings in may be a module itself."""
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{name.name}" for name in node.names]
    return found


def test_imports_never_point_upwards() -> None:
    wrong = [
        f"{path.name} imports {target}"
        for name, path in modules()
        for target in imports(path)
        if target.startswith("k8sops.") and LEVEL.get(layered(target), 0) > LEVEL[name]
    ]
    assert not wrong


def test_each_outside_library_has_one_home() -> None:
    wrong = [
        f"{path.name} imports {target}"
        for name, path in modules()
        for target in imports(path)
        if target.split(".")[0] in ONLY and name not in ONLY[target.split(".")[0]]
    ]
    assert not wrong


def distribution(name: str) -> str:
    """The name of a distribution as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_installed_with_k8sops_is_imported_by_it() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    wanted = {distribution(re.split(r"[<>=!~; \[]", line)[0]) for line in project["dependencies"]}
    homes = packages_distributions()
    used = {target.split(".")[0] for _, path in modules() for target in imports(path)}
    assert wanted == wanted & {distribution(home) for name in used for home in homes.get(name, ())}


def test_the_command_line_starts_without_the_libraries_that_only_some_commands_need() -> None:
    heavy = "{'pydantic', 'paramiko', 'fabric', 'jinja2', 'rich', 'yaml', 'cryptography'}"
    code = f"import sys, k8sops.cli; print(*sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found.split() == []
