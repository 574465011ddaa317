"""systemd units of somebody else that take precedence over what the packages and k8sops say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from k8sops.dockerd import FLAGS
from k8sops.facts import HostFacts

CONTAINERD = "/etc/containerd/config.toml"


def read_units(units: tuple[str, ...]) -> str:
    """Shell lines that print which files override these units: `more.unit=PATH exec|env OPTION…`.

    Values of options stay on the host, but for paths. A backslash at the end of a line joins it with the next.
    """
    names = ",".join(units)
    return f"""shopt -s nullglob
for path in /{{etc,run}}/systemd/system/{{{names}}}.service{{,.d/*.conf}}; do
  case $path in */k8sops.conf) continue ;; esac
  # shellcheck disable=SC2162
  [ ! -f "$path" ] || while read line || [ -n "$line" ]; do
    case $line in
    ExecStart=?*) kind=exec line=${{line#ExecStart=}} ;;
    Environment=*KUBELET_*) kind=env line=${{line#Environment=}} ;;
    *) continue ;;
    esac
    read -ra words <<<"$line"
    options=
    for word in "${{words[@]}}"; do
      word=${{word#[\\"\\']}} word=${{word%[\\"\\']}}
      case $word in
      --config=* | -c=* | /* | \\$*) options+=" $word" ;;
      -*) options+=" ${{word%%=*}}" ;;
      KUBELET_*) options+=" ${{word%%=*}}"; case $word in *=-*) word=${{word#*=}}; options+=" ${{word%%=*}}" ;; esac ;;
      esac
    done
    fact more.unit "$path $kind$options"
  done <"$path"
done
shopt -u nullglob"""


@dataclass(frozen=True)
class Override:
    """A line of a unit file: its unit, whether it is a drop-in, what it sets, and the options in it."""

    path: str
    kind: str
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
        path, kind, *words = value.split()
        yield Override(path, kind, tuple(words))


def findings(facts: HostFacts) -> Iterator[tuple[str, str]]:
    """(finding, what it says) of what overrides the units on a host."""
    for one in overrides(facts):
        error = _error(one)
        if error:
            yield "UnitOverride", f"{one.path} {error}"
        elif warning := _warning(one):
            yield "UnitDropIn", f"{one.path} {warning}"


def _error(one: Override) -> str:
    """Why nothing that k8sops configures would have an effect, or the service would not start."""
    if one.kind != "exec":
        return ""
    if one.unit == "docker" and (flags := [word for word in one.options if word in FLAGS]):
        return f"starts dockerd with {', '.join(flags)}: it does not start where daemon.json has that setting, too"
    if one.unit == "containerd" and (other := _other_config(one)):
        return f"starts containerd with {other}; k8sops configures {CONTAINERD}"
    if one.unit == "cri-docker" and one.drop_in and one.path.rpartition("/")[2] > "k8sops.conf":
        return "replaces the ExecStart of cri-docker.service.d/k8sops.conf"
    if one.unit == "kubelet" and not {"$KUBELET_KUBECONFIG_ARGS", "$KUBELET_CONFIG_ARGS"} <= set(one.words):
        return "starts kubelet without $KUBELET_KUBECONFIG_ARGS and $KUBELET_CONFIG_ARGS, so without kubeadm's files"
    return ""


def _other_config(one: Override) -> str:
    for at, word in enumerate(one.words):
        name, equals, value = word.partition("=")
        if name in ("--config", "-c"):
            value = value if equals else next(iter(one.words[at + 1 :]), "")
            return "" if value == CONTAINERD else f"{name} {value}".strip()
    return ""


def _warning(one: Override) -> str:
    """What an operator should know."""
    if one.unit == "cri-docker" and one.kind == "exec":
        return "sets ExecStart, which cri-docker.service.d/k8sops.conf replaces"
    if one.unit == "kubelet" and one.kind == "env":
        names = ", ".join(dict.fromkeys(word for word in one.words if word.startswith(("KUBELET_", "--"))))
        return f"sets {names}: flags take precedence over kubelet's configuration file"
    if not one.drop_in and one.kind == "exec":
        return f"replaces the unit {one.unit}.service of its package"
    return ""
