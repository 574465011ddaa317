"""The join token revoked, whether or not the joins succeeded."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.kubeadm.facts import joining
from k8sops.roles.kubeadm.tokens import no_join_tokens


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if joining(spec, fleet) or fleet[host.name].tokens:
        yield no_join_tokens()


TASK = Task(name="join-token-withdrawn", title="join token revoked", resources=_resources)
