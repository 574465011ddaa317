"""No pod network: somebody else brings one."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.inventory.spec import ClusterSpec


def images(spec: ClusterSpec) -> Sequence[str]:
    return ()
