"""Nodes Ready, with the labels, annotations and taints of the inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.kubernetes import leaders_alive, nodes_ready, replicas, rolled_out
from k8sops.roles.kubeadm.facts import silent_hosts
from k8sops.roles.kubeadm.facts.living import cluster_of
from k8sops.roles.nodes.metadata import node
from k8sops.roles.protocols import network_of


@dataclass(frozen=True)
class Declared:
    """What k8sops has set on nodes before, by name: the text of their annotation."""

    notes: Mapping[str, str]


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    # An unreachable host is skipped by the run, so nothing waits for its node.
    there = [one for one in spec.hosts if one.name in fleet.there]
    declared = fleet.decided(Declared) or Declared({})
    for one in there:
        noted = declared.notes.get(one.name, "")
        if one.labels or one.annotations or one.taints or noted:
            yield node(one.name, labels=one.labels, annotations=one.annotations, taints=one.taints, noted=noted)
    yield leaders_alive()
    network = network_of(spec)
    if not network.makes_ready:
        return
    started = {one.name: at for one in there if (at := fleet[one.name].kubelet_started)}
    yield nodes_ready([one.name for one in there], started=started)
    yield replicas("kube-system", "coredns", at_least=2)
    # A rollout cannot complete while one of its nodes is gone, like those of old hosts in a cluster rebuilt from a
    # backup.
    if silent_hosts(spec, fleet) or fleet.parameters.get("backup"):
        return
    yield rolled_out("Deployment", "kube-system", "coredns", optional=True, after=["replicas:coredns"])
    nodes = [one.name for one in spec.hosts]
    for rollout in network.rollouts(spec):
        yield rolled_out(rollout.kind, rollout.namespace, rollout.name, nodes=nodes, after=rollout.after)


def _decides(spec: ClusterSpec, fleet: Fleet) -> Iterator[Declared]:
    """What k8sops has set on nodes before, from their annotation."""
    cluster = cluster_of(spec, fleet)
    notes = {name: node.declared for name, node in cluster.nodes.items() if node.declared} if cluster else {}
    yield Declared(notes)


TASK = Task(
    name="nodes",
    title="nodes ready, with the declared labels and taints",
    needs=("cni",),
    resources=_resources,
    decides=_decides,
)
