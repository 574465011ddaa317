"""`network.flannel` in the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from k8sops.inventory.plugins import PluginModel


class Flannel(PluginModel):
    node_ranges: ClassVar[bool] = True
    edits: ClassVar[Mapping[str, tuple[str, str]]] = {
        "backend": ("applied", "flannel's pods are replaced, one node after another")
    }

    backend: Literal["vxlan", "host-gw"] = "vxlan"


SETTINGS = Flannel
