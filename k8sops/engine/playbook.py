"""Playbooks: in which order work happens. Ansible's words with Ansible's meaning."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from k8sops.errors import InputError, Where
from k8sops.inventory import yamlfile
from k8sops.inventory.yamlfile import Document

KEYS = ("name", "hosts", "tasks", "serial", "max_fail_percentage", "always", "tags")


@dataclass(frozen=True)
class Play:
    """Tasks, in order, on the hosts that a pattern names.

    `serial`: how many hosts at a time, a number or a percentage; None: all. `max_fail_percentage`: the next play
    starts only while no larger share of this play's hosts has failed. `always`: it starts whatever failed before.
    """

    name: str
    hosts: str
    tasks: tuple[str, ...]
    serial: int | str | None = None
    max_fail_percentage: int = 0
    always: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Playbook:
    """Plays in their order."""

    name: str
    plays: tuple[Play, ...]
    where: Where


def load_playbook(path: Path) -> Playbook:
    """The playbook in this file; InputError with file, line and column when it is none."""
    document = yamlfile.load_file(path)
    if not isinstance(document.data, list) or not document.data:
        raise InputError("a list of plays is wanted here", where=document.where(()), remedy="- name: …\n    hosts: all")
    plays = tuple(_play(document, at, data) for at, data in enumerate(document.data))
    return Playbook(path.stem, plays, document.where(()))


def _play(document: Document, at: int, data: Any) -> Play:
    if not isinstance(data, dict):
        raise InputError("a play is a map", where=document.where((at,)), remedy="with name, hosts and tasks")
    for key in data:
        if key not in KEYS:
            near = get_close_matches(key, KEYS, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(KEYS)}"
            raise InputError(f"`{key}` is no key of a play", where=document.where((at, key)), remedy=hint)
    for key, kinds, what in (
        ("name", str, "text"),
        ("hosts", str, "a host pattern"),
        ("tasks", list, "a list of task names"),
        ("serial", (int, str), "a number or a percentage"),
        ("max_fail_percentage", int, "a number from 0 to 100"),
        ("always", bool, "true or false"),
        ("tags", list, "a list of words"),
    ):
        if key in data and not isinstance(data[key], kinds):
            raise InputError(f"`{key}`: {what} is wanted here", where=document.where((at, key)))
    for key in ("name", "hosts", "tasks"):
        if key not in data:
            raise InputError(f"`{key}` is missing in this play", where=document.where((at,)))
    serial = data.get("serial")
    if (isinstance(serial, int) and serial < 1) or (isinstance(serial, str) and not _percentage(serial)):
        raise InputError("`serial`: a number from 1, or a percentage such as 30%", where=document.where((at, "serial")))
    if not 0 <= data.get("max_fail_percentage", 0) <= 100:
        raise InputError("`max_fail_percentage`: 0 to 100", where=document.where((at, "max_fail_percentage")))
    lists = {key: tuple(str(one) for one in data.get(key, ())) for key in ("tasks", "tags")}
    return Play(**{**data, **lists})


def _percentage(text: str) -> bool:
    return text.endswith("%") and text[:-1].isdigit() and 0 < int(text[:-1]) <= 100
