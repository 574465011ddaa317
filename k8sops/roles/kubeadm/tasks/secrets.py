"""Secrets of the cluster readable by root only, and a warning about super-admin.conf, which cannot be revoked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from k8sops.engine.facts import Fleet
from k8sops.engine.findings import Finding
from k8sops.engine.parameters import TaskParameters, parameter
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.files import absent
from k8sops.roles.kubeadm.secrets import private_secrets

SUPER_ADMIN = "/etc/kubernetes/super-admin.conf"


class Parameters(TaskParameters):
    super_admin: Literal["keep", "remove"] = parameter("keep or remove", "remove", "keep")


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    # kubeadm needs it while it initialises the first control plane.
    if Parameters.read(fleet.parameters).super_admin == "remove" and fleet[host.name].initialised:
        yield absent(SUPER_ADMIN)
    yield private_secrets()


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    if Parameters.read(fleet.parameters).super_admin == "remove":
        return
    for name, facts in fleet.facts.items():
        if SUPER_ADMIN in facts.left and facts.initialised:
            what = "grants system:masters, which RBAC cannot restrict and nobody can revoke before it expires"
            way = "k8sops apply -e super_admin=remove --allow delete"
            yield Finding(name, "SuperAdmin", f"{SUPER_ADMIN} {what}; `{way}` removes it from the host")


TASK = Task(
    name="secrets",
    title="cluster secrets readable by root only",
    resources=_resources,
    findings=_findings,
    parameters=Parameters,
)
