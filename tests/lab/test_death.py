"""Deaths, cuts and collisions on bare hosts: running again converges, and no two runs ever write side by side."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import strikes
from conftest import Cluster
from strikes import SEED, Started, Tally

from k8sops.engine.shell import RUN_LOCK, quote

pytestmark = pytest.mark.beside
PAIRS = int(os.environ.get("K8SOPS_PAIRS", "5"))
STRIKES = strikes.STRIKES - strikes.OVER_CLUSTERS
BOOK = """\
- {name: Hosts, hosts: all, tasks: [swap, kernel, names, time-sync, shell-comfort]}
"""
HOSTS = ("cp1", "w1")
DRIFT = "rm -f /etc/profile.d/k8sops.sh /etc/sysctl.d/*k8sops* /etc/modules-load.d/*k8sops*; sed -i '/k8sops/,/k8sops/d' /etc/hosts 2>/dev/null || true"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane's host and a worker's, bare, without a mirror: nothing is installed on them."""
    made = Cluster(tmp_path_factory.mktemp("death"), "death")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "1", "--bare")
    (made.folder / "book.yaml").write_text(BOOK)
    yield made
    made.k8sops("lab", "down", made.name)


def started(hosts: Cluster, state: Path, *words: str) -> Started:
    return Started(hosts, state, "apply", "--yes", *words, "-p", str(hosts.folder / "book.yaml"))


def apply(hosts: Cluster, *words: str, expect: int = 0) -> str:
    return hosts.k8sops("apply", "--yes", "-p", str(hosts.folder / "book.yaml"), *words, expect=expect).out


def converged(hosts: Cluster) -> None:
    """Running again converges, and the run after that has nothing to do."""
    apply(hosts, "--wait", "60")
    assert "no changes" in apply(hosts)
    for host in HOSTS:
        assert hosts.on(host, "find /etc -name '.k8sops.*'") == ""


def busy(hosts: Cluster) -> None:
    """The next step that writes a file on w1 goes on until `done`: a fuse of the test, in the place of a slow apt."""
    fuse = '#!/bin/bash\nwhile [ -e /run/busy ]; do sleep 0.1; done\nexec /bin/sync "$@"\n'
    hosts.on(
        "w1", f"{DRIFT}; touch /run/busy; printf %s {quote(fuse)} >/usr/local/bin/sync; chmod +x /usr/local/bin/sync"
    )


def done(hosts: Cluster) -> None:
    hosts.on("w1", "rm -f /run/busy /usr/local/bin/sync")


def test_two_operators_at_once_never_write_side_by_side(hosts: Cluster, tmp_path: Path) -> None:
    for pair in range(PAIRS):
        for host in HOSTS:
            hosts.on(host, DRIFT)
        both = [started(hosts, tmp_path / f"{pair}{name}", "--wait", "120") for name in "ab"]
        ends = [one.end(300) for one in both]
        assert [code for code, _ in ends] == [0, 0], ends
        spans = []
        for one in both:
            at = [event["at"] for event in one.events() if event["type"] == "step"]
            spans += [(min(at), max(at))] if at else []
        spans.sort()
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans)), spans
    print(f"{PAIRS} pairs, 0 interleaved writes")


def test_the_second_is_told_who_and_since_when_and_the_lock_is_free_5_s_after_the_first_is_killed(
    hosts: Cluster, tmp_path: Path, until: Callable[[Callable[[], bool], float], None]
) -> None:
    busy(hosts)

    def free() -> bool:
        return "free" in hosts.on("cp1", f"flock -n {RUN_LOCK} echo free || true")

    first = started(hosts, tmp_path / "a")
    until(lambda: any(event.get("state") == "apply" for event in first.events()), 30)
    ran = hosts.k8sops("apply", "--yes", "-p", str(hosts.folder / "book.yaml"), expect=7)
    assert "the cluster is locked on cp1 by " in ran.err
    assert "since" in ran.err
    assert hosts.k8sops("plan", "-p", str(hosts.folder / "book.yaml")).code == 0
    assert not free()
    first.process.kill()
    # The kernel's own word, asked on the host: the start of another k8sops would be measured with it.
    until(free, 5)
    first.end()
    second = started(hosts, tmp_path / "b", "--wait", "60")
    # The script of the one that died is still at its step; it is named and waited for, not joined.
    assert second.sees(lambda event: event["type"] == "waiting", 60)
    done(hosts)
    code, said = second.end()
    assert code == 0
    assert "still running there" in said
    converged(hosts)


