"""What roles offer each other beside facts: protocols, and who implements them for this cluster.

Implementations are found by their place in the folders, so no role imports another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from k8sops.engine.resource import Resource
from k8sops.inventory import plugins
from k8sops.inventory.settings import OwnCni
from k8sops.inventory.spec import ClusterSpec
from k8sops.resources.manifests import Manifest


@dataclass(frozen=True)
class Rollout:
    """A workload of a network that runs on every node; `after`: what brings a newer form of it."""

    kind: str
    namespace: str
    name: str
    after: tuple[str, ...] = ()


class Network(Protocol):
    """A pod network: a folder of `roles/networks/` with a `network.py` whose NETWORK is one.

    What a plugin does not say is as for a network that k8sops knows nothing of.
    """

    name: str
    makes_ready: bool = False
    """Whether nodes become Ready by what k8sops applies."""
    node_ranges: bool = False
    """As `PluginModel.node_ranges`."""
    needs_kube_proxy: bool = False
    """Whether Services are served by kube-proxy, which other networks may replace."""
    expects_config: bool = True
    """Whether files in /etc/cni/net.d could be in its way."""
    namespaces: Sequence[str] = ()
    config: str = ""
    """Its file in /etc/cni/net.d; empty where that is not known."""
    delegating: Sequence[str] = ()
    """Meta plugins whose configuration delegates to it, so their file may sort first."""
    bridge: str = ""
    """The bridge on each node that has an address of the pods."""
    links: Sequence[str] = ()
    rules: Sequence[str] = ()
    """Regular expressions (grep -E) for lines of iptables-save that are its own."""
    files: Sequence[str] = ()
    """Folders on each node that hold its state."""
    programs: Sequence[str] = ()

    def manifests(self, spec: ClusterSpec) -> Sequence[Manifest]:
        return ()

    def images(self, spec: ClusterSpec) -> Sequence[str]:
        """The images that it runs, as far as k8sops knows them."""
        return ()

    def ports(self, spec: ClusterSpec) -> Sequence[str]:
        """Ports that nodes must reach on each other: `8472/udp`."""
        return ()

    def rollouts(self, spec: ClusterSpec) -> Sequence[Rollout]:
        return ()

    def after_restore(self, nodes: Sequence[str], *, after: str) -> Iterator[Resource]:
        """What it must tell the API again once `after` has brought an older one."""
        return iter(())

    def wanted(self, spec: ClusterSpec) -> str:
        """What the inventory calls it."""
        return self.name

    def contradicts(self, spec: ClusterSpec, present: frozenset[str]) -> str:
        """The other network that a node has, by the names in its files; empty where it has none."""
        return ""


class EtcdMembers(Protocol):
    """The members of etcd, for what takes control planes in and out (`roles/etcd/upkeep.py`)."""

    def removing_members(self, peers: Sequence[str]) -> str:
        """Shell lines that remove the members with these peer URLs from etcd."""
        ...

    def member_left(self, name: str, *, peer: str) -> Resource:
        """etcd has no member with the peer URL of this node."""
        ...


def network_of(spec: ClusterSpec) -> Network:
    """The pod network that the inventory names: a plugin, none, or the user's own manifests."""
    cni = spec.settings.network.cni
    if isinstance(cni, OwnCni):
        return _network("own")
    return _network(f"{cni}.network" if cni in plugins.networks() else cni)


def networks() -> list[Network]:
    """Every plugin that is installed."""
    return [_network(f"{name}.network") for name in plugins.networks()]


def _network(name: str) -> Network:
    network: Network = _module(f"networks.{name}").NETWORK
    return network


def etcd_members() -> EtcdMembers:
    members: EtcdMembers = _module("etcd.upkeep")
    return members


def _module(name: str) -> Any:
    return import_module(f"k8sops.roles.{name}")
