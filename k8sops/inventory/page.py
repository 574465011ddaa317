"""docs/inventory.md: every setting, its default, and what an edit of it does on a living cluster today.

The settings and defaults come from the models; a test fails where a setting has no entry in `EDITS`, or an entry no
setting. `python -m k8sops.inventory.page` prints the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from k8sops.inventory import plugins
from k8sops.inventory.settings import Group, HostModel, HostSettings, InventoryModel

APPLIED = "applied"
PENDING = "pending"
REFUSED = "refused"
LOCAL = "no change of the cluster"
NEXT = "next use"

EDITS: dict[str, tuple[str, str]] = {
    "cluster": (REFUSED, "`Immutable`"),
    "kubernetes": (REFUSED, "`KubernetesVersion`: k8sops cannot upgrade a living cluster yet"),
    "endpoint": (REFUSED, "`Endpoint`"),
    "network.pods": (REFUSED, "`Immutable`"),
    "network.services": (REFUSED, "`Immutable`"),
    "network.dns_domain": (REFUSED, "`Immutable`"),
    "network.cni": (
        REFUSED,
        "another network: `NetworkPlugin`; to `none`: pending, `PodNetwork`; manifests that were edited are applied,"
        " objects that were taken out of them stay",
    ),
    **{f"network.{name}.{key}": edit for name, kind in plugins.networks().items() for key, edit in kind.edits.items()},
    "runtime": (REFUSED, "`Runtime`, for hosts that are nodes; new hosts join with it"),
    "docker.cri_dockerd": (APPLIED, "installed on hosts with `runtime: docker`"),
    "firewall": (
        APPLIED,
        "rules of k8sops' own are added or removed; what it has opened in ufw and nftables stays open",
    ),
    "allow_cgroup_v1": (PENDING, "`KubeletSettings`; `false` where hosts have cgroup v1 is refused, `CgroupV1`"),
    "ssh": (LOCAL, "how k8sops connects"),
    "packages.key": (APPLIED, "the key of the package repository is replaced"),
    "packages.revision": (APPLIED, "the packages are replaced on all hosts"),
    "mirrors.packages": (APPLIED, "the package repository is replaced"),
    "mirrors.images": (
        APPLIED,
        "containerd reads it at once, Docker is restarted; a project of Harbor is `https://HARBOR/v2/PROJECT`",
    ),
    "api_server.extra_args": (PENDING, "`ControlPlaneSettings`"),
    "api_server.extra_volumes": (PENDING, "`ControlPlaneSettings`"),
    "api_server.sans": (PENDING, "`CertificateNames`"),
    "controller_manager.extra_args": (PENDING, "`ControlPlaneSettings`"),
    "controller_manager.extra_volumes": (PENDING, "`ControlPlaneSettings`"),
    "scheduler.extra_args": (PENDING, "`ControlPlaneSettings`"),
    "scheduler.extra_volumes": (PENDING, "`ControlPlaneSettings`"),
    "etcd.extra_args": (PENDING, "`ControlPlaneSettings`"),
    "etcd.external": (REFUSED, "from or to members of the cluster's own: `Immutable`"),
    "etcd.external.endpoints": (PENDING, "`ControlPlaneSettings`"),
    "etcd.external.ca": (APPLIED, "the file is replaced; API servers read it at their next start"),
    "etcd.external.cert": (APPLIED, "the file is replaced"),
    "etcd.external.key": (APPLIED, "the file is replaced"),
    "kubelet": (PENDING, "`KubeletSettings`; new nodes get what the ConfigMap kubelet-config says"),
    "kube_proxy": (PENDING, "`KubeProxySettings`"),
    "feature_gates": (PENDING, "`FeatureGates`; a gate that Kubernetes does not have is named as such"),
    "sysctl": (APPLIED, "set now and at boot; a key that was taken out stays set until the next boot"),
    "time_sync": (APPLIED, "`true` starts a time service where there is none; `false` stops none"),
    "preflight.ignore": (LOCAL, "which findings are skipped"),
    "drain.timeout_seconds": (NEXT, "the next drain"),
    "drain.force": (NEXT, "the next drain"),
    "verify.image": (NEXT, "the next `k8sops verify`"),
    "kubeconfig.context": (LOCAL, "the next `apply` adds a context to your kubeconfig; the old one stays"),
    "kubeconfig.server": (LOCAL, "the next `apply` changes your kubeconfig"),
    "backup.folder": (NEXT, "the next backup by hand; for scheduled ones: pending, `BackupSchedule`; old backups stay"),
    "backup.schedule": (PENDING, "`BackupSchedule`: `k8sops etcd schedule` changes it"),
    "backup.drill": (PENDING, "`BackupSchedule`: `k8sops etcd schedule` changes it"),
    "backup.random_delay": (PENDING, "`BackupSchedule`: `k8sops etcd schedule` changes it"),
    "backup.takeover": (PENDING, "`BackupSchedule`: `k8sops etcd schedule` changes it"),
    "backup.keep.last": (NEXT, "the next backup by hand; for scheduled ones: pending, `BackupSchedule`"),
    "backup.keep.daily": (NEXT, "as `backup.keep.last`"),
    "backup.keep.weekly": (NEXT, "as `backup.keep.last`"),
    "backup.keep.monthly": (NEXT, "as `backup.keep.last`"),
    "backup.to": (NEXT, "the next backup by hand; for scheduled ones: pending, `BackupSchedule`; old copies stay"),
    "backup.s3.endpoint": (NEXT, "as `backup.to`"),
    "backup.s3.region": (NEXT, "as `backup.to`"),
    "backup.s3.credentials": (NEXT, "the next backup by hand; for scheduled ones `k8sops etcd schedule` changes it"),
    "backup.encrypt_to": (NEXT, "as `backup.to`"),
    "backup.hook": (NEXT, "`k8sops etcd schedule` changes it on the control planes"),
    "backup.metrics": (PENDING, "`BackupSchedule`: `k8sops etcd schedule` changes it"),
    "backup.cron": (PENDING, "`BackupSchedule`: `k8sops etcd schedule` changes it"),
    "HOST.address": (
        PENDING,
        "`NodeAddress`; an address that no interface of the host has is refused, `Address`",
    ),
    "HOST.host_key": (LOCAL, "which key k8sops expects of the host"),
    "GROUP.hosts": (
        APPLIED,
        "a new host joins; one that was taken out stays a node, pending, `NodeNotInInventory`; a node that is renamed"
        " or moved between workers and control planes is refused, `NodeName` and `Role`",
    ),
    "GROUP.ssh": (LOCAL, "how k8sops connects"),
    "GROUP.labels": (APPLIED, "what k8sops has set is removed when it is taken out; what others set stays"),
    "GROUP.annotations": (APPLIED, "as `labels`"),
    "GROUP.taints": (APPLIED, "as `labels`; `[]` of a control plane: pending, `Taints`"),
    "GROUP.sysctl": (APPLIED, "as `sysctl`"),
    "GROUP.kubelet_extra_args": (PENDING, "`KubeletSettings`"),
    "GROUP.runtime": (REFUSED, "as `runtime`"),
}
"""By setting: what an edit does, and the finding's name or a remark. GROUP: in `groups.NAME`, and at a host too."""

