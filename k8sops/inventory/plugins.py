"""The network plugins that are installed: the folders of roles/networks that have a settings.py.

The inventory reads no more of them than that file, whose SETTINGS is the model of `network.NAME`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

PACKAGE = "k8sops.roles.networks"


class PluginModel(BaseModel):
    """The settings of a network plugin: `network.NAME` in the inventory. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    node_ranges: ClassVar[bool] = False
    """Whether pods get their addresses from the range that kube-controller-manager gives to their node."""
    edits: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """What an edit of each setting does on a living cluster (inventory/page.py)."""


@cache
def networks() -> dict[str, type[PluginModel]]:
    """The model of each plugin's settings, by its name."""
    names = [module.name for module in iter_modules(import_module(PACKAGE).__path__) if module.ispkg]
    homes = {name: f"{PACKAGE}.{name}.settings" for name in sorted(names)}
    return {name: import_module(home).SETTINGS for name, home in homes.items() if find_spec(home)}
