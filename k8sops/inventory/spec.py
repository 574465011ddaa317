"""All that is decided before the first packet: the inventory with its defaults, checked across its parts. No I/O."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from k8sops.errors import InputError
from k8sops.inventory.addressing import check_hosts, check_networks
from k8sops.inventory.forms import Runtime
from k8sops.inventory.load import CONTROL_PLANE, Inventory, InventoryHost
from k8sops.inventory.releases import Release, minor_of, number, release_of
from k8sops.inventory.settings import HostModel, InventoryModel

Net = ipaddress.IPv4Network | ipaddress.IPv6Network
UPSTREAM_PACKAGES = "https://pkgs.k8s.io"


class HostEntry(HostModel):
    """A host of the cluster with its settings; its name is also its node name."""

    name: str
    group: str
    address: str
    runtime: Runtime

    @property
    def untainted(self) -> bool:
        """Whether the inventory says `taints: []`, unlike one that does not mention taints."""
        return "taints" in self.model_fields_set and not self.taints

    @property
    def is_control_plane(self) -> bool:
        return self.group == CONTROL_PLANE


@dataclass(frozen=True)
class ClusterSpec:
    """The desired cluster."""

    cluster: str
    version: str
    release: Release
    hosts: tuple[HostEntry, ...]
    endpoint_host: str
    endpoint_port: int
    pods: Net
    services: Net
    sans: tuple[str, ...]
    settings: InventoryModel
    folder: Path
    """Folder of the inventory; its templates/ and tasks/ take precedence over those of k8sops."""

    @property
    def minor(self) -> str:
        return minor_of(self.version)

    @property
    def control_planes(self) -> tuple[HostEntry, ...]:
        return tuple(host for host in self.hosts if host.is_control_plane)

    @property
    def workers(self) -> tuple[HostEntry, ...]:
        return tuple(host for host in self.hosts if not host.is_control_plane)

    @property
    def package_version(self) -> str:
        return f"{self.version}-{self.settings.packages.revision}"

    @property
    def package_repository(self) -> str:
        """The repository of this minor, laid out as upstream's; a mirror keeps that layout."""
        base = (self.settings.mirrors.packages or UPSTREAM_PACKAGES).rstrip("/")
        return f"{base}/core:/stable:/v{self.minor}/deb/"

    @property
    def pause_image(self) -> str:
        return f"registry.k8s.io/pause:{self.release.pause}"

    @property
    def verify_image(self) -> str:
        """What `k8sops verify` runs on every node."""
        return self.settings.verify.image or f"registry.k8s.io/e2e-test-images/agnhost:{self.release.agnhost}"

    @property
    def endpoint(self) -> str:
        return f"{self.endpoint_host}:{self.endpoint_port}"

    @property
    def tolerates_cgroup_v1(self) -> bool:
        return self.settings.allow_cgroup_v1

    @property
    def kubelet_knows_cgroup_v1(self) -> bool:
        """kubelet refuses cgroup v1 by default since 1.35 (KEP-5573)."""
        return number(self.version) >= (1, 35)

    @property
    def has_dockershim(self) -> bool:
        """Before 1.24 kubelet talks to Docker itself (KEP-2221); since then through cri-dockerd."""
        return number(self.version) < (1, 24)

    @property
    def preflight_ignore(self) -> tuple[str, ...]:
        return tuple(self.settings.preflight.ignore)

    @property
    def kubeadm_ignores(self) -> tuple[str, ...]:
        """Checks of kubeadm's own preflight that were waived; SystemVerification is where it looks at cgroups."""
        return ("SystemVerification",) if self.tolerates_cgroup_v1 else ()

    def host(self, name: str) -> HostEntry:
        return next(host for host in self.hosts if host.name == name)


