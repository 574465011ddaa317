"""containerd, configured for kubelet."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.render import render
from k8sops.resource import Resource, later
from k8sops.resources.files import file
from k8sops.resources.services import service
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task

CONFIG = "/etc/containerd/config.toml"


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    for registry, url in sorted(spec.settings.mirrors.images.items()):
        text = render("containerd/hosts.toml.j2", registry=registry, url=url.rstrip("/"))
        yield file(f"/etc/containerd/certs.d/{registry}/hosts.toml", text)
    version = fleet[host.name].containerd
    if version is None:
        yield later(f"file:{CONFIG}", "its form depends on containerd's version, which is not installed yet")
    else:
        major = 2 if version.removeprefix("2:").startswith("1.") else 3
        yield file(CONFIG, render(f"containerd/config-v{major}.toml.j2", spec=spec))
    yield service("containerd", reads=(CONFIG,))


TASK = Task(
    name="container-runtime",
    title="containerd runs as kubelet needs it",
    needs=("kubernetes-packages",),
    resources=_resources,
)
