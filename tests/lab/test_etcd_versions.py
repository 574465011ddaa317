"""Backup, drill and restore over real etcds of other minors than the lab's clusters run, each with its own tools."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from k8sops.engine import shell
from k8sops.engine.shell import quote
from k8sops.lab.build import ensure_built, others
from k8sops.lab.machine import cache_dir, command
from k8sops.roles.etcd import library

pytestmark = pytest.mark.beside
NAME = "demo-20260301T021500Z-cp1"
URL, PEER = "http://127.0.0.1:23790", "http://127.0.0.1:23800"
BUMP = 10**9


def say(text: str) -> None:
    print(text, file=sys.stderr)


def of_release(version: str, into: Path) -> None:
    """The etcd that a Kubernetes of this version runs, built from its modules."""
    built = ensure_built(others(version)["etcd"], say)
    for name, program in (("etcd", "server"), ("etcdctl", "etcdctl"), ("etcdutl", "etcdutl")):
        (into / name).symlink_to(built / program)


def of_debian(into: Path) -> None:
    """etcd 3.4, which has no etcdutl, as Debian 12 packages it."""
    packages = cache_dir() / "etcd" / "debian"
    if not packages.is_dir():
        new = packages.with_name(".debian")
        new.mkdir(parents=True, exist_ok=True)
        command("apt-get", "-q", "update")
        command("apt-get", "-q", "download", "etcd-server", "etcd-client", cwd=new)
        new.replace(packages)
    for package in packages.glob("*.deb"):
        command("dpkg", "-x", str(package), str(into / "files"))
    for name in ("etcd", "etcdctl"):
        (into / name).symlink_to(into / "files" / "usr" / "bin" / name)


@pytest.fixture(params=["3.4", "3.5", "3.6"])
def tools(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with the programs of one minor of etcd."""
    folder = tmp_path / "bin"
    folder.mkdir()
    if request.param == "3.4":
        of_debian(folder)
    else:
        of_release({"3.5": "1.33.4", "3.6": "1.36.3"}[request.param], folder)
    assert f"etcd Version: {request.param}." in command(str(folder / "etcd"), "--version")
    return folder


@contextmanager
def running(tools: Path, data: Path) -> Iterator[None]:
    """etcd over these data, until the context ends."""
    argv = [str(tools / "etcd"), "--name=cp1", f"--data-dir={data}", "--log-level=error", f"--listen-client-urls={URL}",
            f"--advertise-client-urls={URL}", f"--listen-peer-urls={PEER}", f"--initial-advertise-peer-urls={PEER}",
            f"--initial-cluster=cp1={PEER}"]  # fmt: skip
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 30
            while ask(tools, "endpoint", "health", check=False) is None:
                assert time.monotonic() < end, "etcd does not come up"
                time.sleep(0.1)
            yield
        finally:
            process.kill()


def ask(tools: Path, *words: str, check: bool = True) -> str | None:
    env = {**os.environ, "ETCDCTL_ENDPOINTS": URL, "ETCDCTL_API": "3"}
    done = subprocess.run([str(tools / "etcdctl"), *words], env=env, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout if done.returncode == 0 else None


def revision(tools: Path) -> int:
    said = ask(tools, "endpoint", "status", "-w", "json")
    assert said
    return int(json.loads(said)[0]["Status"]["header"]["revision"])


def words(tools: Path, folder: Path, body: str) -> str:
    """What control planes run, over this etcd; data_dir is the test's."""
    head = f"MARK=x\n{shell.LIBRARY}\nCLUSTER=demo MY_NODE=cp1 FOLDER={folder}/backups ETCD_BIN={tools} ETCD_PKI= SPARE=0\n"
    head += f"ENDPOINTS= ETCDCTL_ENDPOINTS={URL} BACKUP_LOCK={folder}/lock KUBECONFIG= PROC={folder}/none\n"
    text = (
        head
        + library("tools", "backup", "drill", "copies", "keep", "restore")
        + f"\ndata_dir() {{ echo {quote(str(folder / 'data'))}; }}\n"
    )
    done = subprocess.run(["bash", "-c", text + body], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_was_backed_up_and_drilled_is_what_a_restore_brings_back(tools: Path, tmp_path: Path) -> None:
    with running(tools, tmp_path / "data"):
        for at in range(20):
            ask(tools, "put", f"/registry/configmaps/mine/{at:02}", "first")
        words(tools, tmp_path, f"alone && take {NAME} || fail")
        words(tools, tmp_path, f"alone && drill {NAME} || fail")
        ask(tools, "put", "/registry/configmaps/mine/later", "lost")
        before = revision(tools)
    bumps = "--bump-revision" in words(tools, tmp_path, "etcdutl snapshot restore --help 2>&1")
    words(tools, tmp_path, f"set -e; restore_data 20260301T030000Z {NAME} cp1 {PEER} cp1={PEER} {BUMP}")
    assert (tmp_path / "data" / "member-before-20260301T030000Z" / "snap" / "db").exists()
    with running(tools, tmp_path / "data"):
        found = ask(tools, "get", "/registry/", "--prefix", "--keys-only")
        assert found
        assert found.split() == [f"/registry/configmaps/mine/{at:02}" for at in range(20)]
        if bumps:
            # Whoever watches from a revision of before is told that it is no more.
            assert revision(tools) > before + BUMP // 2
            assert ask(tools, "get", "/registry/", "--prefix", f"--rev={before}", check=False) is None
    words(tools, tmp_path, "set -e; back_data 20260301T030000Z")
    with running(tools, tmp_path / "data"):
        assert ask(tools, "get", "/registry/configmaps/mine/later", "--print-value-only") == "lost\n"
