"""What a living cluster runs, as its hosts say it (living.sh): flags, configurations, nodes."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.shell import bare, quote
from k8sops.inventory.spec import ClusterSpec
from k8sops.roles.kubeadm.config import gates_flag
from k8sops.roles.nodes.facts import DECLARED

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SCRIPT = bare(Path(__file__).with_suffix(".sh").read_text(encoding="utf-8"))
Flags = Mapping[str, tuple[str, ...]]
"""The values of each flag, in order; a flag may be given more than once."""

# printf "%q" writes a text as one line that is a literal of Python, too.
TEMPLATE = '{{range .items}}{{$name := .metadata.name}}{{if eq .kind "Node"}}more.living.node={{$name}} '
TEMPLATE += "{{.metadata.creationTimestamp}} "
TEMPLATE += '{{range .status.addresses}}{{if eq .type "InternalIP"}}{{.address}},{{end}}{{end}} '
TEMPLATE += "{{range .spec.taints}}{{.key}}:{{.effect}},{{end}} "
TEMPLATE += '{{with .metadata.annotations}}{{with index . "DECLARED"}}{{printf "%q" .}}{{end}}{{end}}'
TEMPLATE += '{{"\\n"}}{{else if or (eq $name "kubeadm-config") (eq $name "kube-proxy") (eq $name KUBELET)}}'
TEMPLATE += "{{range $key, $text := .data}}"
TEMPLATE += '{{if or (eq $key "ClusterConfiguration") (eq $key "kubelet") (eq $key "config.conf")}}'
TEMPLATE += 'more.living.{{$key}}={{printf "%q" $text}}{{"\\n"}}{{end}}{{end}}{{end}}{{end}}'


def asks(spec: ClusterSpec) -> str:
    """Shell lines that print the state."""
    # The ConfigMap has no version in its name since 1.24 (kubeadm: UnversionedKubeletConfigMap).
    name = f"kubelet-config-{spec.minor}" if spec.has_dockershim else "kubelet-config"
    template = TEMPLATE.replace("KUBELET", f'"{name}"').replace("DECLARED", DECLARED)
    return f"GATES={quote(gates_flag(spec))} LIVING={quote(template)}\n{SCRIPT}"


@dataclass(frozen=True)
class Node:
    """A Node of the API: since when it is there (RFC 3339), its taints as `key:effect`."""

    name: str
    since: str
    addresses: tuple[str, ...]
    taints: tuple[str, ...]
    declared: str
    """The value of the annotation DECLARED."""


@dataclass(frozen=True)
class Cluster:
    """What the API holds: kubeadm's and the components' configurations, None where they are not known."""

    source: str
    """The control plane that reported it."""
    kubeadm: Mapping[str, Any] | None
    kubelet: Mapping[str, Any] | None
    proxy: Mapping[str, Any] | None
    nodes: Mapping[str, Node]


def cluster_of(spec: ClusterSpec, fleet: Fleet) -> Cluster | None:
    """The state reported by a healthy control plane; None if none is reachable, or no cluster exists yet."""
    names = [host.name for host in spec.control_planes]
    first = fleet.delegate(names)
    for name in dict.fromkeys([first, *names]):
        more = said(fleet[name])
        if "node" in more:
            return Cluster(
                source=name,
                kubeadm=_document(more, "ClusterConfiguration"),
                kubelet=_document(more, "kubelet"),
                proxy=_document(more, "config.conf"),
                nodes={node.name: node for node in map(_node, more["node"])},
            )
    return None


def said(facts: HostFacts) -> Mapping[str, tuple[str, ...]]:
    """What living.sh has printed, by name."""
    return {name.removeprefix("living."): lines for name, lines in facts.more.items() if name.startswith("living.")}


def _document(more: Mapping[str, tuple[str, ...]], name: str) -> Mapping[str, Any] | None:
    for text in more.get(name, ()):
        loaded = load(_unquoted(text))
        if isinstance(loaded, dict):
            return loaded
    return None


def _unquoted(text: str) -> str:
    try:
        return str(ast.literal_eval(text)) if text else ""
    except (ValueError, SyntaxError):
        return ""


def _node(line: str) -> Node:
    name, since, addresses, taints, declared = [*line.split(" ", 4), "", "", "", ""][:5]
    return Node(name, since, _listed(addresses), _listed(taints), _unquoted(declared))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)


@lru_cache(maxsize=256)
def load(text: str) -> Any:
    """The one YAML document of a text; None where it is none. Most nodes have the same."""
    try:
        return yaml.load(text, LOADER)
    except yaml.YAMLError:
        return None


def pod_flags(facts: HostFacts, name: str) -> Flags | None:
    """The flags of a static pod; None where the host does not run it."""
    lines = said(facts).get(f"command-{name}")
    words = load("\n".join(lines)) if lines else None
    return flags_of(str(word) for word in words[1:]) if isinstance(words, list) else None


def kubelet_flags(facts: HostFacts) -> tuple[Flags | None, Flags]:
    """kubelet's flags as kubeadm wrote them, None where they are not known; and those of /etc/default/kubelet."""
    own = said(facts).get("kubelet-flags")
    return flags_of(_words(own)) if own else None, flags_of(_words(said(facts).get("kubelet-default", ())))


def kubelet_config(facts: HostFacts) -> Mapping[str, Any] | None:
    """/var/lib/kubelet/config.yaml."""
    loaded = load("\n".join(said(facts).get("kubelet-config", ())))
    return loaded if isinstance(loaded, dict) else None


def _words(lines: Iterable[str]) -> list[str]:
    """The words in the value of an environment file (systemd.exec(5)), the last line that sets one."""
    words: list[str] = []
    for line in lines:
        _, equals, value = line.partition("=")
        try:
            words = [word for part in shlex.split(value) for word in part.split()] if equals else words
        except ValueError:
            continue
    return words


def flags_of(words: Iterable[str]) -> Flags:
    """`--name=value` words by name."""
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found[name] = (*found.get(name, ()), value if equals else "true")
    return found


def certificate_names(facts: HostFacts) -> frozenset[str] | None:
    """The names and addresses that the API server's certificate is for; None where it is not known."""
    lines = said(facts).get("apiserver-crt")
    return _names("\n".join(lines)) if lines else None


@lru_cache(maxsize=16)
def _names(pem: str) -> frozenset[str] | None:
    from cryptography import x509

    try:
        extension = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except (ValueError, x509.ExtensionNotFound):
        return None
    names = extension.value.get_values_for_type(x509.DNSName)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return frozenset([*(name.lower() for name in names), *map(str, addresses)])
