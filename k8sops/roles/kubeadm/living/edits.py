"""Settings in which the living cluster differs from the inventory, and that k8sops cannot roll out yet."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.findings import Finding
from k8sops.inventory.spec import ClusterSpec
from k8sops.roles.kubeadm.facts import living
from k8sops.roles.kubeadm.living import control_plane, nodes, schedule
from k8sops.roles.kubeadm.living.edit import Edit, text_of
from k8sops.roles.protocols import network_of, networks

OTHER_WAYS = {"BackupSchedule": "`k8sops etcd schedule` changes it"}
"""How to roll an edit out, if not by `apply`."""
KUBEADM_TAINT = "node-role.kubernetes.io/control-plane:NoSchedule"


def findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    """One finding a setting and host, in the same words wherever it is the same edit."""
    groups: dict[tuple[str, str, str, str], list[Edit]] = {}
    for edit in edits(spec, fleet):
        key = edit.kind, edit.setting, text_of(edit.has), text_of(edit.wants)
        groups.setdefault(key, []).append(edit)
    unknown = {gate for facts in fleet.facts.values() for gate in facts.more.get("living.unknown-gate", ())}
    for (kind, setting, has, wants), same in groups.items():
        places = ", ".join(dict.fromkeys(edit.place for edit in same))
        what = f"{setting}: the inventory says {wants}, the cluster has {has} ({places})"
        gate = setting.removeprefix("feature_gates.")
        if kind == "FeatureGates" and gate in unknown:
            what += f"; Kubernetes {spec.version} has no feature gate {gate}, and components do not start with it"
        what += "; " + OTHER_WAYS.get(kind, "k8sops cannot change this on a living cluster yet")
        for host in dict.fromkeys(edit.host for edit in same):
            yield Finding(host, kind, what)


def edits(spec: ClusterSpec, fleet: Fleet) -> Iterator[Edit]:
    """All that differs, setting by setting."""
    cluster = living.cluster_of(spec, fleet)
    planes = [host for host in spec.control_planes if fleet[host.name].initialised]
    if cluster and cluster.kubeadm is not None:
        yield from control_plane.kubeadm_config(spec, cluster.kubeadm, cluster.source)
    for host in planes:
        yield from control_plane.static_pods(spec, host, fleet[host.name])
        yield from schedule.schedule(spec, host, fleet[host.name])
    yield from control_plane.sans(spec, fleet, cluster, planes)
    if cluster and cluster.proxy is not None:
        yield from nodes.kube_proxy(spec, cluster)
    yield from nodes.kubelets(spec, fleet, cluster)
    for host in spec.hosts:
        if fleet[host.name].joined and (host in planes or not host.is_control_plane):
            yield from nodes.kubelet_flags(spec, host, fleet[host.name])
            yield from nodes.address(spec, host, fleet[host.name], cluster)
    if not network_of(spec).makes_ready:
        for host in planes:
            for plugin in networks():
                if f"living.{plugin.name}" in fleet[host.name].more:
                    place = f"/etc/cni/net.d/{plugin.config}"
                    yield Edit("PodNetwork", "network.cni", plugin.name, "none", host.name, place)


def membership(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    """Nodes that are not in the inventory, and kubeadm's taint where the inventory says `taints: []`."""
    cluster = living.cluster_of(spec, fleet)
    if cluster is None:
        return
    hosts = {host.name: host for host in spec.hosts}
    for name, node in cluster.nodes.items():
        host = hosts.get(name)
        if host is None:
            way = f"`k8sops reset {name}` with the host in the inventory, or `kubectl drain` and `kubectl delete node`"
            what = f"a node since {node.since}, but not in the inventory; remove it with {way}"
            yield Finding(name, "NodeNotInInventory", what)
        elif host.untainted and KUBEADM_TAINT in node.taints:
            way = f"`kubectl taint node {name} {KUBEADM_TAINT}-` removes it"
            yield Finding(name, "Taints", f"taints: the inventory says [], the node has {KUBEADM_TAINT}; {way}")
