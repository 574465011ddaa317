"""Two hundred hosts at once: real sshd on each, and none is lost to a limit of sshd or of this machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from bench import many
from bench.crowd import Crowd, crowd
from bench.measure import run

COUNT = 200


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with crowd("test-many", COUNT, tmp_path_factory.mktemp("many"), print) as made:
        yield made


def recap(hosts: Crowd, *words: str) -> dict[str, dict[str, int]]:
    """What an apply came to on each host."""
    command = many.apply(hosts, COUNT, "-o", "json", *words)
    done = subprocess.run(command.argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, dict[str, int]] = json.loads(done.stdout)["hosts"]
    return found


def test_all_are_changed_at_once_then_none(hosts: Crowd) -> None:
    first = recap(hosts)
    assert {(one["changed"], one["failed"], one["unreachable"]) for one in first.values()} == {(11, 0, 0)}
    assert len(first) == COUNT
    second = run(many.apply(hosts, COUNT))
    assert "Plan: no changes" in second.printed
    assert second.mib <= 300


def test_one_that_drifted_is_the_only_one_changed(hosts: Crowd) -> None:
    name = list(hosts.hosts)[-1]
    hosts.forget(name)
    assert {host for host, one in recap(hosts).items() if one["changed"]} == {name}
