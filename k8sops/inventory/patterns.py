"""Which hosts a pattern names: Ansible's words with Ansible's meaning."""

from __future__ import annotations

import re
from difflib import get_close_matches
from fnmatch import fnmatchcase

from k8sops.errors import InputError
from k8sops.inventory.load import CONTROL_PLANE
from k8sops.inventory.spec import ClusterSpec, HostEntry

DELEGATE = f"{CONTROL_PLANE}[any]"
"""Work on the cluster itself: any healthy control plane does it."""

EVERYONE = "all[everyone]"
"""All hosts, whatever the run is limited to: a control plane that leaves concerns every one of them."""

_SLICE = re.compile(r"(.+)\[(-?\d+)(?:(:)(-?\d*))?\]|(.+)\[:(\d+)\]")


def select(spec: ClusterSpec, pattern: str) -> tuple[HostEntry, ...]:
    """The hosts that a pattern names, in inventory order.

    Parts are separated by `,`; `!part` takes away, `&part` keeps only what both name. A part is `all`, a group, a
    host, a glob, or a group with an index or a slice: `workers[0]`, `workers[1:]`.
    """
    parts = [part.strip() for part in pattern.split(",") if part.strip()]
    chosen: set[str] = set()
    plain = [part for part in parts if part[0] not in "!&"]
    for part in plain or ["all"]:
        chosen |= _names(spec, part)
    for part in parts:
        if part[0] == "&":
            chosen &= _names(spec, part[1:])
    for part in parts:
        if part[0] == "!":
            chosen -= _names(spec, part[1:])
    return tuple(host for host in spec.hosts if host.name in chosen)


def _names(spec: ClusterSpec, part: str) -> set[str]:
    groups: dict[str, list[str]] = {"all": [], CONTROL_PLANE: [], "workers": []}
    for host in spec.hosts:
        for group in {"all", host.group, CONTROL_PLANE if host.is_control_plane else "workers"}:
            groups.setdefault(group, []).append(host.name)
    sliced = _SLICE.fullmatch(part)
    if sliced and (sliced[1] or sliced[5]) in groups:
        names = groups[sliced[1] or sliced[5]]
        if sliced[5]:
            return set(names[: int(sliced[6]) + 1])
        low = int(sliced[2])
        if not sliced[3]:
            return set(names[low : low + 1 or None])
        # Ansible counts the end in.
        return set(names[low : int(sliced[4]) + 1 if sliced[4] else None])
    if part in groups:
        return set(groups[part])
    names = [host.name for host in spec.hosts]
    found = {name for name in names if fnmatchcase(name, part)}
    if not found:
        near = get_close_matches(part, [*names, *groups], 1)
        hint = f"did you mean `{near[0]}`?" if near else f"hosts: {', '.join(names[:20])}; groups: {', '.join(groups)}"
        raise InputError(f"no host or group `{part}`", remedy=hint)
    return found
