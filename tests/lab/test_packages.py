"""Packages on hosts that have a history: other people's packages, sources, modes and clocks. Real apt on a bare host."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Cluster
from placed import paths, reader, rendered

pytestmark = pytest.mark.beside
BOOK = "- {name: Packages, hosts: all, tasks: [preflight, kubernetes-packages]}\n"
HOST = "cp1"
SOURCES = "/etc/apt/sources.list.d"
URL = "http://mirror/core:/stable:/v1.36/deb/"
REPOSITORY = ("--pick", "apt-repository:*")


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("packages"), "packages")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "0")
    (made.folder / "book.yaml").write_text(BOOK)
    (made.folder / "time.yaml").write_text("- {name: Clocks, hosts: all, tasks: [time-sync]}\n")
    (made.folder / "login.yaml").write_text("- {name: Logins, hosts: all, tasks: [shell-comfort]}\n")
    yield made
    made.k8sops("lab", "down", made.name)


def package(hosts: Cluster, name: str, fields: str) -> None:
    """A package of somebody else, installed."""
    hosts.on(
        HOST,
        f"""dir=$(mktemp -d) && mkdir $dir/DEBIAN
printf 'Package: {name}\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: us <us@example.com>\\nDescription: x\\n{fields}\\n' >$dir/DEBIAN/control
chmod 0755 $dir $dir/DEBIAN
dpkg-deb --build $dir /{name}.deb >/dev/null
dpkg --install /{name}.deb >/dev/null
rm -rf $dir /{name}.deb""",
    )


def book(hosts: Cluster) -> tuple[str, str]:
    return "-p", str(hosts.folder / "book.yaml")


def plan(hosts: Cluster, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = hosts.k8sops("plan", "-o", "json", *book(hosts), *words, expect=None).data()
    return found


def findings(hosts: Cluster) -> dict[str, str]:
    return {one["name"]: one["what"] for one in plan(hosts)["findings"]}


def apply(hosts: Cluster, *words: str, expect: int = 0) -> str:
    ran = hosts.k8sops("apply", "--yes", "-v", *book(hosts), *words, expect=expect)
    return ran.out + ran.err


# --- before anything is changed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        ({"kubernetes": "1.36.99"}, "has no kubelet 1.36.99-1.1. Available: 1.36.3-1.1"),
        ({"packages": {"revision": "7.7"}}, "has no kubelet 1.36.3-7.7. Available: 1.36.3-1.1"),
        ({"kubernetes": "1.19.99"}, "no packages of Kubernetes 1.19: "),
    ],
)
def test_a_version_that_is_not_in_the_repository_is_named_by_the_plan(
    hosts: Cluster, edit: dict[str, Any], wanted: str
) -> None:
    text = hosts.inventory.read_text()
    hosts.edit(lambda data: data.update(edit))
    try:
        assert wanted in findings(hosts)["PackageVersion"]
        apply(hosts, expect=6)
        assert hosts.on(HOST, f"ls {SOURCES}").split() == ["debian.sources"]
    finally:
        hosts.inventory.write_text(text)


def test_another_file_with_the_repository_is_named_by_the_plan(hosts: Cluster) -> None:
    text = f"Types: deb\nURIs: {URL}\nSuites: /\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    hosts.on(HOST, f"printf %s '{text}' >{SOURCES}/k8s.sources")
    assert f"{SOURCES}/k8s.sources already has {URL}" in findings(hosts)["PackageSource"]
    apply(hosts, expect=6)
    hosts.on(HOST, f"rm {SOURCES}/k8s.sources")


def test_a_containerd_that_is_too_old_is_refused_before_anything_is_installed(hosts: Cluster) -> None:
    """As on Debian 11, whose containerd 1.4 has no CRI v1."""
    package(hosts, "containerd", "")
    assert "containerd 1.0: Kubernetes 1.36 needs" in findings(hosts)["ContainerdVersion"]
    apply(hosts, expect=6)
    assert hosts.on(HOST, f"ls {SOURCES}").split() == ["debian.sources"]
    hosts.on(HOST, "dpkg --purge containerd >/dev/null")


# --- sources and keys --------------------------------------------------------------------------------------------


def test_what_apt_cannot_read_is_taken_back(hosts: Cluster) -> None:
    """A second entry where only apt itself finds it."""
    before = hosts.on(HOST, f"ls -lR {SOURCES} /etc/apt/keyrings 2>&1 || true")
    hosts.on(
        HOST,
        f"""echo 'Dir::Etc::SourceList "/etc/apt/elsewhere";' >/etc/apt/apt.conf.d/99elsewhere
echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {URL} /' >/etc/apt/elsewhere""",
    )
    said = apply(hosts, *REPOSITORY, expect=3)
    assert "Conflicting values set for option Signed-By" in said
    assert "What was there before is in place again" in said
    hosts.on(HOST, "apt-get indextargets >/dev/null; rm /etc/apt/apt.conf.d/99elsewhere /etc/apt/elsewhere")
    after = hosts.on(HOST, f"ls -lR {SOURCES} /etc/apt/keyrings 2>&1 || true")
    assert after == before


