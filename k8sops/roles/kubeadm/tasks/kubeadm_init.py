"""The first control plane, by `kubeadm init`."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource, cannot_tell
from k8sops.engine.shell import Secret
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.files import private_file
from k8sops.resources.services import service
from k8sops.roles.kubeadm.config import external_etcd_files, init_config
from k8sops.roles.kubeadm.facts import founder, identity, silent_hosts
from k8sops.roles.kubeadm.init import kubeadm_init


def etcd_files(spec: ClusterSpec) -> Iterator[Resource]:
    """Files by which API servers reach an external etcd."""
    for path, content in external_etcd_files(spec):
        yield private_file(path, Secret("external_etcd_" + path.rpartition("/")[2].replace(".", "_"), content))


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    if founder(spec, fleet) != host.name:
        return
    silent = [one.name for one in silent_hosts(spec, fleet) if one.is_control_plane]
    if silent and not fleet[host.name].initialised:
        # The cluster may already exist on an unreachable control plane: a second one would be the worst outcome.
        yield cannot_tell("kubeadm-init", f"{', '.join(silent)} unreachable: is there a cluster already?")
        return
    yield from etcd_files(spec)
    yield kubeadm_init(init_config(spec, host), ignore=spec.kubeadm_ignores)
    yield service("kubelet")


TASK = Task(
    name="kubeadm-init",
    title="first control plane initialised",
    needs=("kubernetes-packages", "container-runtime"),
    resources=_resources,
    findings=identity.findings,
    asks=identity.asks,
)
