"""The cluster, name and role of a host: contradictions in the inventory are refused."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.findings import kind_of
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.roles.kubeadm.facts.identity import findings, node_name, reset_findings

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.11}, cp2: {address: 10.0.0.12}, cp3: {address: 10.0.0.13}}}
  workers: {hosts: {w1: {address: 10.0.0.21}, w2: {address: 10.0.0.22}}}
"""


def certificate(name: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + datetime.timedelta(1))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


CA, OTHER_CA = certificate("kubernetes").encode(), certificate("kubernetes").encode()
NODES = {name: certificate(f"system:node:{name}") for name in ("cp1", "cp2", "cp3", "w1", "w2")}
PLANE = (
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/manifests/etcd.yaml",
    "/etc/kubernetes/scheduler.conf",
    "/var/lib/etcd/member",
)


def spec(text: str = INVENTORY) -> ClusterSpec:
    return make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))


def worker(name: str, ca: bytes = CA, **more: Any) -> HostFacts:
    known = {
        "endpoint": ("https://demo-api:6443",),
        "dns-domain": ("cluster.local",),
        "kubelet-certificate": tuple(NODES[name].splitlines()),
        "cni": ("10-flannel.conflist",),
    }
    return HostFacts(joined=True, ca=ca, more={**known, **more})


def control_plane(name: str, ca: bytes = CA, *, made: bool = True, **more: Any) -> HostFacts:
    known = {
        "plane": PLANE,
        "version": ("1.36.3",),
        "services": ("10.96.0.0/12",),
        "pods": ("10.244.0.0/16",),
        "cluster-name": ("demo",),
        **({"marked": ("1",)} if made else {}),
    }
    facts = worker(name, ca, **{**known, **more})
    return HostFacts(joined=True, initialised=made, api=True, ca=ca, more=facts.more)


def fleet(**facts: HostFacts) -> Fleet:
    return Fleet(facts, frozenset(facts))


def living(**changed: HostFacts) -> Fleet:
    planes = {name: control_plane(name) for name in ("cp1", "cp2", "cp3")}
    return fleet(**{**planes, "w1": worker("w1"), "w2": worker("w2"), **changed})


def names(found: Fleet, text: str = INVENTORY) -> list[tuple[str, str]]:
    return [(one.host, one.name) for one in findings(spec(text), found)]


def test_a_cluster_that_is_as_the_inventory_says_has_no_finding() -> None:
    assert names(living()) == []
    assert names(fleet(**{name: HostFacts() for name in NODES})) == []


def test_the_finding_cannot_be_waived() -> None:
    for name in ("ForeignCluster", "Role", "NodeName", "KubernetesVersion", "Endpoint", "Immutable", "NetworkPlugin"):
        assert not kind_of(name).waivable
        assert kind_of(name).level == "error"


def test_a_control_plane_made_by_hand_is_foreign_alive_or_left_over() -> None:
    by_hand = control_plane("cp1", made=False, **{"cluster-name": ("kubernetes",), "services": ("10.200.0.0/16",)})
    bare = {name: HostFacts() for name in ("cp2", "cp3", "w1", "w2")}
    (found,) = findings(spec(), fleet(cp1=by_hand, **bare))
    assert found.name == "ForeignCluster"
    assert "name kubernetes, Kubernetes 1.36.3, services 10.200.0.0/16" in found.what
    left = HostFacts(more={"plane": ("/var/lib/etcd/member",)})
    (found,) = findings(spec(), fleet(cp1=left, **bare))
    assert "leftovers" in found.what
    assert "/var/lib/etcd/member" in found.what


def test_a_control_plane_joined_by_hand_to_this_cluster_is_not_joined_again() -> None:
    (found,) = findings(spec(), living(cp2=control_plane("cp2", made=False)))
    assert (found.host, found.name) == ("cp2", "ForeignCluster")
    assert "of this cluster" in found.what


def test_our_own_start_that_died_is_not_foreign() -> None:
    begun = HostFacts(ca=CA, more={"plane": PLANE[:1], "marked": ("1",)})
    assert names(fleet(cp1=begun, **{name: HostFacts() for name in ("cp2", "cp3", "w1", "w2")})) == []
    joining = HostFacts(joined=True, ca=CA, more={"plane": PLANE, "marked": ("1",)})
    assert names(living(cp2=joining)) == []


def test_nodes_of_another_cluster_are_foreign() -> None:
    assert names(living(w1=worker("w1", OTHER_CA))) == [("w1", "ForeignCluster")]
    assert names(living(cp2=control_plane("cp2", OTHER_CA))) == [("cp2", "ForeignCluster")]
    planes = {name: HostFacts() for name in ("cp1", "cp2", "cp3")}
    assert names(fleet(**planes, w1=worker("w1"))) == [("w1", "ForeignCluster")]


