"""A pod network of the user's own: manifests, and the ports that its nodes speak to each other on."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.inventory.spec import ClusterSpec


def images(spec: ClusterSpec) -> Sequence[str]:
    return ()
