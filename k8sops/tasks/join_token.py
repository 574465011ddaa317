"""A token for the workers that have not joined, of short life."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.kubeadm import joining, token
from k8sops.resource import Resource
from k8sops.resources.kubernetes import join_token
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task

TTL_MINUTES = 15


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    nodes = joining(spec, fleet)
    if nodes:
        yield join_token(*token(), ttl_minutes=TTL_MINUTES, nodes=nodes)


TASK = Task(name="join-token", title="a join token of 15 minutes", needs=("kubeadm-init",), resources=_resources)
