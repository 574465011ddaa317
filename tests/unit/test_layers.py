"""Imports never point upwards: one line of rule, over folders. SSH, retries and templates have one home each."""

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
RULE = "errors < inventory < engine < ssh < resources < roles < operations < report < verify < lab < cli < fabfile"
"""docs/architecture.md has this line. A folder may import itself and what stands to the left of it."""
LEVEL = {name: level for level, name in enumerate(RULE.split(" < "))}
ONLY = {
    "paramiko": ("ssh",),
    "fabric": ("ssh", "fabfile"),
    "tenacity": ("engine.retry",),
    "jinja2": ("engine.render",),
    "tomlkit": ("resources.configfile",),
}


def modules() -> dict[str, Path]:
    """Files of the package by dotted name below `k8sops`; the package itself and its entry point are no part of it."""
    files = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    return {name: path for name, path in files.items() if name not in ("__init__", "__main__")}


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
    names = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def own_imports(path: Path) -> list[str]:
    """What it imports of k8sops, below `k8sops`; the version and the public interface stand in the package itself."""
    names = [name.removeprefix("k8sops.") for name in imports(path) if name.startswith("k8sops.")]
    return [name for name in names if name.split(".")[0] in LEVEL]


def test_every_folder_has_its_place_in_the_rule() -> None:
    assert {name.split(".")[0] for name in modules()} == set(LEVEL)
    assert RULE in (PACKAGE.parent / "docs/architecture.md").read_text()


def test_imports_never_point_upwards() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, path in modules().items()
        for target in own_imports(path)
        if LEVEL[target.split(".")[0]] > LEVEL[name.split(".")[0]]
    ]
    assert wrong == []


def test_roles_know_each_other_by_their_facts_and_protocols_only() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, path in modules().items()
        for target in own_imports(path)
        if name.startswith("roles.") and target.startswith("roles.")
        if target.split(".")[1] not in (name.split(".")[1], "protocols") and target.split(".")[2] != "facts"
    ]
    assert wrong == []


def test_each_outside_library_has_one_home() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, path in modules().items()
        for target in imports(path)
        if (homes := ONLY.get(target.split(".")[0]))
        if not any(name == home or name.startswith(f"{home}.") for home in homes)
    ]
    assert wrong == []


def distribution(name: str) -> str:
    """The name of a distribution as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_installed_with_k8sops_is_imported_by_it() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    wanted = {distribution(re.split(r"[<>=!~; \[]", line)[0]) for line in project["dependencies"]}
    homes = packages_distributions()
    used = {target.split(".")[0] for path in modules().values() for target in imports(path)}
    assert wanted == wanted & {distribution(home) for name in used for home in homes.get(name, ())}


def test_the_command_line_starts_without_the_libraries_that_only_some_commands_need() -> None:
    heavy = "{'pydantic', 'paramiko', 'fabric', 'jinja2', 'rich', 'yaml', 'cryptography'}"
    code = f"import sys, k8sops.cli; print(*sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found.split() == []
