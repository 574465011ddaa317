"""The lab's mirror: one container with the two doors that a host behind a firewall has, packages and images."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from k8sops.lab import build, images, packages
from k8sops.lab.engine import docker
from k8sops.lab.image import debian_sources, digest, ensure_image
from k8sops.lab.machine import LabError, Say, cache_dir, data_dir, taking

CONTAINER, LABEL = "k8sops-mirror", "k8sops.mirror"
REPOSITORY = "k8sops-lab-mirror"


@dataclass(frozen=True)
class Mirror:
    """The mirror as lab hosts see it; `key` is the fingerprint that its packages are signed with.

    `programs`: the folder on this machine with the kubectl of the first version.
    """

    container: str
    packages_url: str
    images_url: str
    key: str
    programs: Path


def ensure_mirror(versions: Sequence[str], say: Say) -> Mirror:
    """The mirror runs and holds these Kubernetes versions and what belongs to them; only what is missing is built."""
    pause = build.ensure_pause(say)
    kubernetes = {version: build.ensure_built(build.kubernetes(version), say) for version in versions}
    others = {version: _others(version, say) | {"pause": pause} for version in versions}
    build.forget_compilation()
    key, tools, root = packages.ensure_key(say), images.ensure_tools(say), cache_dir() / "mirror" / "www"
    units = data_dir() / "mirror" / "units"
    for version, folder in kubernetes.items():
        beside = others[version]
        inputs = digest(units.iterdir(), folder.name, beside["cni-plugins"].name, beside["cri-dockerd"].name)
        packages.ensure_repository(root, version, packages.packages_of(version, folder, beside), inputs, say)
    registry = _ensure_container(root, say)
    for version, folder in kubernetes.items():
        wanted = images.images_of(version, folder, others[version], tools)
        missing = [one for one in wanted if not images.has(registry, one)]
        if missing:
            with taking(say, f"pushing {len(missing)} images of Kubernetes {version}"):
                for one in missing:
                    images.push(registry, one)
    return Mirror(CONTAINER, "http://mirror", "http://mirror:5000", key, kubernetes[versions[0]])


def _others(version: str, say: Say) -> dict[str, Path]:
    return {name: build.ensure_built(one, say) for name, one in build.others(version).items()}


def _ensure_container(root: Path, say: Say) -> str:
    """The mirror's container runs and its registry answers; the URL of the registry from this machine."""
    image = _ensure_mirror_image(say)
    # A mirror that serves another cache is of no use here: its packages are signed by another key.
    wanted = [image, "running", digest([], str(root))]
    shown = f'{{{{.Image}}}} {{{{.State}}}} {{{{.Label "{LABEL}"}}}}'
    state = docker("ps", "--all", "--filter", f"name=^{CONTAINER}$", "--format", shown).split()
    if state and state != wanted:
        docker("rm", "--force", "--volumes", CONTAINER)
    if state != wanted:
        storage = cache_dir() / "mirror" / "registry"
        storage.mkdir(parents=True, exist_ok=True)
        docker(
            "run",
            "--detach",
            f"--name={CONTAINER}",
            f"--label={LABEL}={wanted[2]}",
            f"--volume={root}:/var/www/html:ro",
            f"--volume={storage}:/var/lib/docker-registry",
            f"--volume={data_dir() / 'mirror' / 'registry.yml'}:/etc/docker/registry/config.yml:ro",
            "--publish=127.0.0.1::5000",
            image,
            "sh",
            "-c",
            "docker-registry serve /etc/docker/registry/config.yml & exec nginx -g 'daemon off;'",
        )
    port = docker("port", CONTAINER, "5000/tcp").split()[0].rpartition(":")[2]
    registry = f"http://127.0.0.1:{port}"
    for _ in range(60):
        if images.answers(registry):
            return registry
        time.sleep(0.25)
    raise LabError("the lab's registry does not answer", remedy=f"docker logs {CONTAINER}")


def _ensure_mirror_image(say: Say) -> str:
    """The mirror's image: the lab's host image with Debian's docker-registry and nginx."""
    base = ensure_image(say)
    tag = f"{REPOSITORY}:{base.partition(':')[2]}"
    if not docker("image", "ls", "-q", tag).strip():
        with taking(say, "building the image of the mirror"):
            script = (
                "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "
                "docker-registry nginx-light && apt-get clean"
            )
            sources = debian_sources()
            name = f"{CONTAINER}-build"
            docker("rm", "--force", name)
            docker(
                "run",
                f"--name={name}",
                f"--volume={sources}:/etc/apt/sources.list.d/{sources.name}:ro",
                base,
                "sh",
                "-ec",
                script,
            )
            docker("commit", "-c", 'CMD ["/sbin/init"]', name, tag)
            docker("rm", "--force", "--volumes", name)
    return tag


def remove_mirror(say: Say) -> None:
    """No container and no image of the lab is left; what was built stays in the cache."""
    if docker("ps", "--all", "--quiet", "--filter", f"name=^{CONTAINER}$").strip():
        say("removing the mirror")
        docker("rm", "--force", "--volumes", CONTAINER)
    tags = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    ours = [tag for tag in tags if tag.startswith(("k8sops-lab-host:", f"{REPOSITORY}:"))]
    if ours:
        docker("image", "rm", "--force", *ours)
