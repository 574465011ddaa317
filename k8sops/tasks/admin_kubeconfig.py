"""The administrator's configuration of kubectl on a control plane, for root and for the SSH user."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.kubernetes import kubeconfig_for
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    facts = fleet[host.name]
    homes = {"root": "/root", facts.user: facts.home}
    for user, home in homes.items():
        yield kubeconfig_for(user, home)


TASK = Task(
    name="admin-kubeconfig", title="kubectl works on the control plane", needs=("kubeadm-init",), resources=_resources
)