MEANINGS = {
    APPLIED: "`plan` shows the changes, `apply` makes them.",
    PENDING: "`plan` and `check` name the edit with this finding, `check` exits 2; `apply` does not make it yet.",
    REFUSED: "`plan` names the edit with this finding, and `apply` changes nothing before it is taken back.",
    NEXT: "nothing changes at once; it counts from then on.",
    LOCAL: "it is about the machine that k8sops runs on.",
}


def _model(field: FieldInfo) -> type[BaseModel] | None:
    """The model that a field holds, also where it may be absent."""
    kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
    if getattr(field.annotation, "__origin__", None) in (list, dict):
        return None
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return models[0] if models else None


def settings() -> Iterator[tuple[str, str]]:
    """(path, default) of every setting, in the order of the models; `GROUP.` and `HOST.` for those of hosts."""
    yield from _below(InventoryModel, "")
    yield from _below(Group, "GROUP.")
    own = {name: field for name, field in HostModel.model_fields.items() if name not in HostSettings.model_fields}
    yield from _fields(own, "HOST.")


def _below(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str]]:
    yield from _fields(model.model_fields, prefix)


def _fields(fields: dict[str, FieldInfo], prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in fields.items():
        path, inner = f"{prefix}{name}", _model(field)
        if path == "groups":
            continue
        if inner is None or name in ("ssh", "cni", "cri_dockerd"):
            yield path, _default(field)
            continue
        if field.default is None:
            yield path, _default(field)
        yield from _below(inner, f"{path}.")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_unset=True)
    return "" if value is None else f"`{value if isinstance(value, str) else json.dumps(value)}`"


def page() -> str:
    """docs/inventory.md."""
    meanings = "\n".join(f"- **{word}**: {meaning}" for word, meaning in MEANINGS.items())
    rows = "\n".join(f"| `{path}` | {default} | {EDITS[path][0]} | {EDITS[path][1]} |" for path, default in settings())
    return f"""# The inventory, and what an edit does on a living cluster

One file says what the cluster is; `inventory.example.yaml` shows it with comments. This page says of each setting what
an edit does today once the cluster is there:

{meanings}

Findings are explained in [findings.md](findings.md). What somebody changed in the cluster by hand is found as well: a
flag in a static pod's manifest, a field of the ConfigMaps kubeadm-config, kubelet-config and kube-proxy, or of one
node's kubelet, counts as an edit of the setting that it belongs to.

`HOST.` stands for a host in `groups.NAME.hosts`, `GROUP.` for a group in `groups`; settings of groups can also be set
for one host, and the nearest wins.

| setting | default | an edit is | finding, remarks |
|---|---|---|---|
{rows}

This page is printed by `python -m k8sops.inventory.page`.
"""


if __name__ == "__main__":
    print(page(), end="")
