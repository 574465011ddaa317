"""k8sops: provision and operate kubeadm clusters over SSH.

This is the public interface, for scripts and notebooks; docs/api.md shows how it is used. All other modules may change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8sops.operations.api import (
        ClusterSpec,
        FakeHost,
        Filters,
        HostState,
        K8sopsError,
        Plan,
        Report,
        Request,
        apply,
        load_inventory,
        plan,
        read_run,
    )

__version__ = "0.1.0"
__all__ = [
    "ClusterSpec",
    "FakeHost",
    "Filters",
    "HostState",
    "K8sopsError",
    "Plan",
    "Report",
    "Request",
    "__version__",
    "apply",
    "load_inventory",
    "plan",
    "read_run",
]


def __getattr__(name: str) -> Any:
    """The interface is imported when it is first used: the command line starts without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("k8sops.operations.api"), name)


def __dir__() -> list[str]:
    return __all__
