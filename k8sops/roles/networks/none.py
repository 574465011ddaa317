"""No pod network: somebody else brings one."""

from __future__ import annotations

from k8sops.roles.protocols import Network


class NoNetwork(Network):
    name = "none"
    expects_config = False


NETWORK = NoNetwork()
