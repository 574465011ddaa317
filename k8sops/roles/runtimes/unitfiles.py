"""Unit files of container runtimes that override those of the packages and of k8sops.

Overrides of the unit of kubelet are found by the task `leftovers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from k8sops.engine.facts import HostFacts
from k8sops.roles.runtimes.docker.daemon import FLAGS

CONTAINERD = "/etc/containerd/config.toml"


def read_units(units: tuple[str, ...]) -> str:
    """Shell lines that print which files override how these units are started: `more.unit=PATH OPTION…`.

    Values of options stay on the host, but for paths. A backslash at the end of a line joins it with the next.
    """
    paths = " ".join(f"/{{etc,run}}/systemd/system/{unit}.service{{,.d/*.conf}}" for unit in units)
    return f"""shopt -s nullglob
for path in {paths}; do
  case $path in */k8sops.conf) continue ;; esac
  # shellcheck disable=SC2162
  [ ! -f "$path" ] || while read line || [ -n "$line" ]; do
    case $line in
    ExecStart=?*) line=${{line#ExecStart=}} ;;
    *) continue ;;
    esac
    read -ra words <<<"$line"
    options=
    for word in "${{words[@]}}"; do
      word=${{word#[\\"\\']}} word=${{word%[\\"\\']}}
      case $word in
      --config=* | -c=* | /*) options+=" $word" ;;
      -*) options+=" ${{word%%=*}}" ;;
      esac
    done
    fact more.unit "$path$options"
  done <"$path"
done
shopt -u nullglob"""


@dataclass(frozen=True)
class Override:
    """A command in a unit file: the unit, whether it is a drop-in, and its options."""

    path: str
    words: tuple[str, ...]

    @property
    def unit(self) -> str:
        return self.path.split("/systemd/system/", 1)[-1].split(".service", 1)[0]

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if word.startswith("-"))

    @property
    def drop_in(self) -> bool:
        return ".service.d/" in self.path


def overrides(facts: HostFacts) -> Iterator[Override]:
    for value in facts.more.get("unit", ()):
        path, *words = value.split()
        yield Override(path, tuple(words))


def findings(facts: HostFacts) -> Iterator[tuple[str, str]]:
    """(finding, text) for unit files on a host that override others."""
    for one in overrides(facts):
        error = _error(one)
        if error:
            yield "UnitOverride", f"{one.path} {error}"
        elif warning := _warning(one):
            yield "UnitDropIn", f"{one.path} {warning}"


def _error(one: Override) -> str:
    """Why the configuration of k8sops would have no effect, or the service would not start."""
    if one.unit == "docker" and (flags := [word for word in one.options if word in FLAGS]):
        return f"starts dockerd with {', '.join(flags)}, which conflicts with the same setting in daemon.json"
    if one.unit == "containerd" and (other := _other_config(one)):
        return f"starts containerd with {other}, so {CONTAINERD} is not read"
    if one.unit == "cri-docker" and one.drop_in and one.path.rpartition("/")[2] > "k8sops.conf":
        return "overrides the ExecStart of cri-docker.service.d/k8sops.conf"
    return ""


def _other_config(one: Override) -> str:
    for at, word in enumerate(one.words):
        name, equals, value = word.partition("=")
        if name in ("--config", "-c"):
            value = value if equals else next(iter(one.words[at + 1 :]), "")
            return "" if value == CONTAINERD else f"{name} {value}".strip()
    return ""


def _warning(one: Override) -> str:
    """The text of a warning; empty if there is none."""
    if one.unit == "cri-docker":
        return "sets ExecStart, which cri-docker.service.d/k8sops.conf overrides"
    if not one.drop_in:
        return f"replaces the unit {one.unit}.service of its package"
    return ""
