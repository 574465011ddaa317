"""What belongs to a Kubernetes release: data, from its `kubeadm config images list` and test/utils/image."""

from __future__ import annotations

from dataclasses import dataclass

from k8sops.errors import InputError


@dataclass(frozen=True)
class Release:
    """Tags of the images that kubeadm of a minor uses, of the image that its own tests use, and the API version
    of its configuration files."""

    etcd: str
    coredns: str
    pause: str
    agnhost: str
    kubeadm_api: str = "v1beta4"


RELEASES = {
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
