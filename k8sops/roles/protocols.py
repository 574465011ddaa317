"""What roles offer each other beside facts: protocols, and who implements them for this cluster.

Implementations are found by their place in the folders, so no role imports another one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from k8sops.engine.facts import HostFacts
from k8sops.engine.resource import Resource
from k8sops.inventory import plugins
from k8sops.inventory.settings import OwnCni
from k8sops.inventory.spec import ClusterSpec, HostEntry
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


class Runtime(Protocol):
    """A container runtime: a folder of `roles/runtimes/` with a `runtime.py` whose RUNTIME is one."""

    name: str
    folder: str
    """Where it keeps images and containers."""
    units: Sequence[str]
    package_words: str
    """Shell lines that put into `runtime` the packages that depend on the host, as far as the repository has them."""
    cgroup_driver: tuple[str, str]
    """A command, and what is in its output where cgroups are managed by systemd."""

    @abstractmethod
    def socket(self, spec: ClusterSpec) -> str:
        """Where kubelet finds it."""

    @abstractmethod
    def packages(self, spec: ClusterSpec, facts: HostFacts) -> Sequence[str]: ...

    def certain_packages(self, spec: ClusterSpec) -> Sequence[str]:
        """Those of its packages that every host gets, whatever it has already."""
        return ()

    def downloads(self, spec: ClusterSpec) -> Iterator[Resource]:
        """Packages that no repository has."""
        return iter(())

    def kubelet_args(self, spec: ClusterSpec) -> Mapping[str, str]:
        """Flags that kubelet needs with it."""
        return {}

    def package_findings(self, spec: ClusterSpec, facts: HostFacts) -> Iterator[tuple[str, str]]:
        """(finding, what it says) of the version that is installed, or would be."""
        return iter(())

    @abstractmethod
    def asks(self, spec: ClusterSpec) -> str:
        """Shell lines that print its configuration."""

    @abstractmethod
    def resources(self, spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Resource]: ...

    @abstractmethod
    def findings(self, spec: ClusterSpec, facts: HostFacts) -> Iterator[tuple[str, str]]:
        """(finding, what it says) of its configuration."""


class Endpoint(Protocol):
    """How the endpoint of the API comes to be reachable: a module of `roles/endpoint/`."""

    def name(self, spec: ClusterSpec) -> str:
        """The name that k8sops keeps in the hosts' files; empty where it keeps none."""
        return ""

    def needs_dns(self, spec: ClusterSpec) -> bool:
        """Whether hosts must resolve a name that k8sops does not write into their files."""
        return False

    def elsewhere(self, spec: ClusterSpec) -> bool:
        """Whether something other than a control plane answers there, such as a load balancer."""
        return False


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


def runtime_of(host: HostEntry) -> Runtime:
    """The container runtime that the inventory gives to this host."""
    runtime: Runtime = _module(f"runtimes.{host.runtime}.runtime").RUNTIME
    return runtime


def cri_socket(spec: ClusterSpec, host: HostEntry) -> str:
    """Where kubelet of this host finds its runtime."""
    return runtime_of(host).socket(spec)


def endpoint_of(spec: ClusterSpec) -> Endpoint:
    """The endpoint that the inventory names, or else a name of k8sops' own."""
    endpoint: Endpoint = _module(f"endpoint.{'managed' if spec.settings.endpoint is None else 'external'}").ENDPOINT
    return endpoint


def etcd_members() -> EtcdMembers:
    members: EtcdMembers = _module("etcd.upkeep")
    return members


def _module(name: str) -> Any:
    return import_module(f"k8sops.roles.{name}")
