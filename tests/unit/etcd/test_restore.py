"""Reasons against a restore, its parameters, and what its shell does to data and manifests."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_members import spec

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.shell import LIBRARY
from k8sops.roles.etcd import library
from k8sops.roles.etcd.restore import asks, decide, findings, restore_of, rewinds

NAME = "demo-20261124T201500Z-cp1"
CA = b"a certificate"
MANIFEST: dict[str, Any] = {
    "node": "cp1",
    "sha256": "",
    "tarSha256": "",
    "kubernetes": "1.36.3",
    "kind": "EtcdBackup",
    "name": NAME,
    "cluster": "demo",
    "caSha256": hashlib.sha256(CA).hexdigest(),
    "etcd": "3.6.8",
    "size": 8 << 20,
    "revision": 812,
    "drill": {"ok": True},
}


def facts(name: str, **more: str) -> HostFacts:
    peer = f"https://10.0.0.{name[-1]}:2380"
    own = {"member": f"{name} {peer}", "etcd": "registry.k8s.io/etcd:3.6.8-0", "free": str(1 << 32), **more}
    return HostFacts(ca=CA, more={key: (value,) for key, value in own.items()})


def fleet(hosts: dict[str, HostFacts], manifest: Any = MANIFEST, **told: str) -> Fleet:
    text = base64.b64encode(json.dumps(manifest).encode()).decode()
    if "cp1" in hosts and manifest:
        hosts["cp1"] = replace(hosts["cp1"], more={**hosts["cp1"].more, "manifest": (text,)})
    made = Fleet(hosts, frozenset(hosts), {"backup": NAME, **told})
    return replace(made, decisions={type(value): value for value in decide(spec(), made)})


def three(**more: str) -> dict[str, HostFacts]:
    return {name: facts(name, **more) for name in ("cp1", "cp2", "cp3")}


def names(one: Fleet) -> list[tuple[str, str]]:
    return [(found.host, found.name) for found in findings(spec(), one)]


def test_nothing_speaks_against_a_verified_backup_of_this_cluster() -> None:
    one = fleet(three())
    assert names(one) == []
    members = "cp1=https://10.0.0.1:2380,cp2=https://10.0.0.2:2380,cp3=https://10.0.0.3:2380"
    assert restore_of(one).initial_cluster == members


def test_what_speaks_against_a_restore_is_said_on_all_hosts_before_anything_stops() -> None:
    assert names(fleet(three(), {**MANIFEST, "drill": None})) == [("cp1", "Unverified")]
    assert names(fleet(three(), {**MANIFEST, "drill": {"ok": False, "why": "Truncated"}})) == [("cp1", "Unverified")]
    assert names(fleet(three(), {**MANIFEST, "drill": None}, unverified=NAME)) == []
    assert names(fleet(three(), {**MANIFEST, "drill": None}, unverified="another")) == [("cp1", "Unverified")]
    assert names(fleet(three(), {**MANIFEST, "caSha256": "0"})) == [(cp, "OtherCluster") for cp in three()]
    assert names(fleet(three(), {**MANIFEST, "etcd": "3.5.21"})) == [(cp, "OtherVersion") for cp in three()]
    assert names(fleet(three(free="1000"))) == [(cp, "NoSpace") for cp in three()]
    assert names(fleet(three(), None)) == [("cp1", "NoBackup")]
    assert names(fleet(three(), backup="../../etc/shadow")) == [("cp1", "BackupName")]


def test_a_silent_control_plane_is_left_out_only_when_that_is_said() -> None:
    two = {name: one for name, one in three().items() if name != "cp3"}
    assert names(fleet(dict(two))) == [("cp3", "Silent")]
    without = fleet(dict(two), without="cp3")
    assert names(without) == []
    assert list(restore_of(without).members) == ["cp1", "cp2"]
    assert names(fleet(three(), without="cp3")) == [("cp3", "Answers")]


def test_a_restore_under_way_goes_on_with_its_id_unless_it_is_about_something_else() -> None:
    note = restore_of(fleet(three())).note.replace(restore_of(fleet(three())).id, "20260101T000000Z")
    note = note.replace(note.split(" ")[1], "5")
    again = restore_of(fleet(three(**{"under-way": note})))
    assert (again.id, again.bump) == ("20260101T000000Z", 5)
    other = note.replace(NAME, "demo-20261123T201500Z-cp1")
    assert names(fleet(three(**{"under-way": other}))) == [(cp, "OtherRestore") for cp in three()]
    two = {name: one for name, one in three(**{"under-way": note}).items() if name != "cp3"}
    assert restore_of(fleet(two, without="cp3")).id != "20260101T000000Z"


@pytest.mark.parametrize(
    ("image", "back"),
    [
        ("3.6.8-0", False),
        ("3.5.21-0", False),
        ("3.5.9-0", True),
        ("3.4.27-0", False),
        ("3.4.3-0", True),
        ("3.3.15", True),
    ],
)
def test_where_the_old_etcd_lets_revisions_go_back_clients_are_started_anew(image: str, back: bool) -> None:
    assert rewinds(fleet(three(etcd=f"registry.k8s.io/etcd:{image}"))) == back


def test_no_revision_comes_twice_where_the_same_backup_is_restored_again() -> None:
    first = restore_of(fleet(three()))
    # An hour of a hundred writes a second later.
    living = MANIFEST["revision"] + first.bump + 360_000
    again = restore_of(fleet(three(revision=str(living))))
    assert MANIFEST["revision"] + again.bump > living


def test_only_control_planes_are_asked_and_only_about_a_name_of_a_backup() -> None:
    assert NAME in asks(spec(), spec().control_planes[0], {"backup": NAME})
    assert asks(spec(), spec().control_planes[0], {"backup": "$(reboot)"}) == ""


TOOL = """#!/bin/bash
[ "$3" != --help ] || { echo --bump-revision; exit; }
printf '%s\\n' "$@" >>"$0.said"
for one; do
  case $one in --data-dir=*) mkdir -p "${one#*=}/member/snap"; echo new >"${one#*=}/member/snap/db" ;; esac
