"""A worker, by `kubeadm join`."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource, later
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.services import service
from k8sops.roles.kubeadm.config import TOKEN, join_config
from k8sops.roles.kubeadm.facts import identity
from k8sops.roles.kubeadm.join import kubeadm_join


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    ca_hash = fleet.ca_hash([one.name for one in spec.control_planes])
    if ca_hash is None:
        yield later("kubeadm-join", "needs the hash of the cluster's CA, which does not exist yet")
    else:
        config = join_config(spec, host, token_id=fleet.secrets.token_id, ca_hash=ca_hash)
        yield kubeadm_join(config, {TOKEN: fleet.secrets.token}, ignore=spec.kubeadm_ignores)
    yield service("kubelet")


TASK = Task(
    name="kubeadm-join",
    title="worker joined",
    needs=("kubeadm-init", "join-token"),
    resources=_resources,
    findings=identity.findings,
    asks=identity.asks,
)
