"""The pod network."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.kubernetes import manifest
from k8sops.roles.kubeadm.facts import identity
from k8sops.roles.protocols import network_of


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    for one in network_of(spec).manifests(spec):
        yield manifest(one.name, one.text, objects=one.objects)


TASK = Task(
    name="cni",
    title="pod network installed",
    needs=("kubeadm-init",),
    resources=_resources,
    findings=identity.findings,
    asks=identity.asks,
)
