"""Which cluster a host is part of, under which name and in which role; and what the inventory says instead.

A host that belongs to another cluster, or to this one in another role, and a setting that a living cluster cannot
change: each is a finding that cannot be waived. Nothing is applied to any host while there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from k8sops.engine.facts import Fleet, HostFacts, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.shell import bare
from k8sops.inventory.releases import number
from k8sops.inventory.spec import ClusterSpec, HostEntry, in_url
from k8sops.roles.protocols import network_of

SCRIPT = bare(Path(__file__).with_suffix(".sh").read_text(encoding="utf-8"))
PLUGINS = ("flannel", "calico", "canal", "cilium", "weave", "kube-router", "antrea", "ovn", "kindnet", "multus")
"""Pod networks, by the names of their files in /etc/cni/net.d."""

TAKE_OUT = "remove it from the inventory, or run `kubeadm reset` on it if that cluster is no longer needed"


def asks(spec: ClusterSpec, host: HostEntry, parameters: Parameters) -> str:
    """Shell lines that print a host's knowledge of its cluster (identity.sh), once for all tasks."""
    return f'if [ -z "${{IDENTITY_TOLD-}}" ]; then IDENTITY_TOLD=1\n{SCRIPT}\nfi'


def findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    """All contradictions between the hosts and the inventory about the cluster and their role in it."""
    cluster = _known_cluster(spec, fleet)
    members: list[HostEntry] = []
    for host in spec.hosts:
        if host.name not in fleet.facts:
            continue
        why = foreign_cluster(host, fleet[host.name], cluster)
        if why:
            yield Finding(host.name, "ForeignCluster", why)
        else:
            members.append(host)
            yield from _place(spec, host, fleet[host.name])
    yield from _cluster(spec, fleet, members)


def value(facts: HostFacts, name: str) -> str:
    """A fact of identity.sh; empty if the host did not report it."""
    return (facts.more.get(name) or ("",))[0].strip().strip("\"'")


def is_control_plane(facts: HostFacts) -> bool:
    """Whether the host runs, or was about to run, a control plane."""
    return bool(facts.more.get("plane"))


def is_worker(facts: HostFacts) -> bool:
    """Whether the host is a node without a control plane. A join of a control plane that died is none: kubeadm writes
    the control plane's kubeconfig files before it starts kubelet (phase control-plane-prepare)."""
    return facts.joined and not is_control_plane(facts)


@dataclass(frozen=True)
class KnownCluster:
    """The cluster of the inventory as its control planes know it.

    `host` and `ca`: a control plane that k8sops has created, or begun to, and its CA; empty if none is known.
    `absent`: all control planes are reachable, and none has a cluster.
    """

    host: str = ""
    ca: bytes = b""
    absent: bool = False


def _known_cluster(spec: ClusterSpec, fleet: Fleet) -> KnownCluster:
    planes = [host.name for host in spec.control_planes if host.name in fleet.facts]
    made = [name for name in planes if fleet[name].initialised and fleet[name].ca]
    begun = [name for name in planes if fleet[name].more.get("marked") and fleet[name].ca]
    names = [*(name for name in made if fleet[name].api), *made, *begun]
    if names:
        return KnownCluster(names[0], fleet[names[0]].ca)
    # The cluster may exist on an unreachable control plane, and a restore on new hosts will bring its CA back.
    return KnownCluster(absent=len(planes) == len(spec.control_planes) and not fleet.parameters.get("backup"))


def foreign_cluster(host: HostEntry, facts: HostFacts, cluster: KnownCluster) -> str:
    """Why the host belongs to another cluster; empty if it does not."""
    same = bool(_certificates(facts.ca) & _certificates(cluster.ca))
    there = _description(facts)
    if is_control_plane(facts) and not facts.more.get("marked"):
        if same:
            return (
                "it is a control plane of this cluster that was not joined by k8sops, which cannot adopt it yet:"
                f" remove it from the inventory, or `k8sops reset {host.name}`, then `k8sops apply`"
            )
        if not facts.joined:
            paths = ", ".join(facts.more["plane"])
            return f"it has leftovers of a cluster that k8sops did not create ({paths}): {TAKE_OUT}"
        return f"it is a control plane of a cluster that k8sops did not create{there}: {TAKE_OUT}"
    if facts.joined and facts.ca and cluster.ca and not same:
        return f"it belongs to another cluster{there}: its CA is not that of {cluster.host}; {TAKE_OUT}"
    if cluster.absent and is_worker(facts) and not _half_joined(facts):
        back = f"`k8sops reset {host.name}`" if facts.more.get("marked") else TAKE_OUT
        return f"it is a node of another cluster{there}, and this one does not exist yet; {back}"
    return ""


def reset_findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    """Hosts that a reset must not touch, because they belong to another cluster than the inventory's."""
    cluster = _known_cluster(spec, fleet)
    for host in spec.hosts:
        if host.name not in fleet.leaving & fleet.facts.keys():
            continue
        facts = fleet[host.name]
        # After an interrupted reset this host may be the last of the cluster, and the reset may be repeated.
        ours = _certificates(facts.ca) & _certificates(cluster.ca) or (facts.more.get("marked") and not cluster.ca)
        why = "" if ours else foreign_cluster(host, facts, cluster)
        if why:
            yield Finding(host.name, "ForeignCluster", why)


def _description(facts: HostFacts) -> str:
    """Known facts of the cluster: ` (name kubernetes, Kubernetes 1.36.3, services 10.96.0.0/12)`."""
    known = (("name", "cluster-name"), ("Kubernetes", "version"), ("services", "services"), ("at", "endpoint"))
    parts = [f"{label} {value(facts, name)}" for label, name in known if value(facts, name)]
    return f" ({', '.join(parts)})" if parts else ""


