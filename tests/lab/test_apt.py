"""apt as it is met on hosts that are in use: at work already, died half-way, or stuck. Real packages on a bare host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Cluster
from strikes import Started

pytestmark = pytest.mark.beside
BOOK = "- {name: Packages, hosts: all, tasks: [time-sync]}\n"
HOST = "cp1"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("apt"), "apt")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "0", "--bare")
    (made.folder / "book.yaml").write_text(BOOK)
    yield made
    made.k8sops("lab", "down", made.name)


@pytest.fixture(autouse=True)
def _drift(hosts: Cluster) -> None:
    hosts.on(HOST, "apt-get -qq -y remove systemd-timesyncd >/dev/null 2>&1 || true")


def package(hosts: Cluster, name: str, version: str) -> None:
    """/NAME.deb, whose installation goes on until /run/go is there."""
    hosts.on(
        HOST,
        f"""dir=$(mktemp -d) && mkdir $dir/DEBIAN
printf 'Package: {name}\\nVersion: {version}\\nArchitecture: all\\nMaintainer: us <us@example.com>\\nDescription: slow\\n' >$dir/DEBIAN/control
printf '#!/bin/sh\\ntouch /run/{name}; for at in $(seq 600); do [ ! -e /run/go ] || break; sleep 0.2; done\\n' >$dir/DEBIAN/postinst
chmod 0755 $dir $dir/DEBIAN $dir/DEBIAN/postinst
dpkg-deb --build $dir /{name}.deb >/dev/null
rm -rf $dir""",
    )


def begun(hosts: Cluster, name: str, command: str, until: Callable[[Callable[[], bool], float], None]) -> None:
    """The command has come to the package's own script."""
    hosts.on(HOST, f"rm -f /run/{name} /run/go; setsid {command} >/dev/null 2>&1 </dev/null &")
    until(lambda: "yes" in hosts.on(HOST, f"[ ! -e /run/{name} ] || echo yes"), 60)


def apply(hosts: Cluster, *words: str, expect: int = 0) -> str:
    ran = hosts.k8sops("apply", "--yes", "-v", "-p", str(hosts.folder / "book.yaml"), *words, expect=expect)
    return ran.out + ran.err


def installed(hosts: Cluster) -> None:
    assert hosts.on(HOST, "dpkg --audit") == ""
    assert "installed" in hosts.on(HOST, "dpkg-query -W -f '${db:Status-Status}' systemd-timesyncd")
    assert "no changes" in apply(hosts)


def waits(hosts: Cluster, state: Path, start: str, end: str = "") -> None:
    """A run names who is at work, waits, and does its work once that one has ended."""
    one = Started(hosts, state, "apply", "--yes", "-p", str(hosts.folder / "book.yaml"))

    def says(event: dict[str, Any]) -> bool:
        return event["type"] == "output" and event["line"].startswith(start) and event["line"].endswith(end)

    assert one.sees(says, 120), [event for event in one.events() if event["type"] == "output"]
    hosts.on(HOST, "touch /run/go")
    code, text = one.end(200)
    assert code == 0, text


Until = Callable[[Callable[[], bool], float], None]


@pytest.mark.parametrize("program", ["apt-get -y install /slow.deb", "dpkg --install /slow.deb"])
def test_another_one_at_work_is_named_and_waited_for(
    hosts: Cluster, tmp_path: Path, until: Until, program: str
) -> None:
    package(hosts, "slow", "1.0")
    begun(hosts, "slow", program, until)
    waits(hosts, tmp_path, f"waiting for {program.split()[0]} (pid ")
    hosts.on(HOST, "dpkg --purge slow >/dev/null 2>&1")
    installed(hosts)


@pytest.mark.parametrize("lock", ["/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock"])
def test_locks_that_apt_does_not_wait_for_are_waited_for(hosts: Cluster, tmp_path: Path, lock: str) -> None:
    flock = 'open(F, ">>", $ARGV[0]); fcntl(F, 6, $_ = pack("ssx4qqix4", 1, 0, 0, 0, 0)) or die'
    hosts.on(HOST, "rm -rf /run/go /var/lib/apt/lists/*_*")
    hosts.on(HOST, f"setsid perl -e '{flock}; sleep 1 until -e \"/run/go\"' {lock} >/dev/null 2>&1 </dev/null &")
    waits(hosts, tmp_path, "waiting for perl (pid ", lock)
    installed(hosts)


def test_what_a_dpkg_that_died_left_half_configured_is_finished(hosts: Cluster, until: Until) -> None:
    package(hosts, "slow", "2.0")
    begun(hosts, "slow", "dpkg --install /slow.deb", until)
    hosts.on(HOST, "pkill -9 -x dpkg; touch /run/go; sleep 1")
    assert "slow" in hosts.on(HOST, "dpkg --audit")
    apply(hosts)
    installed(hosts)
    # Unpacked only, as by a dpkg that died between two packages.
    hosts.on(HOST, "dpkg --remove slow systemd-timesyncd >/dev/null; dpkg --unpack /slow.deb >/dev/null")
    assert "slow" in hosts.on(HOST, "dpkg --audit")
    apply(hosts)
    installed(hosts)


def test_a_host_that_dies_while_it_installs_is_mended_by_running_again(
    hosts: Cluster, tmp_path: Path, until: Until
) -> None:
    package(hosts, "slow", "3.0")
    begun(hosts, "slow", "dpkg --install /slow.deb", until)
    hosts.docker("kill", HOST)
    hosts.docker("start", HOST)
    # /run is empty after a boot.
    hosts.on(HOST, "touch /run/go")
    assert "slow" in hosts.on(HOST, "dpkg --audit")
    apply(hosts)
    installed(hosts)


def test_unattended_upgrades_are_waited_for(hosts: Cluster, tmp_path: Path, until: Until) -> None:
    """The real one, upgrading a package from a repository of the test."""
    hosts.on(
        HOST, "apt-get -qq update; apt-get -qq -y install --no-install-recommends unattended-upgrades >/dev/null 2>&1"
    )
    package(hosts, "slow", "4.0")
    hosts.on(HOST, "touch /run/go; dpkg --install /slow.deb >/dev/null")
    package(hosts, "slow", "5.0")
    hosts.on(
        HOST,
        """mkdir -p /srv/repo && mv /slow.deb /srv/repo/ && cd /srv/repo
{ dpkg-deb -f slow.deb; echo "Filename: ./slow.deb"; echo "Size: $(stat -c %s slow.deb)"; echo "SHA256: $(sha256sum slow.deb | cut -c1-64)"; } >Packages
printf 'Origin: Test\\nSuite: test\\nSHA256:\\n %s %s Packages\\n' "$(sha256sum Packages | cut -c1-64)" "$(stat -c %s Packages)" >Release
echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list.d/test.list
echo 'Unattended-Upgrade::Origins-Pattern { "origin=Test"; };' >/etc/apt/apt.conf.d/99test
apt-get -qq update""",
    )
    begun(hosts, "slow", "unattended-upgrade", until)
    waits(hosts, tmp_path, "waiting for unattended-upgr (pid ")
    assert hosts.on(HOST, "dpkg-query -W -f '${Version}' slow") == "5.0"
    installed(hosts)
