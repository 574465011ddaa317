"""Configurations compared field by field, as the programs that read them understand their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8sops.roles.kubeadm.facts.living import Flags
from k8sops.roles.kubeadm.living.defaults import KUBELET_ZEROS, PROXY_POINTERS

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+")
SUFFIXES = {"m": 1e-3, "": 1.0, **{unit: 1000.0**at for at, unit in enumerate("kMGTP", 1)}}
SUFFIXES |= {unit: 1024.0**at for at, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), 1)}
QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(Ki|[MGTP]i|[kMGTP]|m|)")
Path_ = tuple[str, ...]
Empty = Callable[[Path_, Any], bool]
"""Whether a value in this field says as much as a missing field."""


@dataclass(frozen=True)
class Difference:
    """A field: the value in the cluster, and the wanted one; None: not set."""

    path: Path_
    has: Any
    wants: Any


def differences(
    has: Mapping[str, Any], wants: Mapping[str, Any], defaults: Mapping[str, Any], empty: Empty, path: Path_ = ()
) -> Iterator[Difference]:
    """Fields that differ from the wanted value, or from `defaults` if none is wanted; None there: any value is fine."""
    for key in sorted({*has, *wants}):
        here = (*path, key)
        value, wanted = has.get(key), wants.get(key)
        default = defaults.get(key) if key not in wants or isinstance(wanted, Mapping) else wanted
        if key not in wants and key in defaults and default is None:
            continue
        if isinstance(value, Mapping) or isinstance(wanted, Mapping):
            yield from differences(_mapping(value), _mapping(wanted), _mapping(default), empty, here)
        elif not _same(value, default) and not (empty(here, value) and empty(here, default)):
            yield Difference(here, value, wanted)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def empty_in_kubelet(path: Path_, value: Any) -> bool:
    """KubeletConfiguration: what is not set is left out, or written as these."""
    if isinstance(value, bool | int | float):
        return not value and (path[-1] in KUBELET_ZEROS or path[0] == "logging")
    return not value or value == "0" or seconds(value) == 0


def empty_in_proxy(path: Path_, value: Any) -> bool:
    """KubeProxyConfiguration: every field is written; null, where it may be anything, is what is not set."""
    if value is None or ".".join(path) in PROXY_POINTERS:
        return value is None
    return not value or value == "0" or seconds(value) == 0


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_same, value, other))
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        return value.keys() == other.keys() and all(_same(value[key], other[key]) for key in value)
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    if value == other:
        return True
    return any(read(value) is not None and read(value) == read(other) for read in (seconds, _quantity))


def seconds(value: Any) -> float | None:
    """A duration as Go writes it, `1m30s`; None for anything else."""
    if not isinstance(value, str) or not DURATION.fullmatch(value):
        return None
    parts = re.findall(r"([0-9.]+)([a-zµ]+)", value)
    return round(sum(float(number) * UNITS[unit] for number, unit in parts), 9)


def _quantity(value: Any) -> float | None:
    """An amount as the API writes it, `1Gi` (resource.Quantity); None for anything else."""
    match = QUANTITY.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) * SUFFIXES[match[2]] if match else None


def flag_differences(
    has: Flags, wants: Mapping[str, str | list[str]], defaults: Mapping[str, str | None]
) -> Iterator[Difference]:
    """Flags that are not as wanted, nor as `defaults` where nothing is wanted."""
    for name in sorted({*has, *wants}):
        values = has.get(name, ())
        wanted = wants.get(name)
        if wanted is None and name in defaults:
            expected = defaults[name]
            if expected is None or values == (expected,):
                continue
        listed = () if wanted is None else (wanted,) if isinstance(wanted, str) else tuple(wanted)
        if sorted(values) != sorted(listed):
            yield Difference((name,), shown(values), shown(listed))


def shown(values: tuple[str, ...]) -> Any:
    """The values of a flag as an inventory says them."""
    return None if not values else values[0] if len(values) == 1 else list(values)
