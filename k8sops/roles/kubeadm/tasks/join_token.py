"""A short-lived token for hosts that have not joined."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry, in_url
from k8sops.roles.kubeadm.config import CERTIFICATE_KEY, init_config
from k8sops.roles.kubeadm.facts import joining, joining_planes
from k8sops.roles.kubeadm.tokens import join_token, uploaded_certificates

TTL_MINUTES = 15


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    secrets = fleet.secrets
    nodes = joining(spec, fleet)
    if nodes:
        yield join_token(secrets.token_id, secrets.token, ttl_minutes=TTL_MINUTES, nodes=nodes)
    planes = joining_planes(spec, fleet)
    if planes:
        config = init_config(spec, host, certificate_key=CERTIFICATE_KEY)
        yield uploaded_certificates(
            config,
            {CERTIFICATE_KEY: secrets.certificate_key},
            run=secrets.token_id,
            nodes=[one.name for one in planes],
            peers=[] if spec.settings.etcd.external else [f"https://{in_url(one.address)}:2380" for one in planes],
        )


TASK = Task(
    name="join-token",
    title=f"join token valid for {TTL_MINUTES} minutes, certificates for control planes uploaded",
    needs=("kubeadm-init",),
    resources=_resources,
)
