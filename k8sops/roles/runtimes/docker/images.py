"""Images in Docker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.roles.runtimes.facts.registry import docker_prefix

OF_CONTROL_PLANES = "kube-apiserver:*|kube-controller-manager:*|kube-scheduler:*|etcd:*"


def images(version: str, mirrors: Mapping[str, str], more: Sequence[str], *, control_plane: bool) -> Resource:
    """The cluster's own images are there under their own names, pulled from the mirrors of their registries.

    Docker asks mirrors for the images of Docker Hub only (dockerd(8), registry-mirrors), so kubelet could not pull
    these. Which ones kubeadm needs, it says itself (`kubeadm config images list`); `more` come beside them.
    """
    cases = "\n".join(
        f"{quote(registry + '/')}*) from={quote(docker_prefix(url))} ;;" for registry, url in mirrors.items()
    )
    skipped = "-" if control_plane else OF_CONTROL_PLANES
    listing = f"""missing() {{
  local image from
  for image in $(kubeadm config images list --kubernetes-version v{version} --image-repository registry.k8s.io) \\
    {" ".join(map(quote, more))}; do
    case ${{image##*/}} in {skipped}) continue ;; esac
    case $image in
{cases}
    *) continue ;;
    esac
    docker image inspect "$image" >/dev/null 2>&1 || echo "$image $from"
  done
}}"""
    return Resource(
        id="docker-images",
        check=f"""type -P kubeadm docker >/dev/null || drift
{listing}
has=$(missing)
[ -z "$has" ] || drift "$(sed 's/ .*//; s/^/missing: /' <<<"$has")" """,
        apply=f"""{listing}
missing | while read -r image from; do
  docker pull --quiet "$from/${{image#*/}}" </dev/null
  docker tag "$from/${{image#*/}}" "$image"
  docker rmi "$from/${{image#*/}}" >/dev/null
done""",
        want="cluster images, from " + ", ".join(sorted(set(mirrors.values()))),
        deadline=1200,
    )