def test_keys_that_apt_may_not_read_are_made_readable(hosts: Cluster) -> None:
    hosts.on(HOST, "mkdir -p -m 0700 /etc/apt/keyrings; chmod 0700 /etc/apt/keyrings")
    apply(hosts, *REPOSITORY)
    assert hosts.on(HOST, "stat -c %a /etc/apt/keyrings").strip() == "755"
    only = f"-o Dir::Etc::SourceList={SOURCES}/kubernetes.list -o Dir::Etc::SourceParts=-"
    assert "NO_PUBKEY" not in hosts.on(HOST, f"apt-get update {only} 2>&1")
    assert plan(hosts, *REPOSITORY)["changes"] == []
    hosts.on(HOST, "chmod 0700 /etc/apt/keyrings")
    assert "the user _apt cannot read" in plan(hosts, *REPOSITORY)["changes"][0]["diff"][0]
    apply(hosts, *REPOSITORY)
    assert plan(hosts, *REPOSITORY)["changes"] == []


def test_a_repository_that_was_never_read_is_not_done(hosts: Cluster) -> None:
    """What a run that died in the middle leaves: key and source without the note that apt has read it."""
    hosts.on(HOST, f"sed -i /^#/d {SOURCES}/kubernetes.list; rm -f /var/lib/apt/lists/mirror*")
    apply(hosts, *REPOSITORY)
    assert hosts.on(HOST, "ls /var/lib/apt/lists/mirror*Packages").strip()


def test_the_list_that_a_person_has_made_is_shown_and_kept(hosts: Cluster) -> None:
    own = f"{SOURCES}/kubernetes.list"
    hosts.on(HOST, f"cp {own} /tmp/ours; echo 'deb [signed-by=/etc/apt/keyrings/mine.gpg] {URL} /' >{own}")
    (change,) = plan(hosts, *REPOSITORY)["changes"]
    assert f"-deb [signed-by=/etc/apt/keyrings/mine.gpg] {URL} /" in change["diff"]
    apply(hosts, *REPOSITORY)
    assert "mine.gpg" in hosts.on(HOST, f"cat {own}.save; rm {own}.save; apt-get indextargets >/dev/null")
    hosts.on(HOST, f"echo 'deb https://example.com stable main' >{own}")
    assert "deb https://example.com stable main" in findings(hosts)["PackageSource"]
    hosts.on(HOST, f"mv /tmp/ours {own}")


# --- packages of somebody else -----------------------------------------------------------------------------------


def test_nothing_is_removed_that_the_plan_could_not_show(hosts: Cluster) -> None:
    """On a bare host apt does not know the repository yet, so that nobody can tell what kubernetes-cni conflicts with."""
    package(hosts, "acme-net", "Conflicts: kubernetes-cni")
    hosts.on(HOST, f"rm -rf {SOURCES}/kubernetes.list /etc/apt/keyrings /var/lib/apt/lists/mirror*")
    changes = {one["resource"]: one["risk"] for one in plan(hosts)["changes"]}
    assert changes["packages:kubernetes"] == "file"
    said = apply(hosts, expect=3)
    assert "removes acme-net 1.0, which the approved plan did not show; nothing was installed" in said
    assert (
        hosts.on(HOST, "dpkg-query -W -f '${Package} ' acme-net kubelet containerd 2>/dev/null || true") == "acme-net "
    )


def test_a_package_on_hold_is_left_alone(hosts: Cluster) -> None:
    hosts.on(HOST, "apt-mark hold acme-net")
    assert findings(hosts)["HeldPackage"] == "acme-net 1.0 is on hold, but would have to be changed"
    apply(hosts, "--allow", "delete", expect=6)
    hosts.on(HOST, "apt-mark unhold acme-net")


def test_a_removal_is_in_the_plan_and_takes_an_approval_of_its_own(hosts: Cluster) -> None:
    (change,) = [one for one in plan(hosts)["changes"] if one["resource"] == "packages:kubernetes"]
    assert change["risk"] == "delete"
    assert "removes acme-net 1.0" in change["diff"]
    said = apply(hosts, expect=64)
    assert "--allow delete" in said
    assert hosts.on(HOST, "dpkg-query -W -f '${db:Status-Status}' acme-net") == "installed"


def test_a_dead_source_is_a_warning_in_the_first_run(hosts: Cluster) -> None:
    """A host that does not answer, and a repository that is gone; with no lists that an earlier run could have left."""
    hosts.on(
        HOST,
        f"""echo 'deb [trusted=yes] http://127.0.0.1:9/dead ./' >{SOURCES}/dead.list
echo 'deb [trusted=yes] http://mirror/gone ./' >{SOURCES}/gone.list
rm -rf /var/lib/apt/lists/*_*""",
    )
    # Without lists the removal cannot be foreseen, so what stands in the way goes by hand.
    hosts.on(HOST, "dpkg --purge acme-net >/dev/null")
    said = apply(hosts)
    assert "[WARNING PackageSource]" in said
    assert "http://mirror/gone" in said
    hosts.on(HOST, f"rm {SOURCES}/dead.list {SOURCES}/gone.list")
    assert plan(hosts)["changes"] == []


