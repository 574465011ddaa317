"""The operator's own kubeconfig: the cluster's context is added and kept up to date; nothing else is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, SequenceNode

from k8sops.engine import yamlnodes as nodes
from k8sops.engine.host import Host
from k8sops.engine.localfile import locked, refuse_read_only, replaced
from k8sops.engine.shell import envelope, new_mark
from k8sops.errors import HostError, InputError, Where
from k8sops.inventory.spec import ClusterSpec, in_url
from k8sops.roles.protocols import endpoint_of

AROUND = "set `kubeconfig.context` in the inventory to another name, or rename the entry"


@dataclass(frozen=True)
class File:
    """A kubeconfig file and its content as nodes; empty where the file does not exist."""

    path: Path
    root: MappingNode

    def named(self, section: str, name: str) -> list[MappingNode]:
        """The entries of this name; more than one where the file names it twice."""
        entries = nodes.items(nodes.get(self.root, section))
        return [entry for entry in entries if nodes.scalar(nodes.get(entry, "name")) == name]


def paths() -> list[Path]:
    """The files of $KUBECONFIG without empty elements, else ~/.kube/config, as kubectl reads them."""
    given = [Path(one) for one in os.environ.get("KUBECONFIG", "").split(os.pathsep) if one]
    return list(dict.fromkeys(given)) or [Path("~/.kube/config").expanduser()]


def read_files(files: Sequence[Path] | None = None) -> list[File]:
    """All of them; InputError where one exists and is not a kubeconfig, or cannot be read."""
    return [_read(path) for path in files or paths()]


def _read(path: Path) -> File:
    try:
        return File(path, nodes.parse(path.read_text(encoding="utf-8") if path.exists() else ""))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=Where(str(path))) from None
    except ValueError as error:
        raise InputError(f"not a kubeconfig: {error}", where=Where(str(path))) from None


def context_name(spec: ClusterSpec) -> str:
    return spec.settings.kubeconfig.context or spec.cluster


def server(spec: ClusterSpec, living: str) -> str:
    """The API as the operator reaches it: a name that only the hosts know is replaced by an address.

    `living` is a control plane that answers.
    """
    if spec.settings.kubeconfig.server:
        return spec.settings.kubeconfig.server
    known = {host.name: host.address for host in spec.hosts}
    if name := endpoint_of(spec).name(spec):
        known[name] = known[living]
    host = known.get(spec.endpoint_host, spec.endpoint_host)
    return f"https://{in_url(host)}:{spec.endpoint_port}"


def check(files: Sequence[File], spec: ClusterSpec) -> None:
    """InputError where the cluster's context could not be written: a foreign entry, an odd or a read-only file."""
    name = context_name(spec)
    for file in files:
        for what in _foreign(file, name):
            raise InputError(f"{what} was not made by k8sops", where=Where(str(file.path)), remedy=AROUND)
    target = _target(files, name)
    for section in ("clusters", "contexts", "users"):
        node = nodes.get(target.root, section)
        if not (node is None or nodes.is_null(node) or isinstance(node, SequenceNode) or not node.value):
            raise InputError(f"`{section}` is not a list", where=Where(str(target.path)))
    refuse_read_only(target.path)


def _foreign(file: File, name: str) -> Iterator[str]:
    """The entries that have the names of ours and are not ours: k8sops notes itself in each cluster that it adds."""
    clusters = file.named("clusters", name)
    ours = bool(clusters) and all(_origin(one) is not None for one in clusters)
    if clusters and not ours:
        yield f"the cluster `{name}`"
    for context in file.named("contexts", name):
        if nodes.scalar(nodes.get(context, "context", "cluster")) != name or not ours:
            yield f"the context `{name}`"
    if not ours and file.named("users", f"{name}-admin"):
        yield f"the user `{name}-admin`"