done
"""


# --- the shell ---------------------------------------------------------------------------------------------------


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host's folders, with an etcd that has data, and tools that say what they were told."""
    for name in ("etc/manifests", "var/etcd/member/snap", "proc", "tools/t"):
        (tmp_path / name).mkdir(parents=True)
    for part in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        text = f"image: registry.k8s.io/{part}:3.6.8-0\n    - --data-dir={tmp_path}/var/etcd\n"
        (tmp_path / "etc/manifests" / f"{part}.yaml").write_text(text)
    (tmp_path / "var/etcd/member/snap/db").write_text("old")
    (tmp_path / "restore").mkdir()
    for name in ("etcd", "etcdctl", "etcdutl"):
        (tmp_path / "tools/t" / name).write_text(TOOL)
        (tmp_path / "tools/t" / name).chmod(0o755)
    return tmp_path


def run(host: Path, work: str) -> subprocess.CompletedProcess[str]:
    tools = library("tools", "backup", "restore").replace("/etc/kubernetes/manifests", f"{host}/etc/manifests")
    folders = {"RESTORE": "restore", "MANIFESTS": "etc/manifests", "PROC": "proc", "ETCD_BIN": "tools/t"}
    folders |= {"FOLDER": "", "PODS": "pods"}
    head = " ".join(f"{name}={host}/{path}" for name, path in folders.items())
    head += "\nsystemctl() { :; }\nchown() { :; }\n"
    tools = tools.replace("/var/lib/k8sops/restore", f"{host}/restore")
    script = f"{{\n{LIBRARY}\n{head}\n{tools}\nset -euo pipefail\n{work}\n}}"
    return subprocess.run(["bash", "-s"], input=script, capture_output=True, text=True, check=False, cwd=host)


def process(host: Path, number: int, name: str, *argv: str) -> None:
    (host / f"proc/{number}").mkdir()
    (host / f"proc/{number}/comm").write_text(f"{name}\n")
    (host / f"proc/{number}/cmdline").write_text("\0".join(argv) + "\0")


