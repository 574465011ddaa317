"""Docker's daemon.json: the settings that kubelet depends on, merged into the present file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8sops.resources.configfile import Data, merge

DAEMON = "/etc/docker/daemon.json"
CGROUP = "native.cgroupdriver="
LISTS = ("exec-opts", "registry-mirrors", "insecure-registries")
KEPT = ("log-driver", "log-opts", "storage-driver")
"""Settings that k8sops sets only if the file does not have them."""
FLAGS = {
    "--exec-opt": "exec-opts",
    "--log-driver": "log-driver",
    "--log-opt": "log-opts",
    "--storage-driver": "storage-driver",
    "-s": "storage-driver",
    "--registry-mirror": "registry-mirrors",
    "--insecure-registry": "insecure-registries",
}
"""Flags with which dockerd does not start if daemon.json has the same setting."""


@dataclass(frozen=True)
class Conflict:
    """A setting that conflicts with Kubernetes: name and text of the finding."""

    name: str
    what: str


def is_own(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether the file has only what k8sops writes, apart from mirrors of an earlier inventory."""
    mirrors = LISTS[1:]
    return present.keys() == wanted.keys() and all(present[key] == wanted[key] for key in wanted if key not in mirrors)


def merged(present: Mapping[str, Any], wanted: Mapping[str, Any], *, used: bool) -> Data:
    """The present settings, plus the wanted ones that are missing.

    `used`: Docker has containers already. Without a setting it finds the storage driver that they were made with;
    with another one they would be gone from its sight.
    """
    mine = dict(wanted)
    if used or "data-root" in present or "graph" in present:
        mine.pop("storage-driver", None)
    if present.get("log-driver", "json-file") != "json-file" or "log-opts" in present:
        mine.pop("log-opts", None)
    # An empty list has no effect, so the file need not change.
    return merge(present, {key: value for key, value in mine.items() if value or key not in LISTS}, _choose)


def _choose(path: tuple[str, ...], here: Any, value: Any) -> Any:
    if path[0] in KEPT:
        return here
    if path[0] in LISTS and isinstance(here, list) and isinstance(value, list):
        # Docker tries the first mirror first.
        return here if all(one in here for one in value) else [*value, *(one for one in here if one not in value)]
    return value


def conflicts(present: Mapping[str, Any]) -> Iterator[Conflict]:
    """Settings that conflict with Kubernetes."""
    for option in present.get("exec-opts") or ():
        if str(option).startswith(CGROUP) and option != CGROUP + "systemd":
            yield Conflict("DockerConfig", f"exec-opts sets {option}, but kubelet uses the cgroup driver systemd")
    driver = present.get("log-driver", "json-file")
    if driver != "json-file":
        yield Conflict("DockerLogDriver", f"log-driver is {driver}, but kubectl logs supports json-file only")
    storage = present.get("storage-driver", "overlay2")
    if storage != "overlay2":
        yield Conflict("DockerStorage", f"storage-driver is {storage}, not overlay2; it is kept")
