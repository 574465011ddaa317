"""Checks of an inventory's addresses: networks that fit its hosts and Kubernetes' limits, hosts that are distinct."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from k8sops.errors import InputError, Where
from k8sops.inventory import plugins
from k8sops.inventory.load import Inventory, InventoryHost

Net = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NODE_MASK = {4: 24, 6: 64}
"""Prefix length of a node's range of pod addresses, by IP version: kube-controller-manager's defaults."""
MOST_SERVICE_BITS = 20
"""kubeadm: MaximumBitsForServiceSubnet. The API server keeps a bitmap of the whole network in etcd."""
MOST_NODE_BITS = 16
"""kubeadm: PodSubnetNodeMaskMaxDiff. kube-controller-manager keeps a bitmap of all node ranges."""
Flags = Mapping[str, str | list[str]]


def check_networks(inventory: Inventory, pods: Net, services: Net) -> None:
    """InputError where kubeadm would refuse a network, or where some host would get no range of pod addresses."""
    _check_services(services, inventory.where("network", "services"))
    flags = inventory.settings.controller_manager.extra_args
    if _text(flags, "allocate-node-cidrs") == "false":
        return
    try:
        mask = node_mask(pods.version, flags)
    except ValueError as error:
        raise InputError(
            f"`controller_manager.extra_args`: node-cidr-mask-size: {error}",
            where=inventory.where("controller_manager", "extra_args"),
            remedy=f"give the prefix length of a node's pod range, for example {NODE_MASK[pods.version]}",
        ) from None
    where = inventory.where("network", "pods")
    _check_mask(pods, mask, flags, where)
    # Other networks may hand out addresses themselves, whatever range a node has.
    plugin = plugins.networks().get(str(inventory.settings.network.cni))
    if plugin and plugin.node_ranges:
        _check_count(pods, mask, len(inventory.hosts), where)


def node_mask(version: int, flags: Flags) -> int:
    """Prefix length of a node's range, given the flags of kube-controller-manager; ValueError when it is not one."""
    text = _text(flags, "node-cidr-mask-size") or _text(flags, f"node-cidr-mask-size-ipv{version}")
    if not text:
        return NODE_MASK[version]
    longest = {4: 32, 6: 128}[version]
    if not text.isdecimal() or not 0 < int(text) <= longest:
        raise ValueError(f"{text!r} is not a number from 1 to {longest}")
    return int(text)


def _text(flags: Flags, name: str) -> str:
    value = flags.get(name, "")
    return value if isinstance(value, str) else value[-1] if value else ""


def _check_services(services: Net, where: Where) -> None:
    least = services.max_prefixlen - MOST_SERVICE_BITS
    if services.prefixlen < least:
        raise InputError(
            f"`network.services`: {services} is too large, kubeadm accepts /{least} at most",
            where=where,
            remedy=f"for example {services.network_address}/{least}",
        )


def _check_mask(pods: Net, mask: int, flags: Flags, where: Where) -> None:
    """The limits of kubeadm (ValidatePodSubnetNodeMask) and of kube-controller-manager."""
    if pods.prefixlen > mask:
        raise InputError(
            f"`network.pods`: {pods} is smaller than the pod range of a single node, /{mask}",
            where=where,
            remedy=f"use a larger network, or set controller_manager.extra_args.{_family(pods)}",
        )
    if mask - pods.prefixlen > MOST_NODE_BITS:
        least = mask - MOST_NODE_BITS
        raise InputError(
            f"`network.pods`: {pods} is too large for node ranges of /{mask}, kubeadm accepts /{least} at most",
            where=where,
            remedy=f"for example {pods.network_address}/{least}, or set controller_manager.extra_args.{_family(pods)}",
        )
    # kubeadm knows only the flag of the family; node-cidr-mask-size it does not look at.
    assumed = int(_text(flags, _family(pods)) or NODE_MASK[pods.version])
    if not 0 <= assumed - pods.prefixlen <= MOST_NODE_BITS:
        raise InputError(
            f"`network.pods`: kubeadm refuses {pods}, because it assumes node ranges of /{assumed}",
            where=where,
            remedy=f'set controller_manager.extra_args.{_family(pods)}: "{mask}" instead of node-cidr-mask-size',
        )


def _family(net: Net) -> str:
    return f"node-cidr-mask-size-ipv{net.version}"


def _check_count(pods: Net, mask: int, hosts: int, where: Where) -> None:
    """Every host has a range; the nodes beyond the last one would never be given any."""
    ranges = 1 << (mask - pods.prefixlen)
    if ranges < hosts:
        wanted = mask - (hosts - 1).bit_length()
        raise InputError(
            f"`network.pods`: {pods} holds {ranges} node range{'' if ranges == 1 else 's'} (/{mask} each),"
            f" and there are {hosts} hosts",
            where=where,
            remedy=f"use /{wanted} or larger, or set controller_manager.extra_args.{_family(pods)}",
        )


def check_hosts(inventory: Inventory) -> None:
    """InputError where an address cannot be that of a node, or where two hosts are reached at the same place."""
    addresses: dict[Address, str] = {}
    places: dict[tuple[str, int, str], str] = {}
    for host in inventory.hosts:
        address = _node_address(host)
        if addresses.setdefault(address, host.name) != host.name:
            raise InputError(
                f"`{host.name}` has the same address as `{addresses[address]}`: {address}", where=host.where
            )
        ssh = host.settings.ssh
        place = (ssh.host or str(address), ssh.port or 22, ssh.jump or "")
        if places.setdefault(place, host.name) != host.name:
            raise InputError(
                f"`{host.name}` and `{places[place]}` have the same SSH address: {place[0]} port {place[1]}",
                where=host.where,
                remedy="each host needs an ssh.host, ssh.port or ssh.jump of its own",
            )


def _node_address(host: InventoryHost) -> Address:
    """The address, if kubelet accepts it (validateNodeIP)."""
    address = ipaddress.ip_address(host.settings.address)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    kinds = {
        "the unspecified address": address.is_unspecified,
        "a loopback address": address.is_loopback,
        "a multicast address": address.is_multicast,
        "a link-local address": address.is_link_local,
        # 240.0.0.0/4, the broadcast address among them; of IPv6 that would be most of it.
        "a reserved or broadcast address": address.version == 4 and address.is_reserved,
    }
    for kind, applies in kinds.items():
        if applies:
            raise InputError(
                f"`{host.name}`: {address} is {kind}, which a node cannot have",
                where=host.where,
                remedy="use the address by which the other hosts reach it",
            )
    return address
