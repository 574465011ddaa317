"""kubelet, kubeadm and kubectl at an exact version, held; and the container runtime, so that apt runs once."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops import identity
from k8sops.facts import Fleet, HostFacts
from k8sops.resource import Resource
from k8sops.resources.packages import apt_repository, deb, packages
from k8sops.resources.services import service
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task

KUBERNETES = ("kubelet", "kubeadm", "kubectl")
NEEDED = ("conntrack", "ebtables", "ethtool", "iptables", "socat", "bash-completion")


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield apt_repository("kubernetes", spec.package_repository, spec.settings.packages.key)
    runtime = _runtime(spec, host, fleet[host.name])
    wanted = {**dict.fromkeys(KUBERNETES, spec.package_version), **dict.fromkeys((*runtime, *NEEDED), None)}
    yield packages("kubernetes", wanted, hold=KUBERNETES)
    own = spec.settings.docker.cri_dockerd
    if host.runtime == "docker" and own and not spec.has_dockershim:
        yield deb("cri-dockerd", own.url, own.sha256)
    yield service("kubelet", running=False)


def _runtime(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> list[str]:
    """The distribution's own packages, unless those of Docker's repository are there already."""
    if host.runtime == "containerd":
        return ["containerd.io" if "containerd.io" in facts.packages else "containerd"]
    docker = ["docker-ce" if "docker-ce" in facts.packages else "docker.io"]
    from_apt = not spec.has_dockershim and spec.settings.docker.cri_dockerd is None
    return [*docker, "cri-dockerd"] if from_apt else docker


TASK = Task(
    name="kubernetes-packages",
    title="kubelet, kubeadm and kubectl installed and held",
    resources=_resources,
    findings=identity.findings,
    asks=identity.asks,
)