# --- clocks ------------------------------------------------------------------------------------------------------

UNIT = """[Unit]
Description=The clock of this site
Wants=time-sync.target
Before=time-sync.target
[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""


def time_changes(hosts: Cluster) -> list[str]:
    found = hosts.k8sops("plan", "-o", "json", "-p", str(hosts.folder / "time.yaml")).data()
    return [one["resource"] for one in found["changes"]]


def test_whoever_keeps_the_time_is_left_alone(hosts: Cluster) -> None:
    """A package that provides a time service, and a unit that nobody has packaged."""
    assert time_changes(hosts) == ["packages:time-sync", "service:systemd-timesyncd"]
    package(hosts, "site-clock", "Provides: time-daemon\\nConflicts: time-daemon")
    assert time_changes(hosts) == []
    hosts.on(HOST, f"dpkg --purge site-clock >/dev/null; printf %s '{UNIT}' >/etc/systemd/system/gps-clock.service")
    hosts.on(HOST, "systemctl daemon-reload; systemctl -q enable --now gps-clock")
    assert time_changes(hosts) == []
    hosts.on(HOST, "systemctl -q disable --now gps-clock; rm /etc/systemd/system/gps-clock.service")
    assert time_changes(hosts) == ["packages:time-sync", "service:systemd-timesyncd"]


# --- files that others read --------------------------------------------------------------------------------------

FOLDER = "/tmp/placed"
NFT_BEFORE = "table inet filter { chain input { type filter hook input priority 0; }; }\n"
"""The chains of the host's own, which our rules are added to."""


def texts() -> dict[str, set[str]]:
    """Each file that is placed whole, and what it may hold."""
    found: dict[str, set[str]] = {}
    for resource in rendered():
        for path in paths(resource):
            assert reader(path), f"{path} ({resource.id}): say in placed.py who reads it, and how strictly"
            whole = resource.id == f"file:{path}" and resource.want is not None
            found.setdefault(path, set()).update([resource.want or ""] if whole else [])
    return found


def place(hosts: Cluster, path: str, text: str) -> str:
    where = f"{FOLDER}{path}"
    hosts.on(HOST, f"mkdir -p {where.rpartition('/')[0]}; cat >{where} <<'END_OF_FILE'\n{text}END_OF_FILE")
    return where


def parses(name: str, text: str) -> None:
    """The text has the form of a file that nothing on a host checks beforehand."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    if name == "toml":
        tomllib.loads(text)
    elif name == "json":
        json.loads(text)
    elif name == "cron":
        # crontab(5), of /etc/cron.d: settings, or five fields, a user and a command; the last line ends.
        entry = r"\w+=.*|(?:[-*/,0-9A-Za-z]+\s+){5}[a-z_][-a-z0-9_]*\s+\S.*"
        assert text.endswith("\n")
        assert not [line for line in lines if not re.fullmatch(entry, line)]


def test_every_file_that_is_placed_satisfies_its_strictest_reader(hosts: Cluster) -> None:
    hosts.on(HOST, "apt-get -qq -y install --no-install-recommends nftables >/dev/null 2>&1")
    units = []
    for path, wanted in texts().items():
        program = reader(path) or ""
        for text in wanted:
            parses(program, text)
            where = place(hosts, path, NFT_BEFORE + text if path.endswith("nftables.nft") else text)
            if "FILE" in program:
                hosts.on(HOST, program.replace("FILE", where))
        if program == "systemd-analyze verify":
            units.append(path)
    verify(hosts, units)


def verify(hosts: Cluster, units: list[str]) -> None:
    """systemd understands every line of these units, and of the drop-ins of units that are not installed here."""
    for path in units:
        if path.endswith(".service.d/k8sops.conf"):
            unit = path.rpartition(".d/")[0]
            place(hosts, unit, "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n")
    names = sorted({f"{FOLDER}{path.partition('.d/')[0]}" for path in units})
    said = hosts.on(
        HOST,
        f"SYSTEMD_UNIT_PATH={FOLDER}/etc/systemd/system: systemd-analyze verify {' '.join(names)} 2>&1 || true",
    )
    # What such a unit starts is not installed here.
    assert [line for line in said.splitlines() if FOLDER in line and "is not executable" not in line] == []


def test_every_login_shell_starts_without_a_word(hosts: Cluster) -> None:
    hosts.k8sops("apply", "--yes", "-p", str(hosts.folder / "login.yaml"))
    for shell in ("sh -l -c true", "bash -l -c true", "su -l ops -s /bin/sh -c true", "su -l ops -c true"):
        assert hosts.on(HOST, f"{shell} 2>&1") == ""
