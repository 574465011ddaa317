"""What apt would do for the packages of a cluster, and what speaks against it: from facts, and by bash alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bash import bash
from test_values import decided

from k8sops.engine.facts import SCRIPT, Fleet, HostFacts
from k8sops.engine.journal import Event
from k8sops.engine.plan import Step
from k8sops.engine.resource import Resource
from k8sops.engine.shell import envelope
from k8sops.engine.stream import Reader
from k8sops.engine.task import load_task, task_names
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.lab.machine import need
from k8sops.roles.hosts.tasks.shell_comfort import PROFILE
from k8sops.roles.hosts.tasks.time_sync import TASK as TIME
from k8sops.roles.kubeadm.tasks.kubernetes_packages import TASK

URL = "https://pkgs.k8s.io/core:/stable:/v1.36/deb/"
OWN = "/etc/apt/sources.list.d/kubernetes.list"
INVENTORY = """\
cluster: demo
kubernetes: "{version}"
groups:
  control_plane: {{hosts: {{cp1: {{address: 10.0.0.11}}}}}}
  workers: {{hosts: {{w1: {{address: 10.0.0.21, runtime: {runtime}}}}}}}
"""


def spec(version: str = "1.36.3", runtime: str = "containerd") -> ClusterSpec:
    text = INVENTORY.format(version=version, runtime=runtime)
    return make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))


def findings(facts: HostFacts, version: str = "1.36.3") -> dict[str, str]:
    fleet = Fleet({"w1": facts}, frozenset({"w1"}))
    return {finding.name: finding.what for finding in TASK.findings(spec(version), fleet)}


def resource(facts: HostFacts, id: str, runtime: str = "containerd") -> Resource:
    cluster = spec(runtime=runtime)
    found = TASK.resources(cluster, cluster.host("w1"), Fleet({"w1": facts}, frozenset({"w1"})))
    return next(one for one in found if one.id == id)


# --- what apt would do -------------------------------------------------------------------------------------------


def test_a_removal_is_in_the_plan_as_such_and_nothing_else_is_approved() -> None:
    lines = ("kubernetes removes acme-engine 1.0", "kubernetes upgrades runc 1.0 to 1.1", "other removes kubelet 1")
    wanted = resource(HostFacts(more={"apt": lines}), "packages:kubernetes")
    assert wanted.risk == "delete"
    assert "'removes acme-engine 1.0' 'upgrades runc 1.0 to 1.1'" in wanted.check
    assert "apt_install removes:acme-engine 'kubelet kubeadm kubectl' " in (wanted.apply or "")


def test_an_upgrade_under_which_containers_run_is_a_restart_in_the_plan() -> None:
    lines = ("kubernetes restarts containerd 1.6.20 to 1.6.33", "kubernetes upgrades libc6 2.36-1 to 2.36-2")
    wanted = resource(HostFacts(more={"apt": lines}), "packages:kubernetes", "docker")
    assert (wanted.risk, wanted.in_use) == ("restart", True)
    assert "apt_install restarts:containerd " in (wanted.apply or "")


@pytest.mark.parametrize(
    ("line", "effect"),
    [
        ("Remv acme-engine [1.0]", "removes acme-engine 1.0"),
        ("Purg acme-engine [1.0]", "removes acme-engine 1.0"),
        ("Inst libc6 [2.36] (2.37 Debian:12 [amd64])", "upgrades libc6 2.36 to 2.37"),
        ("Inst libc6 [2.37] (2.36 Debian:12 [amd64])", "downgrades libc6 2.37 to 2.36"),
        ("Inst containerd [1.6] (1.7 Debian:12 [amd64]) []", "restarts containerd 1.6 to 1.7"),
        ("Inst kubelet [1.37.0-1.1] (1.36.3-1.1 mirror [amd64])", ""),
        ("Inst conntrack (1.4 Debian:12 [amd64])", ""),
        ("Inst chrony [4.3] (4.4 Debian:12 [amd64])", "upgrades chrony 4.3 to 4.4 / held chrony 4.3"),
    ],
)
def test_what_apt_simulates_is_understood(line: str, effect: str, tmp_path: Path) -> None:
    body = [
        f"apt-get() {{ printf '%s\\n' 'Reading package lists...' {line!r} 'Conf x (1)'; }}",
        "apt-mark() { echo chrony; }",
        "apt_simulate 'kubelet' kubelet=1.36.3-1.1; printf '%s\\n' \"${EFFECTS[@]}\"",
    ]
    need(print, dpkg="dpkg")
    assert " / ".join(bash(envelope("@m", body), tmp_path).out.split("\n")).strip(" /") == effect


def test_without_a_removal_nothing_may_be_removed() -> None:
    wanted = resource(HostFacts(), "packages:kubernetes")
    assert wanted.risk == "file"
    assert "apt_install '' 'kubelet kubeadm kubectl' " in (wanted.apply or "")


def test_what_is_installed_is_not_upgraded_on_the_side(tmp_path: Path) -> None:
    """`apt-get install NAME` upgrades what is there; only what is missing is named to it."""
    body = [
        "ask_package() { PACKAGE[containerd]='hold ok installed 1.6' PACKAGE[foo]='install ok installed 1.0'; }",
        "apt_missing containerd foo=2.0 conntrack /tmp/a.deb; printf '%s\\n' \"${MISSING[@]}\"",
    ]
    assert bash(envelope("@m", body), tmp_path).out.split() == ["foo=2.0", "conntrack", "/tmp/a.deb"]


def test_a_package_on_hold_is_a_finding() -> None:
    found = findings(HostFacts(more={"apt": ("kubernetes held containerd 1.6.33", "time-sync held chrony 4")}))
    assert found == {"HeldPackage": "containerd 1.6.33 is on hold, but would have to be changed"}


def test_facts_know_every_package_that_a_task_installs() -> None:
    listed = SCRIPT[SCRIPT.index("dpkg-query") :].partition("2>/dev/null")[0].replace("\\", " ").split()
    wanted = {name for one in rendered() for word, *names in one.asks if word == "package" for name in names}
    assert {"kubelet", "nftables", "curl"} <= wanted
    assert wanted <= set(listed)


TOLD = {
    "restore": "20260101T000000Z",
    "backup": "demo-20260101T000000Z-cp1",
    "leaving": "w1",
    "member": "8e9e05c52164694d",
    "node": "cp1",
    "since": "1",
    "begun": "1",
    "bump": "1",
}


def rendered() -> Iterator[Resource]:
    """All resources of all tasks, for inventories and hosts of several kinds."""
    for runtime, cron in (("containerd", "false"), ("docker", "true")):
        text = INVENTORY.format(version="1.36.3", runtime=runtime)
        text += f"firewall: managed\nbackup: {{schedule: daily, encrypt_to: age1{'q' * 58}, cron: {cron}}}\n"
        cluster = make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))
        for facts in (HostFacts(os="debian", os_version="13"), HostFacts(ufw=True, joined=True, initialised=True)):
            known, scope = {host.name: facts for host in cluster.hosts}, frozenset({"cp1", "w1"})
            fleet = Fleet(known, scope, TOLD, decisions=decided(TOLD))
            for name in task_names(cluster.folder):
                for host in cluster.hosts:
                    yield from load_task(name, cluster.folder).resources(cluster, host, fleet)


# --- where packages come from ------------------------------------------------------------------------------------

SOURCES = {
    "k8s.list": f"deb [signed-by=/k.gpg] {URL} /\n",
    "noslash.list": f"deb {URL.rstrip('/')} /\n",
    "k8s.sources": f"Types: deb\nURIs: https://example.com\n  {URL}\nSuites: /\n",
    "off.list": f"# deb {URL} /\n",
    "off.sources": f"Enabled: no\nTypes: deb\nURIs: {URL}\nSuites: /\n\nTypes: deb\nURIs: https://example.com\n",
    "other.list": f"deb {URL.replace('1.36', '1.35')} /\n",
}


def asked(folder: Path, *lines: str, has: str = "") -> list[str]:
    """What these questions come to, with /etc in the folder."""
    script = envelope("@m", [f"declare -A HAS=({has})", 'fact() { printf \'%s=%s\\n\' "$1" "$2"; }', *lines])
    result = bash(script.replace("/etc/apt", f"{folder}/etc/apt"), folder)
    return result.out.replace(str(folder), "").splitlines()


@pytest.mark.parametrize("name", SOURCES)
def test_another_file_with_the_repository_is_seen(name: str, tmp_path: Path) -> None:
    path = tmp_path / "etc/apt/sources.list.d" / name
    path.parent.mkdir(parents=True)
    path.write_text(SOURCES[name])
    expected = [f"more.apt_source=/etc/apt/sources.list.d/{name}"] if name[:2] in ("k8", "no") else []
    assert asked(tmp_path, f"apt_other_sources {URL} {OWN}") == expected


def test_repositories_of_somebody_else_in_our_file_are_not_lost(tmp_path: Path) -> None:
    own = tmp_path / OWN.lstrip("/")
    own.parent.mkdir(parents=True)
    for text, expected in (
        (f"deb [signed-by=/k.gpg] {URL} /\n", []),
        (f"deb {URL.replace('1.36', '1.35')} /\n", []),
        ("deb https://example.com stable main\n", ["more.apt_kept=deb https://example.com stable main"]),
        (f"# {'A' * 40} 0123\ndeb https://example.com /\n", []),
    ):
        own.write_text(text)
        assert asked(tmp_path, f"apt_other_sources {URL} {OWN}") == expected


def test_sources_that_conflict_are_findings() -> None:
    found = findings(HostFacts(more={"apt_source": ("/etc/apt/sources.list.d/k8s.sources",)}))
    assert found["PackageSource"].startswith(f"/etc/apt/sources.list.d/k8s.sources already has {URL}")
    assert "apt cannot read its sources: Conflicting" in findings(
        HostFacts(more={"apt_unreadable": ("Conflicting values set for option Signed-By",)})
    ).get("AptSources", "")
    assert (
        "deb https://example.com"
        in findings(HostFacts(more={"apt_kept": ("deb https://example.com / ",)}))["PackageSource"]
    )


def test_a_version_that_the_repository_does_not_have_is_named_with_those_it_has() -> None:
    offers = {"offers": ("1.36.3-1.1", "1.36.2-1.1")}
    assert findings(HostFacts(more=offers)) == {}
    found = findings(HostFacts(more=offers), "1.36.9")
    assert found == {"PackageVersion": f"{URL} has no kubelet 1.36.9-1.1. Available: 1.36.3-1.1, 1.36.2-1.1"}
    assert (
        "404" in findings(HostFacts(more={"offers_nothing": ("Failed to fetch x  404  Not Found",)}))["PackageVersion"]
    )
    assert set(findings(HostFacts(more={"offers_nothing": ("Certificate verification failed",)}))) == {
        "PackageRepository"
    }


def test_the_repository_is_only_asked_where_the_version_is_not_installed(tmp_path: Path) -> None:
    index = tmp_path / "Packages"
    index.write_text(
        "\n\n".join(
            f"Package: {name}\nVersion: {version}"
            for name, version in (("kubelet", "1.36.3-1.1"), ("kubeadm", "9"), ("kubelet", "1.36.10-1.1"))
        )
    )
    helper = tmp_path / "apt-helper"
    helper.write_text(f'#!/bin/sh\nfor last; do :; done\ncp {index} "$last"\n')
    helper.chmod(0o755)
    lines = ("apt_offers http://x/ kubelet=1.36.3-1.1",)
    script = envelope("@m", ["declare -A HAS=()", 'fact() { echo "$1=$2"; }', *lines])
    script = script.replace("/usr/lib/apt/apt-helper", str(helper))
    assert bash(script, tmp_path).out.split() == ["more.offers=1.36.10-1.1", "more.offers=1.36.3-1.1"]
    assert bash(script.replace("HAS=()", "HAS=([kubelet]=1.36.3-1.1)"), tmp_path).out.split() == []


# --- runtimes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "containerd", "name"),
    [
        ("1.36.3", "1.4.13~ds1-1~deb11u4", "ContainerdVersion"),
        ("1.36.3", "1.5.9-0ubuntu1", "ContainerdVersion"),
        ("1.25.3", "1.4.13~ds1-1~deb11u4", "ContainerdSupport"),
        ("1.24.3", "1.4.13~ds1-1~deb11u4", ""),
        ("1.36.3", "1.6.20~ds1-1+deb12u1", ""),
        ("1.37.2", "1.6.20~ds1-1+deb12u1", "ContainerdSupport"),
        ("1.37.2", "2:2.1.4-1", ""),
    ],
)
def test_a_containerd_that_is_too_old_is_a_finding(version: str, containerd: str, name: str) -> None:
    for facts in (HostFacts(packages={"containerd": containerd}), HostFacts(candidates={"containerd": containerd})):
        assert set(findings(facts, version)) == ({name} if name else set())


def test_debian_11_is_refused_although_apt_has_no_lists_yet() -> None:
    assert "needs 1.6 or newer" in findings(HostFacts(os="debian", os_version="11"))["ContainerdVersion"]
    assert findings(HostFacts(os="debian", os_version="12")) == {}


@pytest.mark.parametrize(
    ("os", "version", "there", "expected"),
    [
        ("debian", "13", {}, {"docker.io", "docker-cli"}),
        ("debian", "12", {}, {"docker.io"}),
        ("ubuntu", "24.04", {}, {"docker.io"}),
        ("debian", "13", {"docker-ce": "5:28"}, {"docker-ce"}),
    ],
)
def test_docker_comes_with_its_command(os: str, version: str, there: dict[str, str], expected: set[str]) -> None:
    facts = HostFacts(os=os, os_version=version, packages=there)
    names = {name for _, *names in resource(facts, "packages:kubernetes", "docker").asks for name in names}
    assert {name for name in names if name.startswith("docker")} == expected


# --- what a step says --------------------------------------------------------------------------------------------


def reading(*lines: str) -> tuple[list[Event], Reader]:
    events: list[Event] = []
    reader = Reader(events.append, "cp1", [Step(0, "cp1", "t", Resource("r", "drift", "true"))])
    for line in ("@m begin 0", "@m apply 0", *lines):
        reader.take("@m", line)
    return events, reader


def test_warnings_of_kubeadm_are_shown_once() -> None:
    line = "\t[WARNING SystemVerification]: missing optional cgroups: hugetlb"
    events, _ = reading("[init] Using Kubernetes version", line, line)
    assert [event["line"] for event in events if event["type"] == "warning"] == [line]


def test_the_reason_that_a_step_gives_is_the_first_thing_that_is_read() -> None:
    why = subprocess.run(["base64", "-w0"], input="apt cannot find x 1", text=True, capture_output=True, check=True)
    _, reader = reading(f"@m why 0 {why.stdout}", "@m failed 0 1")
    assert reader.ran.failure
    assert reader.ran.failure.why == "apt cannot find x 1"
    _, reader = reading("@m failed 0 100")
    assert reader.ran.failure
    assert reader.ran.failure.why == "ended with exit code 100"


# --- files that others read --------------------------------------------------------------------------------------


def test_every_login_shell_can_read_the_profile(tmp_path: Path) -> None:
    need(print, dash="dash")
    path = tmp_path / "k8sops.sh"
    path.write_text(PROFILE)
    for argv in (
        ["dash", "-n", path],
        ["dash", "-euc", f". {path}; echo well"],
        ["bash", "--posix", "-euic", f". {path}"],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "<(" not in PROFILE


# --- who keeps the time ------------------------------------------------------------------------------------------


def time_resources(facts: HostFacts) -> list[str]:
    cluster, names = spec(), frozenset({"w1"})
    fleet = Fleet({"w1": facts}, names)
    told = replace(fleet, decisions={type(value): value for value in TIME.decides(cluster, fleet)})
    return [one.id for one in TIME.resources(cluster, cluster.host("w1"), told)]


def time_findings(facts: HostFacts) -> list[str]:
    return [finding.what for finding in TIME.findings(spec(), Fleet({"w1": facts}, frozenset({"w1"})))]


@pytest.mark.parametrize(
    "facts",
    [
        HostFacts(packages={"chrony": "4.3"}),
        HostFacts(more={"time_keeper": ("ptp4l@eth0.service",)}),
        HostFacts(more={"time_keeper": ("site-clock",)}, packages={"systemd-timesyncd": "252"}),
        HostFacts(more={"time_synchronised": ("yes",)}),
    ],
)
def test_a_host_whose_time_is_kept_is_left_with_what_keeps_it(facts: HostFacts) -> None:
    assert time_resources(facts) == []


@pytest.mark.parametrize("facts", [HostFacts(), HostFacts(more={"time_synchronised": ("no",)})])
def test_a_host_whose_time_nobody_keeps_gets_a_time_service(facts: HostFacts) -> None:
    assert time_resources(facts) == ["packages:time-sync", "service:systemd-timesyncd"]
    assert time_findings(facts) == []


def test_a_host_that_is_left_with_its_time_keeper_stays_so_to_the_end_of_the_run() -> None:
    """What tasks asked at its beginning is not among the facts that a run gathers later."""
    cluster, names = spec(), frozenset({"w1"})
    fleet = Fleet({"w1": HostFacts(more={"time_keeper": ("ptp4l",)})}, names)
    decided = {type(value): value for value in TIME.decides(cluster, fleet)}
    assert list(TIME.resources(cluster, cluster.host("w1"), Fleet({"w1": HostFacts()}, names, decisions=decided))) == []


def test_a_clock_that_is_not_synchronised_is_a_warning() -> None:
    no = {"time_synchronised": ("no",)}
    assert time_findings(HostFacts(packages={"chrony": "4.3"}, more=no)) == [
        "the clock is not synchronised (time service: chrony)"
    ]
    assert time_findings(HostFacts(packages={"systemd-timesyncd": "252"}, more=no)) == [
        "the clock is not synchronised (time service: systemd-timesyncd)"
    ]
    assert time_findings(HostFacts(packages={"chrony": "4.3"}, more={"time_synchronised": ("yes",)})) == []
