"""Kubernetes removed from hosts, so that they can join again at once."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.kubeadm.leaving import kubernetes_gone, network_gone, volumes_unmounted
from k8sops.roles.protocols import cri_socket


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if host.name not in fleet.leaving:
        return
    facts = fleet[host.name]
    yield volumes_unmounted()
    yield kubernetes_gone(facts.cri_socket or cri_socket(spec, host), list(dict.fromkeys(["/root", facts.home])))
    yield network_gone()


TASK = Task(
    name="kubernetes-removed",
    title="Kubernetes removed from the host",
    needs=("node-removed",),
    resources=_resources,
)
