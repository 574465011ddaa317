"""Playbooks: in which order work happens. Ansible's words with Ansible's meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from k8sops.engine.render import data_path
from k8sops.engine.task import Task, load_task, task_names
from k8sops.errors import InputError, Where
from k8sops.inventory import yamlfile
from k8sops.inventory.yamlfile import Document, Path_

KEYS = {
    "name": (str, "text"),
    "hosts": (str, "a host pattern"),
    "tasks": (list, "a list of task names"),
    "serial": ((int, str), "a number or a percentage"),
    "max_fail_percentage": (int, "a number from 0 to 100"),
    "always": (bool, "true or false"),
    "tags": (list, "a list of words"),
}
IMPORT = "import_playbook"
IMPORT_KEYS = {
    IMPORT: (str, "the name of a playbook file"),
    "plays": (list, "a list of names of plays"),
    "skip_tasks": (list, "a list of task names"),
}


@dataclass(frozen=True)
class Play:
    """Tasks, in order, on the hosts that a pattern names.

    `serial`: how many hosts at a time, a number or a percentage; None: all. `max_fail_percentage`: the next play
    starts only while no larger share of this play's hosts has failed. `always`: it starts whatever failed before.
    """

    name: str
    hosts: str
    tasks: tuple[Task, ...]
    serial: int | str | None = None
    max_fail_percentage: int = 0
    always: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Playbook:
    """Plays in their order."""

    name: str
    plays: tuple[Play, ...]

    @cached_property
    def tasks(self) -> Mapping[str, Task]:
        """The tasks of all plays by name, in the order in which they first appear."""
        return {task.name: task for play in self.plays for task in play.tasks}


@dataclass(frozen=True)
class _Placed:
    """A play, and where each of its tasks was asked for."""

    play: Play
    places: tuple[Where, ...]


@dataclass(frozen=True)
class _Source:
    """A playbook file that is being read; `importers`: the files on the way to it, itself included."""

    document: Document
    folder: Path
    importers: tuple[Path, ...]

    def error(self, what: str, path: Path_, remedy: str = "") -> InputError:
        return InputError(what, where=self.document.where(path), remedy=remedy)


def load_playbook(path: Path, folder: Path | None = None) -> Playbook:
    """The playbook in this file, with its imports and tasks resolved.

    `folder`: where the user's own tasks/ and playbooks/ are; None: beside the file. InputError with file, line and
    column for anything that is wrong in it.
    """
    placed = _read(path, folder or path.parent, ())
    _check_needs(placed)
    return Playbook(path.stem, tuple(one.play for one in placed))


def _read(path: Path, folder: Path, importers: tuple[Path, ...]) -> list[_Placed]:
    """The plays of a file in their order, those that it imports among them."""
    source = _Source(yamlfile.load_file(path), folder, (*importers, path.resolve()))
    data = source.document.data
    if not isinstance(data, list) or not data:
        raise source.error("a playbook must be a list of plays", (), "- name: …\n    hosts: all")
    placed: list[_Placed] = []
    for at, item in enumerate(data):
        if not isinstance(item, dict):
            raise source.error("a play must be a mapping", (at,), "with name, hosts and tasks")
        placed += _imported(source, at, item) if IMPORT in item else [_play(source, at, item)]
    return placed


def _check_keys(source: _Source, at: int, data: Mapping[str, Any], kinds: Mapping[str, Any], what: str) -> None:
    for key, value in data.items():
        if key not in kinds:
            raise source.error(f"unknown key `{key}` in {what}", (at, key), _hint(key, kinds))
        kind, expected = kinds[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise source.error(f"`{key}`: expected {expected}", (at, key))


def _play(source: _Source, at: int, data: dict[str, Any]) -> _Placed:
    _check_keys(source, at, data, KEYS, "a play")
    for key in ("name", "hosts", "tasks"):
        if key not in data:
            raise source.error(f"`{key}` is missing in this play", (at,))
    serial = data.get("serial")
    if (isinstance(serial, int) and serial < 1) or (isinstance(serial, str) and not _is_percentage(serial)):
        raise source.error("`serial`: a number from 1, or a percentage such as 30%", (at, "serial"))
    if not 0 <= data.get("max_fail_percentage", 0) <= 100:
        raise source.error("`max_fail_percentage`: 0 to 100", (at, "max_fail_percentage"))
    tasks = tuple(_task(source, (at, "tasks", index), name) for index, name in enumerate(data["tasks"]))
    places = tuple(source.document.where((at, "tasks", index)) for index in range(len(tasks)))
    tags = tuple(str(tag) for tag in data.get("tags", ()))
    return _Placed(Play(**{**data, "tasks": tasks, "tags": tags}), places)


def _task(source: _Source, path: Path_, name: object) -> Task:
    try:
        return load_task(str(name), source.folder)
    except KeyError:
        raise source.error(f"unknown task `{name}`", path, _hint(str(name), task_names(source.folder))) from None


def _imported(source: _Source, at: int, data: Mapping[str, Any]) -> list[_Placed]:
    """The plays of another playbook: all, or those that `plays` names, in that order; less the tasks in `skip_tasks`.

    Errors in the selection, and needs that it leaves unmet, are errors of the file that imports.
    """
    _check_keys(source, at, data, IMPORT_KEYS, "an import")
    path = _import_path(source, at, data[IMPORT])
    known = _read(path, source.folder, source.importers)
    names = {one.play.name for one in known}
    chosen: list[_Placed] = []
    for index, name in enumerate(data.get("plays", ())):
        if name not in names:
            raise source.error(f"{path.name} has no play “{name}”", (at, "plays", index), _hint(str(name), names))
        place = source.document.where((at, "plays", index))
        chosen += [_Placed(one.play, (place,) * len(one.places)) for one in known if one.play.name == name]
    if "plays" not in data:
        chosen = [_Placed(one.play, (source.document.where((at,)),) * len(one.places)) for one in known]
    skipped = data.get("skip_tasks", ())
    tasks = {task.name for one in chosen for task in one.play.tasks}
    for index, name in enumerate(skipped):
        if name not in tasks:
            raise source.error(f"no imported play has a task `{name}`", (at, "skip_tasks", index), _hint(name, tasks))
    return [_without(one, skipped) for one in chosen]


def _without(placed: _Placed, skipped: Sequence[str]) -> _Placed:
    tasks = tuple(task for task in placed.play.tasks if task.name not in skipped)
    return _Placed(replace(placed.play, tasks=tasks), placed.places[: len(tasks)])


def _import_path(source: _Source, at: int, name: str) -> Path:
    """The file that an import means: in the user's playbooks/, beside the file that imports, or shipped.

    A file never means itself or one that imports it: a user's site.yaml that imports `site.yaml` adds to the shipped.
    """
    folders = (source.folder / "playbooks", source.importers[-1].parent, data_path("playbooks"))
    files = [path for folder in folders if (path := folder / name).is_file()]
    if not files:
        known = {path.name for folder in folders for path in folder.glob("*.yaml")}
        raise source.error(f"no playbook `{name}`", (at, IMPORT), _hint(name, known))
    free = [path for path in files if path.resolve() not in source.importers]
    if not free:
        chain = " -> ".join(path.name for path in (*source.importers, files[0]))
        raise source.error(f"playbooks import each other: {chain}", (at, IMPORT))
    return free[0]


def _check_needs(placed: Iterable[_Placed]) -> None:
    """Before every task are those that it needs."""
    seen: set[str] = set()
    for one in placed:
        for task, where in zip(one.play.tasks, one.places, strict=True):
            seen.add(task.name)
            if unmet := [need for need in task.needs if need not in seen]:
                what = f"play “{one.play.name}”: task `{task.name}` needs `{unmet[0]}` before it"
                remedy = f"put `{unmet[0]}` into this play or an earlier play"
                raise InputError(what, where=where, remedy=remedy)


def _hint(word: str, names: Iterable[str]) -> str:
    known = sorted(names)
    near = get_close_matches(word, known, 1)
    return f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}"


def _is_percentage(text: str) -> bool:
    return text.endswith("%") and text[:-1].isdigit() and 0 < int(text[:-1]) <= 100
