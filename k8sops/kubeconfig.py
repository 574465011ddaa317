"""The operator's own kubeconfig: the cluster's context is put in, other contexts are left as they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from k8sops.errors import HostError, InputError, Where
from k8sops.host import Host
from k8sops.localfile import write_private
from k8sops.shell import envelope, new_mark
from k8sops.spec import ClusterSpec, in_url

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def default_path() -> Path:
    """The first file of $KUBECONFIG, else ~/.kube/config, as kubectl has it."""
    first = os.environ.get("KUBECONFIG", "").split(":")[0]
    return Path(first) if first else Path("~/.kube/config").expanduser()


def context_name(spec: ClusterSpec) -> str:
    return spec.settings.kubeconfig.context or spec.cluster


def server(spec: ClusterSpec, living: str) -> str:
    """The API as the operator reaches it: a name that only the hosts know is replaced by an address.

    `living` is a control plane that answers.
    """
    if spec.settings.kubeconfig.server:
        return spec.settings.kubeconfig.server
    known = {host.name: host.address for host in spec.hosts}
    if spec.endpoint_kept:
        known[spec.endpoint_host] = known[living]
    host = known.get(spec.endpoint_host, spec.endpoint_host)
    return f"https://{in_url(host)}:{spec.endpoint_port}"


def holds(path: Path, spec: ClusterSpec, living: str, admin_conf: str) -> bool:
    """Whether the file has the context, made from the admin.conf with this digest, for this server."""
    name = context_name(spec)
    cluster = {one["name"]: one["cluster"] for one in _read(path).get("clusters") or []}.get(name, {})
    return cluster.get("server") == server(spec, living) and _origin(cluster) == admin_conf


def fetch(host: Host) -> str:
    """/etc/kubernetes/admin.conf as text; it holds a key and goes nowhere but into the operator's file."""
    mark = new_mark()
    result = host.run(envelope(mark, ["mark facts", "cat /etc/kubernetes/admin.conf"]))
    text = result.out.partition(f"{mark} facts\n")[2]
    if not result.ok or not text:
        raise HostError(host.name, "its admin.conf could not be read", remedy="has `k8sops apply` run through?")
    return text


def merged(present: dict[str, Any], admin_conf: str, digest: str, spec: ClusterSpec, living: str) -> dict[str, Any]:
    """`present` with the cluster's context, cluster and user put in, or replaced; it becomes the current one."""
    name, given = context_name(spec), yaml.safe_load(admin_conf)
    origin = {"name": "k8sops", "extension": {"admin_conf": digest}}
    cluster = {**given["clusters"][0]["cluster"], "server": server(spec, living), "extensions": [origin]}
    new = {
        "clusters": {"name": name, "cluster": cluster},
        "users": {"name": f"{name}-admin", "user": given["users"][0]["user"]},
        "contexts": {"name": name, "context": {"cluster": name, "user": f"{name}-admin"}},
    }
    kept = {
        key: [*(one for one in present.get(key) or [] if one["name"] != item["name"]), item]
        for key, item in new.items()
    }
    return {"apiVersion": "v1", "kind": "Config", **present, **kept, "current-context": name}


def write(path: Path, spec: ClusterSpec, living: str, admin_conf: str, digest: str) -> None:
    """The file holds the context, 0600, and from which admin.conf; replaced whole or not at all."""
    text = yaml.safe_dump(merged(_read(path), admin_conf, digest, spec, living), sort_keys=False)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, text)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"is no kubeconfig: {error}", where=Where(str(path))) from None
    if not isinstance(data, dict):
        raise InputError("is no kubeconfig", where=Where(str(path)))
    return data


def _origin(cluster: dict[str, Any]) -> str:
    found = [one["extension"] for one in cluster.get("extensions") or [] if one.get("name") == "k8sops"]
    return str(found[0].get("admin_conf", "")) if found else ""