def test_ctrl_c_finishes_what_runs_and_says_where_it_stopped(
    hosts: Cluster, tmp_path: Path, until: Callable[[Callable[[], bool], float], None]
) -> None:
    busy(hosts)
    one = started(hosts, tmp_path)
    until(lambda: any(event.get("state") == "apply" and event["host"] == "w1" for event in one.events()), 30)
    one.process.send_signal(signal.SIGINT)
    # It is told within a beat, and the step that runs takes longer than that.
    time.sleep(6)
    done(hosts)
    code, said = one.end()
    assert code == 130
    assert "Stopping after the current step" in said
    assert "Run the same command again" in said
    states = [event["state"] for event in one.events() if event["type"] == "step" and event["host"] == "w1"]
    assert states[-1] in ("changed", "holds")
    converged(hosts)


def test_a_plan_that_was_saved_runs_as_it_was_shown_or_is_refused(hosts: Cluster, tmp_path: Path) -> None:
    book, file = str(hosts.folder / "book.yaml"), tmp_path / "plan.json"
    hosts.on("w1", "rm -f /etc/profile.d/k8sops.sh; echo 0 >/proc/sys/net/ipv4/ip_forward")
    hosts.k8sops("plan", "-p", book, "--out", str(file), "--pick", "file:/etc/profile.d/*")
    assert file.stat().st_mode & 0o777 == 0o600
    shown = hosts.k8sops("show", str(file)).out
    assert "file:/etc/profile.d/k8sops.sh" in shown
    assert "sysctl" not in shown
    hosts.on("w1", "echo '# somebody was here' >/etc/profile.d/k8sops.sh")
    refused = hosts.k8sops("apply", str(file), expect=5).err
    assert "w1 / shell-comfort / file:/etc/profile.d/k8sops.sh: the host's state has changed" in refused
    hosts.on("w1", "rm /etc/profile.d/k8sops.sh")
    hosts.k8sops("apply", str(file))
    assert hosts.on("w1", "ls /etc/profile.d/k8sops.sh; cat /proc/sys/net/ipv4/ip_forward").split()[1] == "0"
    assert "the approved plan is out of date" in hosts.k8sops("apply", str(file), expect=5).err
    converged(hosts)


@pytest.fixture(scope="module")
def tally(hosts: Cluster) -> Iterator[Tally]:
    strikes.watch_twice(hosts, HOSTS, ("apt-get", "sync"))
    made = Tally()
    yield made
    print(f"\nseed {SEED}, bare hosts: {made.summary()}")


@pytest.mark.parametrize("at", range(STRIKES))
def test_whatever_strikes_running_again_converges(hosts: Cluster, tally: Tally, tmp_path: Path, at: int) -> None:
    chance = random.Random(f"{SEED}:drift:{at}")
    words = ("apply", "--yes", "--wait", "60", "-p", str(hosts.folder / "book.yaml"))
    one = None
    for attempt in range(5):
        for host in HOSTS:
            hosts.on(host, DRIFT)
            hosts.on(host, chance.choice([":", "apt-get -qq -y remove systemd-timesyncd >/dev/null"]))
        one = strikes.strike(hosts, HOSTS, chance, "drift", tmp_path / str(attempt), words)
        if one:
            break
    assert one, "every run was over before it could be struck"
    tally.strikes.append(one)
    tally.runs += 1
    print(f"seed {SEED}, strike {at}, {one}")
    converged(hosts)
    strikes.nothing_is_left(hosts, HOSTS)
    tally.converged += 1
