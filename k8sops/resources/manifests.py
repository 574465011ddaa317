"""Manifest files of the user: parsed strictly, and ordered so that the API accepts them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from k8sops.errors import InputError, Where

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FIRST = ("CustomResourceDefinition", "Namespace")
"""Kinds that other objects need: applied first, and waited for."""
DEFINITIONS = "definitions"
"""The name of what holds all objects of these kinds."""


@dataclass(frozen=True)
class Manifest:
    """A text for kubectl, and the names of its objects (`objects_of`)."""

    name: str
    text: str
    objects: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """One document of a manifest file: its text, and its objects."""

    text: str
    objects: tuple[Mapping[str, Any], ...]


def objects_of(text: str) -> list[str]:
    """The names of a manifest's objects: `ConfigMap kube-system/name`; `-` where it says no namespace."""
    return [_name(one) for document in documents(text) for one in document.objects]


def own_manifests(folder: Path, paths: Sequence[str]) -> list[Manifest]:
    """The user's manifest files, relative to the folder of the inventory.

    Definitions and namespaces of all files come first: an object whose kind is not known yet is refused by the API.
    The rest follows file by file, as listed.
    """
    files = {name: _read(folder, name) for name in paths}
    first = [part for found in files.values() for document in found for part in _parts(document, first=True)]
    manifests = [_manifest(DEFINITIONS, first)] if first else []
    used = {DEFINITIONS: 1}
    for path, found in files.items():
        rest = [part for document in found for part in _parts(document, first=False)]
        stem = Path(path).stem
        used[stem] = used.get(stem, 0) + 1
        if rest:
            manifests.append(_manifest(stem if used[stem] == 1 else f"{stem}-{used[stem]}", rest))
    return manifests


def documents(text: str) -> Iterator[Document]:
    """The non-empty documents of a manifest, each with its own text.

    The text stays as it is: what another program reads of YAML (`on`, 0644) is not always what this one would write.
    """
    for node in yaml.compose_all(text, LOADER):
        part = text[node.start_mark.index : node.end_mark.index]
        loaded = yaml.load(part, LOADER)
        if loaded is not None:
            yield Document(part, tuple(_flat(loaded)))


def _flat(loaded: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(loaded, dict):
        raise ValueError(f"expected an object with apiVersion and kind, found {loaded!r:.40}")
    for key in ("apiVersion", "kind"):
        if not isinstance(loaded.get(key), str):
            raise ValueError(f"an object without {key}")
    if loaded["kind"].endswith("List") and "items" in loaded:
        for item in loaded["items"] or ():
            yield from _flat(item)
        return
    metadata = loaded.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        generated = isinstance(metadata, dict) and metadata.get("generateName")
        why = "generateName would make a new object with every run; give it a name" if generated else "it has no name"
        raise ValueError(f"{loaded['kind']}: {why}")
    yield loaded


def _read(folder: Path, name: str) -> list[Document]:
    try:
        found = list(documents((folder / os.path.expanduser(name)).read_text(encoding="utf-8")))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Where(name, mark.line + 1, mark.column + 1) if mark else Where(name)
        raise InputError(f"cannot be used as a manifest: {error.problem}", where=where) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"cannot be used as a manifest: {error}", where=Where(name)) from None
    if not found:
        raise InputError("cannot be used as a manifest: it has no objects", where=Where(name))
    return found


def _parts(document: Document, *, first: bool) -> Iterator[Document]:
    """The part of a document that comes first, or the part that follows; a list that holds both is taken apart."""
    chosen = tuple(one for one in document.objects if (one["kind"] in FIRST) == first)
    if len(chosen) == len(document.objects):
        yield document
        return
    for one in chosen:
        yield Document(yaml.safe_dump(one, sort_keys=False), (one,))


def _manifest(name: str, parts: Sequence[Document]) -> Manifest:
    text = "\n---\n".join(part.text.strip("\n") for part in parts) + "\n"
    return Manifest(name, text, tuple(_name(one) for part in parts for one in part.objects))


def _name(one: Mapping[str, Any]) -> str:
    return f"{one['kind']} {one['metadata'].get('namespace', '-')}/{one['metadata']['name']}"