def _certificates(pem: bytes) -> frozenset[bytes]:
    """The certificates of a bundle, which has several while a CA is rotated."""
    parts = pem.split(b"-----BEGIN CERTIFICATE-----")[1:]
    return frozenset(b"".join(part.split()) for part in parts)


def _place(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    """Findings about the host's role and name in the cluster, compared with the inventory."""
    if host.is_control_plane and is_worker(facts) and not _half_joined(facts):
        what = "a worker of this cluster, but the inventory lists it as a control plane"
        yield Finding(host.name, "Role", f"{host.name} is {what}: `k8sops reset {host.name}`, then `k8sops apply`")
    if not host.is_control_plane and is_control_plane(facts):
        what = "a control plane of this cluster, but the inventory lists it as a worker"
        back = f"move it back to the group control_plane, or `k8sops reset {host.name}`, then `k8sops apply`"
        yield Finding(host.name, "Role", f"{host.name} is {what}: {back}")
    node = node_name(facts)
    if facts.joined and node and node != host.name:
        what = f"this host is the node {node}, but the inventory calls it {host.name}"
        back = f"put the name {node} back, or reset the host before you rename it"
        yield Finding(host.name, "NodeName", f"{what}. The name of a node cannot be changed: {back}")


def _half_joined(facts: HostFacts) -> bool:
    """Whether kubelet never got a certificate, as after a join that was interrupted early."""
    return not facts.more.get("kubelet-certificate")


def node_name(facts: HostFacts) -> str:
    """The name of the node that kubelet's certificate is for (Kubernetes: Node authorization); empty without one."""
    lines = facts.more.get("kubelet-certificate")
    if not lines:
        return ""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        subject = x509.load_pem_x509_certificate("\n".join(lines).encode()).subject
    except ValueError:
        return ""
    names = [str(entry.value) for entry in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return next((name.removeprefix("system:node:") for name in names if name.startswith("system:node:")), "")


def _cluster(spec: ClusterSpec, fleet: Fleet, members: list[HostEntry]) -> Iterator[Finding]:
    """Settings of the living cluster that contradict the inventory. Unfinished control planes are ignored."""
    planes = [host for host in members if fleet[host.name].initialised]
    for host in planes:
        facts = fleet[host.name]
        version = value(facts, "version")
        if version and version != spec.version:
            yield Finding(host.name, "KubernetesVersion", _version(version, spec.version))
        yield from _immutable(spec, host, facts)
    for host in members:
        facts = fleet[host.name]
        if facts.joined and (planes or not host.is_control_plane):
            yield from _joined(spec, host, facts)


def _version(runs: str, wanted: str) -> str:
    way = "upgrading a living cluster is not supported yet"
    if _patch(wanted) < _patch(runs):
        way = "downgrades are not supported"
    return f'the cluster runs Kubernetes {runs}, the inventory says {wanted}: {way}; put kubernetes: "{runs}" back'


def _patch(version: str) -> tuple[int, ...]:
    return (*number(version), int(version.rpartition(".")[2].partition("-")[0] or 0))


def _immutable(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    """Settings that are fixed when a cluster is created."""
    for setting, name, wanted in (
        ("network.pods", "pods", str(spec.pods)),
        ("network.services", "services", str(spec.services)),
        ("cluster", "cluster-name", spec.cluster),
    ):
        present = value(facts, name)
        if present and _normal(present) != _normal(wanted):
            yield immutable(host.name, setting, present, wanted)
    stacked, external = "/var/lib/etcd/member" in facts.more.get("plane", ()), bool(spec.settings.etcd.external)
    manifest = "/etc/kubernetes/manifests/etcd.yaml" in facts.more.get("plane", ())
    if external and manifest and stacked:
        yield immutable(host.name, "etcd.external", "stacked etcd", "external etcd")
    if not external and is_control_plane(facts) and not manifest and not stacked:
        yield immutable(host.name, "etcd.external", "external etcd", "stacked etcd")


def _joined(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    """Settings that a node keeps from its join."""
    endpoint, wanted = value(facts, "endpoint"), f"https://{in_url(spec.endpoint_host)}:{spec.endpoint_port}"
    own = f"https://{in_url(host.address)}:{spec.endpoint_port}"
    if endpoint and endpoint not in (wanted, own):
        what = f"the cluster's endpoint is {endpoint.removeprefix('https://')}, the inventory says {spec.endpoint}"
        back = "changing the endpoint of a living cluster is not supported yet: put the old one back"
        yield Finding(host.name, "Endpoint", f"{what}; {back}")
    domain = value(facts, "dns-domain")
    if domain and domain != spec.settings.network.dns_domain:
        yield immutable(host.name, "network.dns_domain", domain, spec.settings.network.dns_domain)
    present = frozenset(plugin for plugin in PLUGINS for name in facts.more.get("cni", ()) if plugin in name)
    network = network_of(spec)
    if other := network.contradicts(spec, present):
        yield _other_network(host, other, network.wanted(spec))


def _other_network(host: HostEntry, present: str, wanted: str) -> Finding:
    what = f"the pod network is {present}, the inventory says {wanted}"
    back = "both would run side by side, and migration is not supported yet: put network.cni back"
    return Finding(host.name, "NetworkPlugin", f"{what}; {back}")


def immutable(host: str, setting: str, present: str, wanted: str) -> Finding:
    """A finding about a setting that can only be changed in a new cluster."""
    what = f"{setting}: the cluster has {present}, the inventory says {wanted}"
    return Finding(host, "Immutable", f"{what}; it cannot be changed on a living cluster: put {present} back")


def _normal(text: str) -> str:
    """Whether two networks are equal, in whatever notation."""
    try:
        return ",".join(str(ip_network(part.strip())) for part in text.split(","))
    except ValueError:
        return text
