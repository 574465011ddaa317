"""What kubelet runs containers with: containerd, or Docker behind cri-dockerd."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.kubeadm import cluster_images
from k8sops.render import render
from k8sops.resource import Resource, later
from k8sops.resources.docker import images
from k8sops.resources.files import file
from k8sops.resources.services import service
from k8sops.resources.withdrawn import withdrawn
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task

CONTAINERD = "/etc/containerd/config.toml"
HOSTS = "/etc/containerd/certs.d/{}/hosts.toml"
DAEMON = "/etc/docker/daemon.json"
FORWARD = "/etc/systemd/system/docker.service.d/k8sops.conf"
CRI_DOCKERD = "/etc/systemd/system/cri-docker.service.d/k8sops.conf"


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    return _docker(spec, host) if host.runtime == "docker" else _containerd(spec, fleet[host.name].containerd)


def _containerd(spec: ClusterSpec, version: str | None) -> Iterator[Resource]:
    for registry, url in sorted(spec.settings.mirrors.images.items()):
        text = render("containerd/hosts.toml.j2", spec=spec, registry=registry, url=url.rstrip("/"))
        yield file(HOSTS.format(registry), text)
    kept = map(HOSTS.format, spec.settings.mirrors.images)
    yield withdrawn("image-mirrors", HOSTS.format("*"), kept, first="# Written by k8sops")
    if version is None:
        yield later(f"file:{CONTAINERD}", "its form depends on containerd's version, which is not installed yet")
    else:
        major = 2 if version.removeprefix("2:").startswith("1.") else 3
        yield file(CONTAINERD, render(f"containerd/config-v{major}.toml.j2", spec=spec))
    yield service("containerd", reads=(CONTAINERD,))


def _docker(spec: ClusterSpec, host: HostEntry) -> Iterator[Resource]:
    mirrors = {registry: url.rstrip("/") for registry, url in sorted(spec.settings.mirrors.images.items())}
    insecure = sorted(
        {url.removeprefix("http://").split("/")[0] for url in mirrors.values() if url.startswith("http:")}
    )
    yield file(DAEMON, render("docker/daemon.json.j2", spec=spec, mirrors=mirrors, insecure=insecure))
    yield file(FORWARD, render("docker/docker.conf.j2", spec=spec))
    yield service("docker", reads=(DAEMON, FORWARD))
    if not spec.has_dockershim:
        yield file(CRI_DOCKERD, render("docker/cri-docker.conf.j2", spec=spec))
        yield service("cri-docker", reads=(CRI_DOCKERD,))
    if mirrors:
        wanted = cluster_images(spec)
        yield images(spec.version, mirrors, wanted, control_plane=host.is_control_plane)


TASK = Task(
    name="container-runtime",
    title="containers run as kubelet needs it",
    needs=("kubernetes-packages",),
    resources=_resources,
)
