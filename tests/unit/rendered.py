"""The shell of all resources and tasks for the cases of tests/golden/cases.yaml, rendered as for a plan."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple
from unittest.mock import patch

import yaml

import k8sops
from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.plan import Filters, make_steps
from k8sops.engine.playbook import load_playbook
from k8sops.engine.questions import check_parameters, decisions
from k8sops.engine.resource import Resource
from k8sops.engine.runsecrets import RunSecrets
from k8sops.engine.shell import bare, define
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import make_spec

ROOT = Path(__file__).resolve().parents[2]
PACKAGE, PLAYBOOKS, GOLDEN = Path(k8sops.__file__).parent, ROOT / "playbooks", ROOT / "tests/golden"
DATA = yaml.safe_load((GOLDEN / "cases.yaml").read_text())
CASES: Mapping[str, Any] = {str(name): case for name, case in DATA["cases"].items()}
NOW = 1796083200.5
"""What the clock says, here and on hosts."""
FACTS = "facts"
SECRETS = RunSecrets(token_id="abcdef")


def folder_of(task: str) -> str:
    """Where a task's golden files are, below tests/golden: in the folder of its role, if it has one."""
    files = PACKAGE.glob(f"roles/*/tasks/{task.replace('-', '_')}.py")
    return "/".join([*(file.parts[-3] for file in files), task])


Files = Mapping[str, str]
"""Texts by path below tests/golden."""
Makers = frozenset[tuple[str, int]]
"""Functions that have made a resource: the file, and the line of the `def`."""


class Piece(NamedTuple):
    """Shell of a task for a host of a case: that of the resource `id`, or what asks for facts (FACTS)."""

    task: str
    id: str
    shell: str
    case: str
    host: str


@cache
def rendered() -> tuple[Files, Makers]:
    """The golden files as they ought to be."""
    makers: set[tuple[str, int]] = set()
    init = Resource.__init__

    def noting(self: Resource, *args: Any, **named: Any) -> None:
        init(self, *args, **named)
        frame: FrameType | None = sys._getframe(1)
        while frame and frame.f_code.co_filename != __file__:
            makers.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))
            frame = frame.f_back

    with patch.object(Resource, "__init__", noting), patch("time.time", lambda: NOW):
        pieces = [piece for case in CASES for piece in _pieces(case)]
    return _files(pieces), frozenset(makers)


def _pieces(case: str) -> Iterator[Piece]:
    """The steps of a plan for this case; no host is asked anything."""
    data = CASES[case]
    inventory = yaml.safe_dump(_laid_over(DATA["inventory"], data.get("inventory", {})))
    spec = make_spec(read_inventory(yamlfile.load(inventory, str(GOLDEN / "files/inventory.yaml"))))
    folder, _, name = data["playbook"].rpartition("/")
    playbook = _playbook((GOLDEN / folder if folder else PLAYBOOKS) / f"{name}.yaml", GOLDEN / "files")
    filters = Filters(parameters=data.get("parameters", {}))
    check_parameters(spec, playbook, filters)
    facts = {host: HostFacts.parse(_lines(words)) for host, words in data["hosts"].items()}
    fleet = Fleet(facts, frozenset(host.name for host in spec.hosts), filters.parameters, SECRETS)
    fleet = replace(fleet, decisions=decisions(spec, playbook, fleet))
    shown = data.get("show", facts)
    for name, task in playbook.tasks.items():
        for host in spec.hosts:
            if host.name in shown and (lines := task.asks(spec, host, filters.parameters)):
                yield Piece(name, FACTS, f"{_collapsed(lines)}\n", case, host.name)
    for step in make_steps(spec, playbook, fleet, filters):
        if step.host in shown:
            yield Piece(step.task, step.resource.id, _shell(step.resource), case, step.host)


_playbook = cache(load_playbook)


def _laid_over(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    deeper = {
        key: _laid_over(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        for key, value in more.items()
    }
    return {**base, **deeper}


def _lines(words: Sequence[str]) -> list[str]:
    return [line for word in words for line in DATA["states"].get(word, word).splitlines()]


def _files(pieces: Sequence[Piece]) -> Files:
    """One file for each distinct text. The first has the resource's name alone, others that of their case, too."""
    files: dict[str, str] = {}
    first: dict[str, Piece] = {}
    seen: set[tuple[str, str]] = set()
    for piece in pieces:
        id, shell = piece.id, piece.shell
        name = f"{folder_of(piece.task)}/{re.sub('[^A-Za-z0-9._]+', '-', id)}"
        if (name, shell) in seen:
            continue
        seen.add((name, shell))
        base = first.setdefault(name, piece)
        assert base.id == id, f"the resources {base.id} and {id} share a file name"
        suffixes = [piece.case, f"{piece.case}-{piece.host}"] if piece.case != base.case else [piece.host]
        names = [name] if base is piece else [f"{name}-{suffix}" for suffix in suffixes]
        path = next(f"{one}.sh" for one in names if f"{one}.sh" not in files)
        files[path] = f"# {piece.task}: {id}\n# case {piece.case}, host {piece.host}\n{shell}"
    return files


def _shell(resource: Resource) -> str:
    """What matters of a resource beside its shell, as a comment; then check and apply as they travel."""
    about = {
        "risk": resource.risk,
        "about": resource.about,
        "in use": "yes" if resource.in_use else "",
        "after": " ".join(resource.after),
        "settle": f"{resource.settle:g}",
        "deadline": f"{resource.deadline:g}" if resource.apply is not None else "",
    }
    lines = "; ".join(f"{key} {value}" for key, value in about.items() if value)
    functions = "\n\n".join(define([resource.fragment])).replace("check_0()", "check()").replace("apply_0()", "apply()")
    return f"# {lines}\n{_collapsed(functions)}\n"


@cache
def _collapsed(text: str) -> str:
    """Files of bash that have golden files of their own kind, the .sh files of the package, are named only.

    So is the digest of a file that holds some of them, and its version of k8sops: both change with other things.
    """
    for included, marker in _includes():
        text = text.replace(included, marker)
        in_file = included.replace("'", "'\"'\"'")
        if in_file != included and in_file in text:
            text = re.sub(r"\b[0-9a-f]{64}\b", "SHA256", text.replace(in_file, marker))
    return text.replace(f"TOOL={k8sops.__version__}\n", "TOOL=VERSION\n")


@cache
def _includes() -> Sequence[tuple[str, str]]:
    """(text, what stands for it) of each .sh file, the longest first; with its comments, and without."""
    found: dict[str, str] = {}
    for path in PACKAGE.rglob("*.sh"):
        text = path.read_text(encoding="utf-8")
        found[text.rstrip("\n")] = f"# include {path.name}"
        found.setdefault(bare(text), f"# include {path.name} without comments")
    return sorted(found.items(), key=lambda item: -len(item[0]))
