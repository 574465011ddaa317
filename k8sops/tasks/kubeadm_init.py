"""The first control plane, by `kubeadm init`."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.kubeadm import init_config
from k8sops.resource import Resource
from k8sops.resources.kubernetes import kubeadm_init
from k8sops.resources.services import service
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield kubeadm_init(init_config(spec, host), ignore=spec.kubeadm_ignores)
    yield service("kubelet")


TASK = Task(
    name="kubeadm-init",
    title="a control plane, initialised",
    needs=("kubernetes-packages", "container-runtime"),
    resources=_resources,
)
