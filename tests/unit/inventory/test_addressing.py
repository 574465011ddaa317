"""Networks that are too small or too large, and addresses that no node can have, are refused with their place."""

from __future__ import annotations

import pytest

from k8sops.errors import InputError
from k8sops.inventory import yamlfile
from k8sops.inventory.addressing import node_mask
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec

GOOD = """\
cluster: demo
kubernetes: "1.36.3"
network: {pods: 10.244.0.0/16, services: 10.96.0.0/12, cni: flannel}
groups:
  control_plane:
    hosts: {cp1: {address: 10.0.0.11}}
  workers:
    hosts:
      w1: {address: 10.0.1.1}
      w2: {address: 10.0.1.2}
"""


def spec_of(text: str) -> ClusterSpec:
    return make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))


def controller_manager(flag: str, value: str) -> tuple[str, str]:
    return "groups:", f'controller_manager: {{extra_args: {{{flag}: "{value}"}}}}\ngroups:'


BAD = {
    "fewer node ranges than hosts": ([("10.244.0.0/16", "10.244.0.0/24")], "inv.yaml:3:11: `network.pods`: 10.244.0.0/24 holds 1 node range (/24 each), and there are 3 hosts\n  use /22 or larger"),
    "two ranges for three hosts": ([("10.244.0.0/16", "10.244.0.0/23")], "holds 2 node ranges (/24 each), and there are 3 hosts"),
    "the mask of the inventory counts": ([controller_manager("node-cidr-mask-size", "17")], "10.244.0.0/16 holds 2 node ranges (/17 each)"),
    "IPv6": ([("10.244.0.0/16", "fd00:244::/64"), ("10.96.0.0/12", "fd00:96::/108")], "fd00:244::/64 holds 1 node range (/64 each)"),
    "pods beyond kubeadm's limit": ([("10.244.0.0/16", "32.0.0.0/7")], "inv.yaml:3:11: `network.pods`: 32.0.0.0/7 is too large for node ranges of /24, kubeadm accepts /8 at most"),
    "pods smaller than a node's range": ([controller_manager("node-cidr-mask-size-ipv4", "12")], "10.244.0.0/16 is smaller than the pod range of a single node, /12"),
    "kubeadm knows one flag only": ([("10.244.0.0/16", "32.0.0.0/7"), controller_manager("node-cidr-mask-size", "20")], "kubeadm refuses 32.0.0.0/7, because it assumes node ranges of /24"),
    "a mask that is none": ([controller_manager("node-cidr-mask-size", "many")], "inv.yaml:4:22: `controller_manager.extra_args`: node-cidr-mask-size: 'many' is not a number from 1 to 32"),
    "services beyond kubeadm's limit": ([("10.96.0.0/12", "172.0.0.0/11")], "inv.yaml:3:32: `network.services`: 172.0.0.0/11 is too large, kubeadm accepts /12 at most"),
    "services of IPv6": ([("10.96.0.0/12", "fd00:96::/64")], "fd00:96::/64 is too large, kubeadm accepts /108 at most"),
    "loopback": ([("10.0.1.2", "127.0.0.1")], "inv.yaml:10:7: `w2`: 127.0.0.1 is a loopback address, which a node cannot have"),
    "every address": ([("10.0.1.2", "0.0.0.0")], "0.0.0.0 is the unspecified address"),
    "broadcast": ([("10.0.1.2", "255.255.255.255")], "255.255.255.255 is a reserved or broadcast address"),
    "multicast": ([("10.0.1.2", "224.0.0.1")], "224.0.0.1 is a multicast address"),
    "link-local": ([("10.0.1.2", "fe80::1")], "fe80::1 is a link-local address"),
    "one address in two spellings": ([("10.0.1.1}", '"fd00::1"}'), ("10.0.1.2", '"FD00:0::1"')], "inv.yaml:10:7: `w2` has the same address as `w1`: fd00::1"),
    "IPv4 in IPv6": ([("10.0.1.2", '"0:0:0:0:0:ffff:10.0.1.1"')], "`w2` has the same address as `w1`: 10.0.1.1"),
    "one place for two hosts": ([("10.0.1.1}", "10.0.1.1, ssh: {host: nat}}"), ("10.0.1.2}", "10.0.1.2, ssh: {host: nat}}")], "inv.yaml:10:7: `w2` and `w1` have the same SSH address: nat port 22"),
    "one host by the other's address": ([("10.0.1.2}", "10.0.1.2, ssh: {host: 10.0.1.1}}")], "`w2` and `w1` have the same SSH address: 10.0.1.1 port 22"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_work_is_refused_with_its_place(name: str) -> None:
    changes, expected = BAD[name]
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(InputError) as caught:
        spec_of(text)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [("10.244.0.0/16", "10.244.0.0/22")],
        [("10.244.0.0/16", "10.244.0.0/24"), controller_manager("node-cidr-mask-size-ipv4", "26")],
        [("10.244.0.0/16", "10.244.0.0/24"), controller_manager("allocate-node-cidrs", "false")],
        [("10.244.0.0/16", "10.244.0.0/24"), ("cni: flannel", "cni: none")],
        [("10.244.0.0/16", "fd00:244::/56"), ("10.96.0.0/12", "fd00:96::/108")],
        [("10.0.1.1}", "10.0.1.1, ssh: {host: nat, port: 1}}"), ("10.0.1.2}", "10.0.1.2, ssh: {host: nat, port: 2}}")],
        [("10.0.1.1}", "10.0.1.1, ssh: {host: in, jump: a}}"), ("10.0.1.2}", "10.0.1.2, ssh: {host: in, jump: b}}")],
    ],
    ids=str,
)
def test_what_can_work_is_accepted(changes: list[tuple[str, str]]) -> None:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    assert len(spec_of(text).hosts) == 3


def test_addresses_are_compared_as_the_kernel_prints_them() -> None:
    assert spec_of(GOOD.replace("10.0.1.2", '"FD00:0::2"')).host("w2").address == "fd00::2"


def test_the_mask_of_a_list_is_its_last_value() -> None:
    assert node_mask(4, {"node-cidr-mask-size": ["24", "25"]}) == 25
    assert node_mask(6, {"node-cidr-mask-size-ipv4": "25"}) == 64
