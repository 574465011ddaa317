"""The administrator's configuration of kubectl on a control plane, for root and for the SSH user."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.kubeadm.kubeconfig import foreign_kubeconfigs, kubeconfig_for


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    facts = fleet[host.name]
    homes = {"root": "/root", facts.user: facts.home}
    for user, home in homes.items():
        yield kubeconfig_for(user, home)


def _asks(spec: ClusterSpec, host: HostEntry, parameters: Parameters) -> str:
    return foreign_kubeconfigs() if host.is_control_plane else ""


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    for host in spec.control_planes:
        for path in fleet[host.name].more.get("kubeconfig", ()):
            what = f"{path} is not a copy of this cluster's admin.conf; it is left unchanged"
            yield Finding(host.name, "Kubeconfig", what)


TASK = Task(
    name="admin-kubeconfig",
    title="kubectl configured on the control plane",
    needs=("kubeadm-init",),
    resources=_resources,
    asks=_asks,
    findings=_findings,
)
