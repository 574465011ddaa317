"""kubelet, kubeadm and kubectl at an exact version, held; and containerd, so that apt runs once."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.packages import apt_repository, packages
from k8sops.resources.services import service
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task

KUBERNETES = ("kubelet", "kubeadm", "kubectl")
NEEDED = ("conntrack", "ebtables", "ethtool", "iptables", "socat", "bash-completion")


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield apt_repository("kubernetes", spec.package_repository, spec.settings.packages.key)
    runtime = "containerd.io" if "containerd.io" in fleet[host.name].packages else "containerd"
    wanted = {**dict.fromkeys(KUBERNETES, spec.package_version), **dict.fromkeys((runtime, *NEEDED), None)}
    yield packages("kubernetes", wanted, hold=KUBERNETES)
    yield service("kubelet", running=False)


TASK = Task(name="kubernetes-packages", title="kubelet, kubeadm and kubectl installed and held", resources=_resources)
