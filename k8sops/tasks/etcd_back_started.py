"""etcd and the API run again on the data from before a restore."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.etcd.restore import restore_of
from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.restore import api_started, etcd_started
from k8sops.shell import quote
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    one = restore_of(fleet)
    if host.name in one.members:
        yield etcd_started(f"! goes_back {quote(one.id)}")
        yield api_started(f"! goes_back {quote(one.id)}")


TASK = Task(
    name="etcd-back-started",
    title="etcd and the API run again on the old data",
    needs=("etcd-back-data",),
    resources=_resources,
)
