"""What belongs to a Kubernetes release: data, from its `kubeadm config images list` and test/utils/image."""

from __future__ import annotations

from dataclasses import dataclass

from k8sops.errors import InputError


@dataclass(frozen=True)
class Release:
    """Tags of the images that kubeadm of a minor uses, of the image that its own tests use, and the API version
    of its configuration files. Those of etcd and CoreDNS are known for the releases that the lab can build."""

    etcd: str = ""
    coredns: str = ""
    pause: str = "3.10"
    agnhost: str = "2.53"
    kubeadm_api: str = "v1beta4"


RELEASES = {
    "1.19": Release(pause="3.2", kubeadm_api="v1beta2"),
    "1.20": Release(pause="3.2", kubeadm_api="v1beta2"),
    "1.21": Release(pause="3.4.1", kubeadm_api="v1beta2"),
    "1.22": Release(pause="3.5", kubeadm_api="v1beta3"),
    "1.23": Release(pause="3.6", kubeadm_api="v1beta3"),
    "1.24": Release(pause="3.7", kubeadm_api="v1beta3"),
    "1.25": Release(pause="3.8", kubeadm_api="v1beta3"),
    "1.26": Release(pause="3.9", kubeadm_api="v1beta3"),
    "1.27": Release(pause="3.9", kubeadm_api="v1beta3"),
    "1.28": Release(pause="3.9", kubeadm_api="v1beta3"),
    "1.29": Release(pause="3.9", kubeadm_api="v1beta3"),
    "1.30": Release(pause="3.9", kubeadm_api="v1beta3"),
    "1.31": Release(),
    "1.32": Release(),
    "1.33": Release("3.5.21-0", "v1.12.0", "3.10", "2.53"),
    "1.34": Release("3.6.5-0", "v1.12.1", "3.10.1", "2.56"),
    "1.35": Release("3.6.6-0", "v1.13.1", "3.10.1", "2.59"),
    "1.36": Release("3.6.8-0", "v1.14.2", "3.10.2", "2.63.0"),
    "1.37": Release("3.7.0-0", "v1.14.6", "3.10.2", "2.66.1"),
}


def minor_of(version: str) -> str:
    """`1.36.3` -> `1.36`."""
    return version.rpartition(".")[0]


def release_of(version: str) -> Release:
    """What belongs to this version; InputError when k8sops does not know its minor."""
    minor = minor_of(version)
    if minor not in RELEASES:
        raise InputError(f"Kubernetes {version} is not supported", remedy=f"supported minors: {', '.join(RELEASES)}")
    return RELEASES[minor]


def number(version: str) -> tuple[int, ...]:
    """The minor as numbers, for comparison: `1.36.3` -> (1, 36)."""
    return tuple(int(part) for part in minor_of(version).split("."))


CONTAINERD_NEEDED = {"1.26": (1, 6), "1.38": (2, 0)}
"""containerd that kubelet needs, from this minor on. 1.26 speaks CRI v1 only, which came with containerd 1.6
(kubernetes.io/blog/2022/11/18/upcoming-changes-in-kubernetes-1-26). 1.38 asks the runtime for its cgroup driver and
has no other way (KEP-4033), which containerd answers since 2.0."""
CONTAINERD_OF = {("debian", "11"): "1.4.13"}
"""containerd of a distribution that is too old, where apt has no lists yet and so names no candidate."""


def needed_containerd(version: str) -> tuple[tuple[int, int], tuple[str, tuple[int, int]] | None]:
    """The containerd that this Kubernetes needs at least; and the next minor, if that one needs a newer one."""
    major, minor = number(version)
    needed = max(((0, 0), *(has for since, has in CONTAINERD_NEEDED.items() if number(f"{since}.0") <= (major, minor))))
    following = f"{major}.{minor + 1}"
    return needed, ((following, CONTAINERD_NEEDED[following]) if following in CONTAINERD_NEEDED else None)
