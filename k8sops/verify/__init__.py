"""The test suite for a cluster, run by pytest with testinfra over k8sops's own connections."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console

from k8sops.engine.host import Host
from k8sops.engine.shell import envelope, new_mark
from k8sops.errors import HostError
from k8sops.inventory.spec import ClusterSpec
from k8sops.report.terminal import table


@dataclass(frozen=True)
class Result:
    """One test: what it says holds, whether it does, how long it took, and what it found instead."""

    name: str
    passed: bool
    seconds: float
    why: str = ""


class Suite:
    """The pytest plugin that gives tests the cluster, and keeps their results."""

    def __init__(
        self, spec: ClusterSpec, connect: Callable[[str], Host], tell: Callable[[Result], None], timeout: float
    ) -> None:
        self.spec, self.connect, self.tell = spec, connect, tell
        self.until, self.results = time.monotonic() + timeout, list[Result]()

    def time_left(self) -> float:
        """Seconds for which what does not hold yet is looked at again; all tests share them."""
        return self.until - time.monotonic()

    @cached_property
    def plane(self) -> Host:
        """The first control plane whose API answers, for work on the cluster itself."""
        hosts = [self.connect(one.name) for one in self.spec.control_planes]
        return next((host for host in hosts if _has_api(host)), hosts[0])

    def pytest_generate_tests(self, metafunc: Any) -> None:
        if "entry" in metafunc.fixturenames:
            metafunc.parametrize("entry", self.spec.hosts, ids=lambda host: host.name)

    def pytest_configure(self, config: Any) -> None:
        config.k8sops = self

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when != "call" and report.passed:
            return
        name = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        why = "" if report.passed else _reason(report)
        result = Result(name, report.passed, round(report.duration, 2), why)
        self.results.append(result)
        self.tell(result)


def _has_api(host: Host) -> bool:
    try:
        return host.run(envelope(new_mark(), ["kubectl get --raw=/readyz --request-timeout=5s || exit 1"])).ok
    except HostError:
        return False


def _reason(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr)
    return text.removeprefix("AssertionError: ").split("\nassert ")[0].strip()


def run_suite(
    spec: ClusterSpec,
    connect: Callable[[str], Host],
    tell: Callable[[Result], None],
    timeout: float,
    junit: Path | None = None,
) -> list[Result]:
    """The results of all tests; each is told as it ends. `timeout`: seconds within which the cluster must hold."""
    import pytest

    folder, suite = Path(__file__).parent, Suite(spec, connect, tell, timeout)
    argv = ["-p", "no:terminal", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={folder}", str(folder)]
    if junit:
        argv += [
            f"--junit-xml={junit.resolve()}",
            "-o",
            "junit_family=xunit2",
            "-o",
            f"junit_suite_name={spec.cluster}",
        ]
    pytest.main(argv, plugins=[suite])
    return suite.results


def print_results(console: Console, results: list[Result]) -> None:
    """A line a test, failures with their reason."""
    rows = [("ok" if one.passed else "FAILED", one.name, f"{one.seconds:.1f}", one.why) for one in results]
    table(console, ("RESULT", "TEST", "SECONDS", "WHY"), rows)