RESTORE = "restore_data ID stem cp1 https://a:2380 cp1=https://a:2380 77"


def test_the_old_data_are_kept_and_the_new_bear_the_restores_id(host: Path) -> None:
    done = run(host, f"{RESTORE}\nrestored_with ID && ! restored_with OTHER")
    assert done.returncode == 0, done.stderr
    assert (host / "var/etcd/member/snap/db").read_text() == "new\n"
    assert (host / "var/etcd/member-before-ID/snap/db").read_text() == "old"
    said = (host / "tools/t/etcdutl.said").read_text().splitlines()
    assert {"--bump-revision=77", "--mark-compacted", "--initial-cluster-token=k8sops-ID"} <= {*said}
    assert sorted(one.name for one in (host / "var/etcd").iterdir()) == ["member", "member-before-ID"]


def test_a_restore_that_died_between_any_two_of_its_steps_is_done_again(host: Path) -> None:
    deaths = [f"{name}() {{ kill -9 $BASHPID; }}" for name in ("sync", "mv", "rmdir")]
    # The last one: after the old data were renamed, before the new took their place.
    for death in [*deaths, 'mv() { command mv "$@"; kill -9 $BASHPID; }']:
        assert run(host, f"{death}\n{RESTORE}").returncode == -9
    done = run(host, f"restored_with ID || {{ {RESTORE}; }}\nrestored_with ID")
    assert done.returncode == 0, done.stderr
    kept = [one.read_text() for one in (host / "var/etcd").glob("member-before-*/snap/db")]
    assert "old" in kept
    assert (host / "var/etcd/member/snap/db").read_text() == "new\n"


def test_nothing_is_restored_under_an_etcd_or_an_api_server_that_runs(host: Path) -> None:
    process(host, 7, "etcd", "etcd", f"--data-dir={host}/elsewhere")
    assert run(host, '[ -z "$(running)" ]').returncode == 0
    process(host, 8, "etcd", "etcd", f"--data-dir={host}/var/etcd")
    process(host, 9, "kube-apiserver", "kube-apiserver")
    done = run(host, RESTORE)
    assert done.returncode != 0
    assert "etcd or an API server is running: etcd kube-apiserver" in done.stdout
    assert (host / "var/etcd/member/snap/db").read_text() == "old"


def test_manifests_are_whole_in_one_of_both_folders_and_come_back(host: Path) -> None:
    wanted = (host / "etc/manifests/etcd.yaml").read_text()
    assert "kubelet still has the manifest of etcd" in run(host, "stopped").stdout
    done = run(host, "stop_all\nstopped\ndata_dir")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{host}/var/etcd"
    assert list((host / "etc/manifests").iterdir()) == []
    done = run(host, 'moved "$RESTORE/stopped/manifests" "$MANIFESTS" etcd $API_PARTS\nstarted etcd $API_PARTS')
    assert done.returncode == 0, done.stderr
    assert (host / "etc/manifests/etcd.yaml").read_text() == wanted


def test_a_part_that_dies_again_and_again_has_stopped_only_when_kubelet_has_let_it_go(host: Path) -> None:
    run(host, "stop_all")
    (host / "pods/05d3e5d4-6172-4c52-9b92-314140b4eb17/containers/etcd").mkdir(parents=True)
    assert run(host, "stopped").returncode == 0
    (host / "pods/1f2ff76cc7a4013bec041bcd72c1b15e/containers/kube-apiserver").mkdir(parents=True)
    done = run(host, "stopped")
    assert done.returncode != 0
    assert "kubelet has not removed the pods of: kube-apiserver" in done.stdout


def test_the_way_back_puts_the_old_data_in_their_place(host: Path) -> None:
    done = run(host, f"{RESTORE}\nback_data ID\n! goes_back ID")
    assert done.returncode == 0, done.stderr
    assert (host / "var/etcd/member/snap/db").read_text() == "old"
    assert (host / "var/etcd/member-restored-ID/snap/db").read_text() == "new\n"
