"""Endpoints that cannot work, full disks, fault tolerance: reported before anything changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.inventory.spec import ClusterSpec
from k8sops.operations.inputs import load_spec
from k8sops.roles.endpoint.tasks.endpoint import TASK as ENDPOINT
from k8sops.roles.hosts.tasks.capacity import TASK as CAPACITY
from k8sops.roles.hosts.tasks.capacity import threshold

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane:
    hosts: {cp1: {address: 10.0.0.11}, cp2: {address: 10.0.0.12}, cp3: {address: 10.0.0.13}}
  workers:
    hosts: {w1: {address: 10.0.1.1}}
"""
Load = Callable[[str], ClusterSpec]
GIB = 1 << 30


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(more: str = "", old: str = "", new: str = "") -> ClusterSpec:
        (tmp_path / "inventory.yaml").write_text(INVENTORY.replace(old, new) + more)
        return load_spec(tmp_path / "inventory.yaml")

    return read


# --- the endpoint --------------------------------------------------------------------------------------------------

NAMED = "endpoint: api.example.com:6443\n"


def of_endpoint(spec: ClusterSpec, *addresses: str, why: str = "ok", **known: object) -> list[str]:
    more = {"endpoint_asked": ("1",)} | ({"endpoint_address": addresses} if addresses else {})
    facts = HostFacts(more=more, probes={(spec.endpoint_host, 6443): why}, **known)  # type: ignore[arg-type]
    fleet = Fleet({"cp1": HostFacts(joined=True, initialised=bool(known)), "w1": facts}, frozenset({"cp1", "w1"}))
    return [f"{one.name} {one.level}: {one.what}" for one in ENDPOINT.findings(spec, fleet)]


def test_an_endpoint_that_does_not_resolve_is_an_error(load: Load) -> None:
    assert of_endpoint(load(NAMED)) == [
        "EndpointName error: cannot resolve api.example.com, the endpoint of the inventory"
    ]


def test_a_load_balancer_that_is_not_up_yet_is_a_warning(load: Load) -> None:
    expected = "cannot connect to the endpoint api.example.com:6443 (10.0.0.9): connection refused"
    (found,) = of_endpoint(load(NAMED), "10.0.0.9", "10.0.0.9", why="connection refused")
    assert found == f"EndpointSilent warning: {expected}. It is not the address of a control plane"
    (found,) = of_endpoint(load(NAMED), "10.0.0.9", why="connection refused", user="root")
    assert found == f"EndpointUnreachable error: {expected}"


@pytest.mark.parametrize(
    ("endpoint", "addresses"),
    [
        (NAMED, ["10.0.0.12"]), (NAMED, ["10.0.0.9", "10.0.0.11"]), ("", []),
        ("endpoint: cp1:6443\n", []), ("endpoint: 10.0.0.11:6443\n", []),
    ],
)  # fmt: skip
def test_an_endpoint_that_is_a_control_plane_need_not_answer_yet(
    load: Load, endpoint: str, addresses: list[str]
) -> None:
    spec = load(endpoint)
    probed = bool(ENDPOINT.probes(spec, spec.host("w1")))
    assert of_endpoint(spec, *addresses, why="connection refused" if probed else "ok") == []
    assert bool(ENDPOINT.asks(spec, spec.host("w1"), {})) == (endpoint == NAMED)


def test_nodes_are_not_asked_any_more(load: Load) -> None:
    spec = load(NAMED)
    assert list(ENDPOINT.findings(spec, Fleet({"w1": HostFacts(joined=True)}))) == []


# --- disks ---------------------------------------------------------------------------------------------------------


def disk(size: float, free: float, *, id: str = "a", inodes: str = "0 0", path: str = "/var/lib") -> str:
    return f"{id} 4096 {int(size * GIB) // 4096} {int(free * GIB) // 4096} {inodes} {path}"


