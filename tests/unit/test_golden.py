"""The shell of every resource and task against golden files; `UPDATE_GOLDEN=1` rewrites them: read the diff."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from rendered import CASES, GOLDEN, PACKAGE, PLAYBOOKS, folder_of, rendered
from test_layers import parsed

from k8sops.engine.task import Task, load_task, task_names
from k8sops.lab.machine import need

ACCEPTED = {
    "SC1007": "`A= B=` sets two variables",
    "SC2004": "a key of an associative array, which the library declares, is not arithmetic",
    "SC2015": "`A && B || drift` means drift for both",
    "SC2016": "Go templates, and text for other shells, have variables of their own",
    "SC2034": "variables for the library",
    "SC2041": "a list of one element in this case",
    "SC2043": "a list of one element in this case",
    "SC2140": "a quoted value beside text in double quotes",
}
"""What ShellCheck finds in every rendering of a kind, and why that is right."""
MEANT = {"SC2086": ("$files", "$pids"), "SC2154": ("$home",)}
"""Variables that are split into words on purpose, and one that facts.sh sets."""


def on_disk() -> dict[str, str]:
    return {str(path.relative_to(GOLDEN)): path.read_text() for path in sorted(GOLDEN.rglob("*.sh"))}


def constructors() -> Iterator[tuple[tuple[str, int], str]]:
    """Functions of the package that return one resource or a list: where the `def` is, and the name. Methods of
    protocols make nothing."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(parsed(path)):
            returned = ast.unparse(node.returns) if isinstance(node, ast.FunctionDef) and node.returns else ""
            makes = returned in ("Resource", "list[Resource]") and ast.unparse(node.body[-1]) != "..."
            if isinstance(node, ast.FunctionDef) and makes:
                yield (str(path), node.lineno), f"{path.relative_to(PACKAGE)}: {node.name}"


def test_the_shell_of_every_resource_is_as_the_golden_files() -> None:
    wanted, makers = rendered()
    if os.environ.get("UPDATE_GOLDEN"):
        for name in on_disk().keys() - wanted.keys():
            (GOLDEN / name).unlink()
        for name, text in wanted.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_text(text)
    there = on_disk()
    assert sorted(there.keys() - wanted.keys()) == [], "nothing renders these any more"
    assert sorted(wanted.keys() - there.keys()) == [], "these are new"
    assert {name: text for name, text in there.items() if text != wanted[name]} == {}, "these have changed"
    unseen = [name for at, name in constructors() if at not in makers]
    assert unseen == [], "no case of cases.yaml renders these resources"


def test_every_task_and_every_playbook_has_golden_files() -> None:
    idle = Task(name="idle", title="")
    tasks = {name: load_task(name, GOLDEN) for name in task_names(GOLDEN)}
    tasks = {name: one for name, one in tasks.items() if (one.resources, one.asks) != (idle.resources, idle.asks)}
    assert sorted(task for task in tasks if not list((GOLDEN / folder_of(task)).glob("*.sh"))) == []
    played = {case["playbook"] for case in CASES.values()}
    assert sorted(path.stem for path in PLAYBOOKS.glob("*.yaml") if path.stem not in played) == []


def test_shellcheck_finds_nothing_in_the_golden_files() -> None:
    need(print, shellcheck="shellcheck")
    files = [str(GOLDEN / name) for name in on_disk()]
    command = ["shellcheck", "--shell=bash", "--format=gcc", f"--exclude={','.join(ACCEPTED)}"]
    out = subprocess.run([*command, *files], capture_output=True, text=True, check=False).stdout
    assert [line for line in out.splitlines() if not meant(line)] == []


def meant(finding: str) -> bool:
    """Whether `FILE:LINE:COLUMN: … [CODE]` is about a variable of MEANT."""
    path, line, column, what = finding.split(":", 3)
    text = Path(path).read_text().splitlines()[int(line) - 1]
    return text[int(column) - 1 :].startswith(MEANT.get(what[-7:-1], ()))
