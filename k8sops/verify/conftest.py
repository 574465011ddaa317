"""What the tests are given: the cluster, its hosts, a control plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.verify.backend import over_testinfra


@pytest.fixture
def spec(request: pytest.FixtureRequest) -> ClusterSpec:
    found: ClusterSpec = request.config.k8sops.spec  # type: ignore[attr-defined]
    return found


@pytest.fixture
def node(request: pytest.FixtureRequest, entry: HostEntry) -> Any:
    """testinfra's view of the host under test."""
    return over_testinfra(request.config.k8sops.connect(entry.name))  # type: ignore[attr-defined]


@pytest.fixture
def plane(request: pytest.FixtureRequest, spec: ClusterSpec) -> Any:
    """testinfra's view of a control plane, for work on the cluster itself."""
    return over_testinfra(request.config.k8sops.plane)  # type: ignore[attr-defined]


@pytest.fixture
def time_left(request: pytest.FixtureRequest) -> Callable[[], float]:
    """The seconds for which what does not hold yet may still be looked at again."""
    found: Callable[[], float] = request.config.k8sops.time_left  # type: ignore[attr-defined]
    return found