def of_disks(spec: ClusterSpec, *lines: str) -> list[str]:
    fleet = Fleet({"w1": HostFacts(more={"disk": lines})}, frozenset({"w1"}))
    return [f"{one.name} {one.level}: {one.what}" for one in CAPACITY.findings(spec, fleet)]


def test_a_disk_below_kubelets_limit_is_an_error_and_a_bit_above_it_a_warning(load: Load) -> None:
    spec = load("")
    assert of_disks(spec, disk(100, 50), disk(100, 50)) == []
    assert of_disks(spec, disk(100, 14), disk(100, 14)) == [
        "DiskFull error: /var/lib: 14.0 GiB of 100.0 GiB free (14 %), "
        "kubelet evicts pods below 15.0 GiB (imagefs.available)"
    ]
    (found,) = of_disks(spec, disk(100, 17), disk(100, 17))
    assert found.startswith("DiskSpace warning: /var/lib: 17.0 GiB of 100.0 GiB free (17 %)")
    (found,) = of_disks(spec, disk(100, 9), disk(100, 50, id="b"))
    assert "below 10.0 GiB (nodefs.available)" in found


def test_the_limits_of_the_inventory_count(load: Load) -> None:
    spec = load('kubelet: {evictionHard: {nodefs.available: 1Gi, imagefs.available: "5%"}}\n')
    assert of_disks(spec, disk(100, 9), disk(100, 9)) == []
    assert of_disks(spec, disk(100, 4), disk(100, 4))[0].startswith("DiskFull")
    assert of_disks(load("kubelet: {evictionHard: {}}\n"), disk(100, 0.5), disk(100, 0.5))[0].startswith("DiskFull")


def test_inodes_run_out_too(load: Load) -> None:
    (found,) = of_disks(load(""), disk(100, 50, inodes="1000 10"), disk(100, 50, inodes="1000 10"))
    assert found == "DiskFull error: /var/lib: 10 of 1000 inodes free, below the eviction threshold of kubelet"


@pytest.mark.parametrize(
    ("text", "total", "value"),
    [
        ("10%", 1000, 100),
        ("1Gi", 0, GIB),
        ("500M", 0, 500_000_000),
        (7, 0, 7),
        ("x", 9, 0),
        (None, 9, 0),
        ("-1%", 9, 0),
    ],
)
def test_thresholds_are_percentages_or_quantities(text: object, total: int, value: int) -> None:
    assert threshold(text, total) == value


# --- what may fail, and what a node's range holds ------------------------------------------------------------------


def of_cluster(spec: ClusterSpec) -> list[str]:
    everyone = {host.name: HostFacts() for host in spec.hosts}
    return [f"{one.host} {one.name} {one.level}: {one.what}" for one in CAPACITY.findings(spec, Fleet(everyone))]


def test_an_even_number_of_control_planes_is_warned_of_with_what_it_tolerates(load: Load) -> None:
    assert of_cluster(load("")) == []
    said = "2 control planes tolerate no failures of a member of etcd, as 1 would; use 1 or 3"
    two = load("", ", cp3: {address: 10.0.0.13}", "")
    assert of_cluster(two) == [f"{name} EvenControlPlanes warning: {said}" for name in ("cp1", "cp2")]
    external = "etcd: {external: {endpoints: ['https://10.9.9.9:2379'], ca: a, cert: b, key: c}}\n"
    assert of_cluster(load(external, ", cp3: {address: 10.0.0.13}", "")) == []


def test_more_pods_than_a_nodes_range_has_addresses_are_warned_of(load: Load) -> None:
    assert of_cluster(load("kubelet: {maxPods: 250}\n")) == []
    (found, *_) = of_cluster(load("kubelet: {maxPods: 300}\n"))
    assert found == (
        "cp1 PodAddresses warning: maxPods is 300, but "
        "a node's pod range (/24) has 253 addresses"
    )
    (found, *_) = of_cluster(load('controller_manager: {extra_args: {node-cidr-mask-size: "26"}}\n'))
    assert "a node's pod range (/26) has 61 addresses" in found