def in_url(host: str) -> str:
    """A name or an address as a URL has it: IPv6 in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def make_spec(inventory: Inventory) -> ClusterSpec:
    """The cluster that this inventory describes; InputError where its parts contradict each other."""
    settings = inventory.settings
    hosts = tuple(_entry(inventory, host) for host in inventory.hosts)
    check_hosts(inventory)
    planes = [host for host in hosts if host.is_control_plane]
    endpoint = settings.endpoint or f"{settings.cluster}-api:6443"
    host, _, port = endpoint.rpartition(":")
    if not 0 < int(port) < 65536:
        raise InputError(f"{port} is not a valid port", where=inventory.where("endpoint"))
    pods = _network(inventory, "pods", settings.network.pods)
    services = _network(inventory, "services", settings.network.services)
    _check_networks(inventory, pods, services)
    check_networks(inventory, pods, services)
    _check_flags(inventory, release_of(settings.kubernetes))
    names = [host, *(one.name for one in planes), *(one.address for one in planes), *settings.api_server.sans]
    return ClusterSpec(
        cluster=settings.cluster,
        version=settings.kubernetes,
        release=release_of(settings.kubernetes),
        hosts=hosts,
        endpoint_host=host,
        endpoint_port=int(port),
        pods=pods,
        services=services,
        sans=tuple(dict.fromkeys(names)),
        settings=settings,
        folder=inventory.file.resolve().parent,
    )


def _entry(inventory: Inventory, host: InventoryHost) -> HostEntry:
    try:
        # As the kernel prints it, so that the two can be compared.
        address = str(ipaddress.ip_address(host.settings.address))
    except ValueError:
        raise InputError(
            f"`{host.settings.address}` is not an IP address",
            where=inventory.where("groups", host.group, "hosts", host.name, "address"),
            remedy="nodes know each other by address; where SSH needs a name, set ssh.host beside it",
        ) from None
    merged = host.settings.model_dump(exclude_unset=True)
    runtime = host.settings.runtime or inventory.settings.runtime
    return HostEntry(**{**merged, "name": host.name, "group": host.group, "address": address, "runtime": runtime})


def _network(inventory: Inventory, name: str, text: str) -> Net:
    where = inventory.where("network", name)
    try:
        net = ipaddress.ip_network(text)
    except ValueError as error:
        try:
            right = str(ipaddress.ip_network(text, strict=False))
        except ValueError:
            raise InputError(f"`network.{name}`: {error}", where=where, remedy='write it as "10.244.0.0/16"') from None
        raise InputError(
            f"`network.{name}`: {text} has host bits set", where=where, remedy=f"did you mean {right}?"
        ) from None
    if net.num_addresses < 256:
        raise InputError(f"`network.{name}`: {text} is too small", where=where, remedy="/24 or larger")
    return net


def _check_flags(inventory: Inventory, release: Release) -> None:
    """A repeated flag needs a list, which came with v1beta4 (kubeadm-config.v1beta4)."""
    if release.kubeadm_api == "v1beta4":
        return
    for name in ("api_server", "controller_manager", "scheduler", "etcd"):
        for flag, value in getattr(inventory.settings, name).extra_args.items():
            if isinstance(value, list):
                raise InputError(
                    f"`{name}.extra_args.{flag}`: kubeadm {release.kubeadm_api} does not accept a list here",
                    where=inventory.where(name, "extra_args", flag),
                    remedy="give one value; lists came with Kubernetes 1.31",
                )


def _check_networks(inventory: Inventory, pods: Net, services: Net) -> None:
    if pods.version == services.version and pods.overlaps(services):
        raise InputError(
            f"the services {services} overlap the pods {pods}",
            where=inventory.where("network", "services"),
            remedy="choose networks that share no address",
        )
    for host in inventory.hosts:
        address = ipaddress.ip_address(host.settings.address)
        for name, net in (("pods", pods), ("services", services)):
            if address.version == net.version and address in net:
                where = inventory.where("groups", host.group, "hosts", host.name, "address")
                raise InputError(f"{address} of `{host.name}` is inside network.{name}, {net}", where=where)
