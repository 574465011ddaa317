"""What kubelet runs containers with: containerd, or Docker behind cri-dockerd."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.protocols import runtime_of
from k8sops.roles.runtimes import unitfiles


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    return runtime_of(host).resources(spec, host, fleet[host.name])


def _asks(spec: ClusterSpec, host: HostEntry, told: Parameters) -> str:
    return runtime_of(host).asks(spec)


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    for host in spec.hosts:
        if host.name in fleet.there:
            facts = fleet[host.name]
            for name, what in (*runtime_of(host).findings(spec, facts), *unitfiles.findings(facts)):
                yield Finding(host.name, name, what)


TASK = Task(
    name="container-runtime",
    title="container runtime configured for kubelet",
    needs=("kubernetes-packages",),
    resources=_resources,
    findings=_findings,
    asks=_asks,
    asks_again=True,
)
