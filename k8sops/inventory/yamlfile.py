"""YAML as k8sops reads it: plain data, strictly, with the place of every key and value kept.

Refused, because each has cost somebody a cluster: duplicate keys (the last wins elsewhere), aliases and anchors
(alias bombs), tags, several documents, tabs, and scalars that YAML 1.1 reads as something else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from k8sops.errors import InputError, Where

Path_ = tuple[str | int, ...]
LARGEST = 1 << 20


@dataclass(frozen=True)
class Document:
    """`data` as plain dicts, lists and scalars; `places` maps the path of a value to where its key or item stands."""

    file: str
    data: Any
    places: Mapping[Path_, Where]

    def where(self, path: Path_) -> Where:
        """The place of the value at this path, or of the nearest one above that is there."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Where(self.file))


class _Loader(yaml.SafeLoader):
    """SafeLoader that reads 0123, 12:30, yes and 2024-01-01 as text.

    Aliases, anchors and tags are refused while composing, so that an alias bomb is never expanded.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not allowed: write the value out", mark)
        if getattr(event, "anchor", None):
            raise yaml.composer.ComposerError(None, None, "anchors (&name) are not allowed: write the value out", mark)
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            raise yaml.composer.ComposerError(None, None, f"tags ({tag}) are not allowed", mark)
        return super().compose_node(parent, index)


_SAFE = {
    "tag:yaml.org,2002:null": r"^(?:~|null|)$",
    "tag:yaml.org,2002:bool": r"^(?:true|false)$",
    "tag:yaml.org,2002:int": r"^[-+]?(?:0|[1-9][0-9]*)$",
    "tag:yaml.org,2002:float": r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+$",
}
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern in _SAFE.items():
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), None)


def read_text(path: Path) -> str:
    """The text of a file that a user named; InputError if it cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=Where(str(path))) from None
    if len(raw) > LARGEST:
        what = f"is larger than {LARGEST >> 20} MiB"
        raise InputError(what, where=Where(str(path)), remedy="is this the right file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("is not UTF-8", where=Where(str(path), line, 1), remedy="save it as UTF-8") from None


def load(text: str, file: str) -> Document:
    """The document in `text`; `file` is what errors call it."""
    for number, line in enumerate(text.splitlines(), 1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent and line.strip() and not line.lstrip().startswith("#"):
            raise InputError(
                "a tab in the indentation",
                where=Where(file, number, indent.index("\t") + 1),
                remedy="indent with spaces",
            )
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        at = text[: int(error.position)].count("\n") + 1
        raise InputError(f"a character that is not allowed in YAML: {error.reason}", where=Where(file, at, 1)) from None
    try:
        node = _single(loader, file)
        places: dict[Path_, Where] = {}
        return Document(file, _plain(loader, node, file, (), places), places)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "not valid YAML"
        raise InputError(
            what, where=_at(file, mark), remedy="check the line above, too"
        ) from None
    except RecursionError:
        raise InputError("is nested too deeply", where=Where(file)) from None
    finally:
        loader.dispose()


def load_file(path: Path) -> Document:
    return load(read_text(path), str(path))


def _single(loader: _Loader, file: str) -> yaml.Node:
    node = loader.get_single_node()
    if node is None:
        raise InputError("is empty", where=Where(file), remedy="create one with `k8sops init`")
    return node


def _at(file: str, mark: Any) -> Where:
    return Where(file, mark.line + 1, mark.column + 1) if mark else Where(file)


def _plain(loader: _Loader, node: yaml.Node, file: str, path: Path_, places: dict[Path_, Where]) -> Any:
    places.setdefault(path, _at(file, node.start_mark))
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, file, path, places)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, file, (*path, at), places) for at, item in enumerate(node.value)]
    return loader.construct_object(node)


def _mapping(
    loader: _Loader, node: yaml.MappingNode, file: str, path: Path_, places: dict[Path_, Where]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value in node.value:
        where = _at(file, key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            raise InputError("a key must be a plain word", where=where)
        key = str(key_node.value)
        if key in found:
            first = places[(*path, key)].line
            raise InputError(
                f"duplicate key `{key}`, first defined in line {first}", where=where, remedy="keep one of them"
            )
        places[(*path, key)] = where
        found[key] = _plain(loader, value, file, (*path, key), places)
    return found
