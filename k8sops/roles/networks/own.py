"""A pod network of the user's own: manifests, and the ports that its nodes speak to each other on."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.inventory.settings import OwnCni
from k8sops.inventory.spec import ClusterSpec
from k8sops.resources.manifests import Manifest, own_manifests
from k8sops.roles.protocols import Network, networks


def _given(spec: ClusterSpec) -> OwnCni:
    cni = spec.settings.network.cni
    assert isinstance(cni, OwnCni)
    return cni


class OwnNetwork(Network):
    name = "own"
    makes_ready = True

    def manifests(self, spec: ClusterSpec) -> Sequence[Manifest]:
        return own_manifests(spec.folder, _given(spec).manifests)

    def ports(self, spec: ClusterSpec) -> Sequence[str]:
        return _given(spec).ports

    def wanted(self, spec: ClusterSpec) -> str:
        return ", ".join(_given(spec).manifests)

    def contradicts(self, spec: ClusterSpec, present: frozenset[str]) -> str:
        """A plugin of k8sops' own, whose name is in none of the files."""
        files = " ".join(_given(spec).manifests)
        return next((one.name for one in networks() if one.name in present and one.name not in files), "")


NETWORK = OwnNetwork()
