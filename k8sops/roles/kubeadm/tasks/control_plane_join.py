"""Additional control planes, one at a time, by `kubeadm join`; also the first one, if another has replaced it."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource, later
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.services import service
from k8sops.roles.kubeadm.config import CERTIFICATE_KEY, TOKEN, join_config
from k8sops.roles.kubeadm.facts import founder, identity
from k8sops.roles.kubeadm.join import control_plane_join
from k8sops.roles.kubeadm.tasks.kubeadm_init import etcd_files
from k8sops.roles.protocols import cri_socket


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if host.name == founder(spec, fleet):
        return
    ca_hash = fleet.ca_hash([one.name for one in spec.control_planes])
    if ca_hash is None:
        yield later("control-plane-join", "needs the hash of the cluster's CA, which does not exist yet")
    else:
        config = join_config(spec, host, token_id=fleet.secrets.token_id, ca_hash=ca_hash)
        secrets = {TOKEN: fleet.secrets.token, CERTIFICATE_KEY: fleet.secrets.certificate_key}
        yield from etcd_files(spec)
        socket = cri_socket(spec, host)
        yield control_plane_join(host.name, config, secrets, socket=socket, ignore=spec.kubeadm_ignores)
    yield service("kubelet")


TASK = Task(
    name="control-plane-join",
    title="control plane joined",
    needs=("kubeadm-init", "join-token"),
    resources=_resources,
    findings=identity.findings,
    asks=identity.asks,
)
