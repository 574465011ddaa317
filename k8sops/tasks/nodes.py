"""Nodes are Ready and bear what the inventory declares."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.kubeadm import silent_hosts
from k8sops.resource import Resource
from k8sops.resources.kubernetes import leaders_alive, node, nodes_ready, replicas, rolled_out
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    # A host that does not answer is left out of the run, so nothing waits for its node.
    there = [one for one in spec.hosts if one.name in fleet.there]
    for one in there:
        if one.labels or one.annotations or one.taints:
            yield node(one.name, labels=one.labels, annotations=one.annotations, taints=one.taints)
    yield leaders_alive()
    if spec.settings.network.cni == "none":
        return
    started = {one.name: at for one in there if (at := fleet[one.name].kubelet_started)}
    yield nodes_ready([one.name for one in there], started=started)
    yield replicas("kube-system", "coredns", at_least=2)
    # A roll-out cannot end while a node that takes part in it is gone, as are those of old hosts in a cluster that was
    # made of a backup.
    if silent_hosts(spec, fleet) or fleet.parameters.get("backup"):
        return
    yield rolled_out("Deployment", "kube-system", "coredns", optional=True, after=["replicas:coredns"])
    if spec.settings.network.cni == "flannel":
        nodes = [one.name for one in spec.hosts]
        yield rolled_out("DaemonSet", "kube-flannel", "kube-flannel-ds", nodes=nodes, after=["manifest:flannel"])


TASK = Task(name="nodes", title="nodes ready, labelled and tainted as declared", needs=("cni",), resources=_resources)
