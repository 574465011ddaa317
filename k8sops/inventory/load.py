"""The inventory file, read: every error in it with file, line, column and what would be right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from k8sops.errors import InputError, Where
from k8sops.inventory import yamlfile
from k8sops.inventory.diagnosis import input_error, not_an_inventory
from k8sops.inventory.forms import HOST_NAME, HostName
from k8sops.inventory.ranges import expand
from k8sops.inventory.settings import HostModel, HostSettings, InventoryModel
from k8sops.inventory.yamlfile import Document

CONTROL_PLANE = "control_plane"
SHARED = frozenset(HostSettings.model_fields)
"""What the cluster, a group and a host may say, as far as their models have it; the nearest wins."""
Level = tuple[Mapping[str, Any], tuple[str, ...]]
"""Settings that the file gives in one place, and the path of that place."""


@dataclass(frozen=True)
class Setting:
    """One setting that a host ended up with, and the line that it comes from."""

    name: str
    value: Any
    where: Where


@dataclass(frozen=True)
class InventoryHost:
    """A host with its settings merged: cluster, then group, then host."""

    name: str
    group: str
    settings: HostModel
    explained: tuple[Setting, ...]
    where: Where


@dataclass(frozen=True)
class Inventory:
    """A valid inventory file."""

    file: Path
    settings: InventoryModel
    hosts: tuple[InventoryHost, ...]
    document: Document

    def where(self, *path: str | int) -> Where:
        return self.document.where(path)


def load_inventory(path: Path) -> Inventory:
    """The inventory in this file; InputError names all that is wrong with it at once."""
    file = str(path)
    if not path.exists():
        raise InputError(
            "inventory not found", where=Where(file), remedy="create one with `k8sops init`, or use -i FILE"
        )
    if path.is_dir():
        raise InputError("is a directory", where=Where(file), remedy="use -i FILE")
    text = yamlfile.read_text(path)
    try:
        document = yamlfile.load(text, file)
    except InputError as error:
        raise not_an_inventory(text, None, file) or error from None
    try:
        return read_inventory(document)
    except InputError as error:
        raise not_an_inventory(text, document.data, file) or error from None


def read_inventory(document: Document) -> Inventory:
    if not isinstance(document.data, dict):
        raise InputError(
            "expected a mapping of settings", where=document.where(()), remedy="create an example with `k8sops init`"
        )
    _unquoted_version(document)
    try:
        model = InventoryModel.model_validate(document.data)
    except ValidationError as error:
        raise input_error(document, error) from None
    hosts = tuple(_hosts(document, model))
    _check_hosts(hosts)
    return Inventory(Path(document.file), model, hosts, document)


def _unquoted_version(document: Document) -> None:
    value = document.data.get("kubernetes")
    if isinstance(value, int | float):
        raise InputError(
            f"`kubernetes: {value}` is a number, so 1.30 would be read as 1.3",
            where=document.where(("kubernetes",)),
            remedy='quote the exact version: kubernetes: "1.36.3"',
        )


# --- hosts ---------------------------------------------------------------------------------------------------------


def _hosts(document: Document, model: InventoryModel) -> Iterator[InventoryHost]:
    cluster: Level = (_given(model), ())
    for group_name, group in model.groups.items():
        shared = [cluster, (_given(group), ("groups", group_name))]
        for pattern, host in group.hosts.items():
            path = ("groups", group_name, "hosts", pattern)
            where = document.where(path)
            names, addresses = expand(pattern), expand(host.address)
            if not names:
                raise InputError(
                    f"`{pattern}` is an empty range", where=where, remedy="a range is [low:high], low first"
                )
            if len(addresses) != len(names):
                raise InputError(
                    f"{len(names)} names but {len(addresses)} addresses",
                    where=document.where((*path, "address")),
                    remedy='give the address a range of the same length, as in "10.0.1.[1:50]"',
                )
            merged, explained = _merge(document, [*shared, (_given(host), path)])
            for name, address in zip(names, addresses, strict=True):
                settings = HostModel.model_validate({**merged, "address": address, "host_key": host.host_key})
                own = Setting("address", address, document.where((*path, "address")))
                yield InventoryHost(name, group_name, settings, (own, *explained), where)


def _given(level: BaseModel) -> Mapping[str, Any]:
    """What the file itself says here, without defaults, as plain data."""
    return level.model_dump(exclude_unset=True, include=set(SHARED))


def _merge(document: Document, levels: list[Level]) -> tuple[Mapping[str, Any], list[Setting]]:
    """The settings of the nearest level that gives them, mappings key by key; and where each comes from."""
    merged: dict[str, Any] = {}
    explained: dict[str, dict[str | None, Setting]] = {name: {} for name in HostSettings.model_fields}
    for given, path in levels:
        for name, value in given.items():
            before, sources = merged.get(name), explained[name]
            if not isinstance(value, dict):
                merged[name] = value
                explained[name] = {None: Setting(name, value, document.where((*path, name)))}
                continue
            sources.pop(None, None)
            merged[name] = {**before, **value} if isinstance(before, dict) else value
            for key, item in value.items():
                sources[key] = Setting(f"{name}.{key}", item, document.where((*path, name, key)))
    return merged, [setting for sources in explained.values() for setting in sources.values()]


def _check_hosts(hosts: tuple[InventoryHost, ...]) -> None:
    from pydantic import TypeAdapter

    name_form: TypeAdapter[str] = TypeAdapter(HostName)
    names: dict[str, InventoryHost] = {}
    addresses: dict[str, InventoryHost] = {}
    for host in hosts:
        try:
            name_form.validate_python(host.name)
        except ValidationError:
            raise InputError(
                f"`{host.name}` is not a valid host name", where=host.where, remedy=f"expected {HOST_NAME}"
            ) from None
        if host.name in names:
            raise InputError(
                f"duplicate host `{host.name}`, first defined at {names[host.name].where}", where=host.where
            )
        other = addresses.get(host.settings.address)
        if other:
            raise InputError(
                f"`{host.name}` has the same address as `{other.name}`: {other.settings.address}", where=host.where
            )
        names[host.name] = addresses[host.settings.address] = host
    if not any(host.group == CONTROL_PLANE for host in hosts):
        place = hosts[0].where if hosts else None
        raise InputError("no control plane", where=place, remedy="add a host to groups.control_plane.hosts")


def schema() -> Mapping[str, Any]:
    """The JSON Schema of an inventory, for completion in editors."""
    draft = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "k8sops inventory"}
    return {**draft, **InventoryModel.model_json_schema()}


__all__ = [
    "CONTROL_PLANE",
    "HostSettings",
    "Inventory",
    "InventoryHost",
    "Setting",
    "load_inventory",
    "read_inventory",
    "schema",
]
