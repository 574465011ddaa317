"""containerd's config.toml: the settings that kubelet depends on, merged into the present file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from k8sops.resources.configfile import Data, merge

CONFIG = "/etc/containerd/config.toml"
CERTS = "/etc/containerd/certs.d"
CRI = "io.containerd.grpc.v1.cri"
RUNTIME, IMAGES = "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"
"""The CRI plugin: a single plugin in version 2 of the file (containerd 1), several in version 3 (containerd 2)."""
PACKAGED: tuple[Data, ...] = (
    {"version": 2, "plugins": {CRI: {"cni": {"bin_dir": "/usr/lib/cni", "conf_dir": "/etc/cni/net.d"}}}},
    {"disabled_plugins": ["cri"]},
)
"""Settings of the files that the packages of Debian and Docker ship."""
RUNC = "io.containerd.runc.v2"


def is_packaged(present: Mapping[str, Any]) -> bool:
    """Whether these are exactly the settings of a package."""
    plugins = {k: v for k, v in present.get("plugins", {}).items() if k != "io.containerd.internal.v1.opt"}
    bare = {**present, "plugins": plugins} if plugins else {k: v for k, v in present.items() if k != "plugins"}
    return bare in PACKAGED or not bare


def version_of(present: Mapping[str, Any], containerd: str) -> int:
    """The version of the file's format: as the file says, else the default of this containerd."""
    own = present.get("version")
    return own if isinstance(own, int) else newest(containerd)


def newest(containerd: str) -> int:
    """The newest format version that this containerd supports."""
    return 2 if containerd.removeprefix("2:").startswith("1.") else 3


def merged(present: Mapping[str, Any], wanted: Mapping[str, Any], *, mirrored: bool) -> Data:
    """The present settings, with the wanted ones; `mirrored`: whether images come from mirrors."""
    here = {"version": wanted["version"], **present}
    if "disabled_plugins" in here:
        here["disabled_plugins"] = [name for name in here["disabled_plugins"] if name not in ("cri", CRI)]
    plugins = dict(wanted["plugins"])
    for name in (CRI, IMAGES):
        if name in plugins:
            registry = _registry(here.get("plugins", {}).get(name, {}).get("registry", {}), mirrored)
            plugins[name] = {**plugins[name], "registry": registry}
    for name in (CRI, RUNTIME):
        if name in plugins:
            plugins[name] = _runtime(here.get("plugins", {}).get(name, {}), plugins[name])
    return merge(here, {**wanted, "plugins": plugins}, _choose)


def _registry(present: Mapping[str, Any], mirrored: bool) -> Data:
    """The directory of hosts.toml files. The CRI plugin does not start if config.toml has mirrors as well."""
    path = str(present.get("config_path") or "")
    if old_registry(present) or CERTS in path.split(":"):
        return {}
    if path:
        return {"config_path": f"{CERTS}:{path}"} if mirrored else {}
    return {"config_path": CERTS}


def old_registry(present: Mapping[str, Any]) -> list[str]:
    """Registry settings that containerd rejects together with `config_path`."""
    configs = present.get("configs") or {}
    tls = [f"configs.{name}.tls" for name, one in configs.items() if isinstance(one, dict) and one.get("tls")]
    return (["mirrors"] if present.get("mirrors") else []) + tls


def _runtime(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> Data:
    """The cgroup driver of the default runtime, and the directory of network plugins."""
    mine = dict(wanted)
    default = present.get("containerd", {}).get("default_runtime_name", "runc")
    runtimes = present.get("containerd", {}).get("runtimes", {})
    if default != "runc" and runtimes.get(default, {}).get("runtime_type") == RUNC:
        options = {"options": {"SystemdCgroup": True}}
        mine = merge(mine, {"containerd": {"runtimes": {default: options}}}, lambda path, here, value: value)
    cni = present.get("cni", {})
    if "bin_dir" in cni and "bin_dirs" in mine.get("cni", {}):
        # containerd accepts only one of them.
        mine["cni"] = {**mine["cni"], "bin_dir": mine["cni"]["bin_dirs"][0]}
        del mine["cni"]["bin_dirs"]
    return mine


def _choose(path: tuple[str, ...], here: Any, value: Any) -> Any:
    if path[-1] in ("version", "runtime_type"):
        return here
    if path[-1] == "bin_dirs" and isinstance(here, list):
        return [*value, *(one for one in here if one not in value)]
    return value


def conflicts(present: Mapping[str, Any], containerd: str, *, mirrored: bool) -> Iterator[str]:
    """Reasons why k8sops cannot change this file."""
    version, plugins = version_of(present, containerd), present.get("plugins", {})
    if version == 1 or ("version" not in present and plugins):
        yield "has version 1, which is not supported: `containerd config migrate` prints it in a newer version"
    elif version not in (2, 3) or version > newest(containerd):
        yield f"has version {version}, but containerd {containerd} supports versions up to {newest(containerd)}"
    if mirrored:
        for name in (CRI, IMAGES):
            for key in old_registry(plugins.get(name, {}).get("registry", {})):
                yield (
                    f"sets registry.{key}, which containerd does not accept beside registry.config_path, and"
                    f" mirrors.images needs that: move it to {CERTS}"
                )


def overridden(imported: Mapping[str, Any], config: Mapping[str, Any], containerd: str) -> list[str]:
    """The settings of the CRI plugin in `config` that an imported file overrides.

    containerd 1 takes a plugin's settings from the imported file alone, if it has any for that plugin.
    """
    lost: list[str] = []
    for name in (CRI, RUNTIME, IMAGES):
        theirs, ours = imported.get("plugins", {}).get(name), config.get("plugins", {}).get(name, {})
        if isinstance(theirs, dict) and isinstance(ours, dict):
            lost += _lost(theirs, ours, whole=newest(containerd) == 2)
    return lost


def _lost(theirs: Mapping[str, Any], ours: Mapping[str, Any], whole: bool, path: str = "") -> list[str]:
    lost: list[str] = []
    for key, value in ours.items():
        if isinstance(value, dict) and isinstance(theirs.get(key, {}), dict):
            lost += _lost(theirs.get(key, {}), value, whole, f"{path}{key}.")
        elif key in theirs or whole:
            lost += [] if theirs.get(key) == value else [f"{path}{key}"]
    return lost