def test_a_silent_control_plane_makes_no_worker_foreign() -> None:
    assert names(fleet(cp2=HostFacts(), cp3=HostFacts(), w1=worker("w1"))) == []


def test_a_ca_that_is_being_rotated_is_still_the_clusters() -> None:
    assert names(living(w1=worker("w1", OTHER_CA + CA))) == []


def test_a_role_is_not_changed_under_a_node() -> None:
    text = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.11}, w1: {address: 10.0.0.21}}}
  workers: {hosts: {cp2: {address: 10.0.0.12}, w2: {address: 10.0.0.22}}}
"""
    assert names(living(), text) == [("w1", "Role"), ("cp2", "Role")]
    (found, _) = findings(spec(text), living())
    assert "k8sops reset w1" in found.what


def test_hosts_that_are_renamed_or_swapped_are_found_by_kubelets_certificate() -> None:
    assert node_name(worker("w1")) == "w1"
    swapped = living(w1=worker("w2"), w2=worker("w1"))
    assert names(swapped) == [("w1", "NodeName"), ("w2", "NodeName")]
    renamed = fleet(**{**{n: control_plane(n) for n in ("cp1", "cp2", "cp3")}, "big": worker("w1")})
    text = INVENTORY.replace("w1: {", "big: {")
    assert names(renamed, text) == [("big", "NodeName")]


@pytest.mark.parametrize("wanted", ["1.37.2", "1.36.2", "1.36.4", "1.35.4"])
def test_another_version_is_not_installed_under_a_living_cluster(wanted: str) -> None:
    found = list(findings(spec(INVENTORY.replace("1.36.3", wanted)), living()))
    assert {(one.host, one.name) for one in found} == {(name, "KubernetesVersion") for name in ("cp1", "cp2", "cp3")}
    assert 'put kubernetes: "1.36.3" back' in found[0].what


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("cluster: prod\nendpoint: demo-api:6443", "cluster: the cluster has demo"),
        ("cluster: demo\nnetwork: {pods: 10.32.0.0/16}", "network.pods: the cluster has 10.244.0.0/16"),
        ("cluster: demo\nnetwork: {services: 10.97.0.0/16}", "network.services: the cluster has"),
        ("cluster: demo\nnetwork: {dns_domain: k8s.example}", "network.dns_domain: the cluster has"),
        (
            "cluster: demo\netcd: {external: {endpoints: ['https://10.9.9.9:2379'], ca: a, cert: b, key: c}}",
            "etcd.external: the cluster has",
        ),
    ],
)
def test_what_a_cluster_keeps_for_life_is_refused(new: str, said: str) -> None:
    stacked = (*PLANE, "/etc/kubernetes/manifests/etcd.yaml")
    now = living(**{name: control_plane(name, plane=stacked) for name in ("cp1", "cp2", "cp3")})
    found = list(findings(spec(INVENTORY.replace("cluster: demo", new)), now))
    assert found
    assert {one.name for one in found} == {"Immutable"}
    assert found[0].what.startswith(said)


def test_another_endpoint_is_refused() -> None:
    found = list(findings(spec(f"endpoint: lb.example.com:6443\n{INVENTORY}"), living()))
    assert {one.name for one in found} == {"Endpoint"}
    assert {one.host for one in found} == set(NODES)
    local = living(cp1=control_plane("cp1", endpoint=("https://10.0.0.11:6443",)))
    assert names(local) == []


def test_another_pod_network_is_refused() -> None:
    text = f"network: {{cni: {{manifests: [mine.yaml]}}}}\n{INVENTORY}"
    assert {name for _, name in names(living(), text)} == {"NetworkPlugin"}
    calico = {name: control_plane(name, cni=("10-calico.conflist",)) for name in ("cp1", "cp2", "cp3")}
    assert {host for host, name in names(living(**calico)) if name == "NetworkPlugin"} == {"cp1", "cp2", "cp3"}
    assert names(living(w1=worker("w1", cni=("87-podman-bridge.conflist", "10-flannel.conflist")))) == []


def test_a_reset_refuses_hosts_of_other_clusters_and_goes_on_where_one_died() -> None:
    def refused(**facts: HostFacts) -> list[str]:
        leaving = Fleet(facts, frozenset(facts), {"leaving": ",".join(facts)})
        return [one.host for one in reset_findings(spec(), leaving)]

    assert refused(cp1=control_plane("cp1", made=False)) == ["cp1"]
    assert refused(cp1=control_plane("cp1"), w1=worker("w1", OTHER_CA)) == ["w1"]
    assert refused(cp1=control_plane("cp1"), w1=worker("w1"), cp2=control_plane("cp2", made=False)) == []
    bare = {name: HostFacts() for name in ("cp1", "cp2", "cp3")}
    assert refused(**bare, w1=worker("w1", marked=("1",))) == []
    assert refused(**bare, w1=worker("w1")) == ["w1"]
