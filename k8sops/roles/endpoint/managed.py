"""A name of k8sops' own, kept in the hosts' files."""

from __future__ import annotations

from k8sops.inventory.spec import ClusterSpec
from k8sops.roles.protocols import Endpoint


class ManagedEndpoint(Endpoint):
    def name(self, spec: ClusterSpec) -> str:
        return spec.endpoint_host


ENDPOINT = ManagedEndpoint()
