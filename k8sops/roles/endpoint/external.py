"""An endpoint that the inventory names: a load balancer, another name, or a control plane itself."""

from __future__ import annotations

import ipaddress

from k8sops.inventory.spec import ClusterSpec
from k8sops.roles.protocols import Endpoint


class ExternalEndpoint(Endpoint):
    def needs_dns(self, spec: ClusterSpec) -> bool:
        names = {plane.name for plane in spec.control_planes}
        return spec.endpoint_host not in names and not _is_address(spec.endpoint_host)

    def elsewhere(self, spec: ClusterSpec) -> bool:
        planes = {word for plane in spec.control_planes for word in (plane.name, plane.address)}
        return spec.endpoint_host not in planes


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


ENDPOINT = ExternalEndpoint()