def holds(files: Sequence[File], spec: ClusterSpec, living: str, admin_conf: str) -> bool:
    """Whether one file has the context, made from the admin.conf with this digest, for this server."""
    name = context_name(spec)
    return any(
        nodes.scalar(nodes.get(cluster, "cluster", "server")) == server(spec, living)
        and _origin(cluster) == admin_conf
        and file.named("contexts", name)
        for file in files
        for cluster in file.named("clusters", name)
    )


def fetch(host: Host) -> str:
    """/etc/kubernetes/admin.conf as text; it holds a key and goes nowhere but into the operator's file."""
    mark = new_mark()
    result = host.run(envelope(mark, ["mark facts", "cat /etc/kubernetes/admin.conf"]))
    text = result.out.partition(f"{mark} facts\n")[2]
    if not result.ok or not text:
        raise HostError(host.name, "cannot read its admin.conf", remedy="Has `k8sops apply` completed?")
    return text


def write(spec: ClusterSpec, living: str, admin_conf: str, digest: str) -> Path:
    """The cluster's context is in one of the operator's files, which is returned; InputError as `check` has it.

    A link stays a link, the mode and the owner of an existing file are kept; a new file is 0600.
    """
    with locked(_target(read_files(), context_name(spec)).path):
        files = read_files()
        check(files, spec)
        target = _target(files, context_name(spec))
        current = any(nodes.scalar(nodes.get(file.root, "current-context")) for file in files)
        _merge(target, admin_conf, digest, spec, living)
        if not current:
            nodes.put(target.root, "current-context", nodes.node_of(context_name(spec)))
        try:
            text = nodes.text_of(target.root)
        except ValueError as error:
            raise InputError(f"cannot be rewritten: {error}", where=Where(str(target.path))) from None
        replaced(target.path, text)
    return target.path


def _target(files: Sequence[File], name: str) -> File:
    """The file that has the cluster already, else the one into which kubectl would put a new one."""
    having = [file for file in files if file.named("clusters", name)]
    existing = [file for file in files if file.path.exists()]
    return (having or existing or files[-1:])[0]


def _merge(file: File, admin_conf: str, digest: str, spec: ClusterSpec, living: str) -> None:
    """Our cluster and user are replaced; a context of ours is left as its user has edited it."""
    name, given = context_name(spec), yaml.safe_load(admin_conf)
    origin = {"name": "k8sops", "extension": {"admin_conf": digest}}
    cluster = {**given["clusters"][0]["cluster"], "server": server(spec, living), "extensions": [origin]}
    for key, value in (("apiVersion", "v1"), ("kind", "Config")):
        if nodes.get(file.root, key) is None:
            nodes.put(file.root, key, nodes.node_of(value))
    _set(file, "clusters", name, {"name": name, "cluster": cluster})
    _set(file, "users", f"{name}-admin", {"name": f"{name}-admin", "user": given["users"][0]["user"]})
    if not file.named("contexts", name):
        _set(file, "contexts", name, {"name": name, "context": {"cluster": name, "user": f"{name}-admin"}})


def _set(file: File, section: str, name: str, entry: dict[str, Any]) -> None:
    """The list has this entry where the first of its name was, else at its end; no other of that name."""
    node, old = nodes.get(file.root, section), file.named(section, name)
    if not isinstance(node, SequenceNode):
        node = SequenceNode("tag:yaml.org,2002:seq", [])
        nodes.put(file.root, section, node)
    at = node.value.index(old[0]) if old else len(node.value)
    node.value[at : at + 1] = [nodes.node_of(entry)]
    node.value[:] = [one for one in node.value if one not in old]


def _origin(cluster: MappingNode) -> str | None:
    """The digest that k8sops noted in this entry; None where k8sops did not make it."""
    for one in nodes.items(nodes.get(cluster, "cluster", "extensions")):
        if nodes.scalar(nodes.get(one, "name")) == "k8sops":
            return nodes.scalar(nodes.get(one, "extension", "admin_conf"))
    return None
