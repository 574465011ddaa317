"""What roles offer each other beside facts: protocols, and who implements them for this cluster.

Implementations are found by their place in the folders, so no role imports another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol

from k8sops.engine.resource import Resource
from k8sops.inventory.settings import OwnCni
from k8sops.inventory.spec import ClusterSpec


class Network(Protocol):
    """A pod network, a module of `roles/networks/`."""

    def images(self, spec: ClusterSpec) -> Sequence[str]:
        """The images that it runs, as far as k8sops knows them."""
        ...


class EtcdMembers(Protocol):
    """The members of etcd, for what takes control planes in and out (`roles/etcd/upkeep.py`)."""

    def removing_members(self, peers: Sequence[str]) -> str:
        """Shell lines after which etcd has no member with one of these peer URLs."""
        ...

    def member_left(self, name: str, *, peer: str) -> Resource:
        """etcd has no member with the peer URL of this node."""
        ...


def network_of(spec: ClusterSpec) -> Network:
    """The pod network that the inventory names: a plugin of its name, none, or the user's own manifests."""
    cni = spec.settings.network.cni
    network: Network = _module(f"networks.{'custom' if isinstance(cni, OwnCni) else cni}")
    return network


def etcd_members() -> EtcdMembers:
    members: EtcdMembers = _module("etcd.upkeep")
    return members


def _module(name: str) -> Any:
    return import_module(f"k8sops.roles.{name}")
