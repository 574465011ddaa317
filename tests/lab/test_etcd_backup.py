"""Backups of etcd on real control planes: taken, proven, copied, scheduled; and what dies, breaks or lies meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Cluster, Ran, age_identity, encrypting, recipient
from prometheus_client.parser import text_string_to_metric_families
from s3 import Server, s3_server
from strikes import Started

FOLDER = "/var/backups/k8sops"
SCRIPT = "/usr/local/sbin/k8sops-etcd"
CRON = "/etc/cron.d/k8sops-etcd"
PLANES = ("cp1", "cp2", "cp3")
KILLS = int(os.environ.get("K8SOPS_KILLS", "6"))
SEED = int(os.environ.get("K8SOPS_SEED", "1"))
Until = Callable[[Callable[[], bool], float], None]


@pytest.fixture(scope="module")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of three control planes, whose secrets are encrypted at rest."""
    made = Cluster(tmp_path_factory.mktemp("backup"), "backup")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--control-planes", "3", "--workers", "0")
    encrypting(made, PLANES)
    made.apply()
    yield made
    made.k8sops("lab", "down", made.name)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with s3_server() as made:
        yield made


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An identity of age."""
    path = tmp_path_factory.mktemp("age") / "key.txt"
    age_identity(path)
    return path


def scheduled(cluster: Cluster, **settings: Any) -> None:
    """The inventory's `backup`, and with it what control planes do by themselves. Never by night, here."""
    backup = {"schedule": "2099-01-01", "drill": "2099-01-01", "random_delay": 0, "takeover": 5, **settings}
    cluster.edit(lambda data: data.update(backup=backup))
    cluster.k8sops("etcd", "schedule", "--yes")


def script(cluster: Cluster, host: str, word: str = "backup", before: str = "") -> Ran:
    """The scheduled script, by hand, as systemd runs it."""
    argv = ["docker", "exec", f"k8sops-{cluster.name}-{host}", "bash", "-c", f"{before}\nexec {SCRIPT} {word}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def leader(cluster: Cluster) -> str:
    members = cluster.k8sops("etcd", "status", "-o", "json", expect=None).data()["members"]
    return next(one["name"] for one in members if one["leader"])


def sound(cluster: Cluster, host: str) -> list[str]:
    """The backups on a host. No half file bears a final name, and each is what its manifest says."""
    said = cluster.on(host, f"""[ -d {FOLDER} ] || exit 0
cd {FOLDER}
shopt -s nullglob
for one in *.json; do
  stem=${{one%.json}}
  [ "$(head -c -32 $stem.db | sha256sum | cut -c1-64)" = "$(sed -n 's/^  "sha256": "\\(.*\\)",/\\1/p' $one)" ] || echo bad $stem
  [ "$(sha256sum <$stem.tar | cut -c1-64)" = "$(sed -n 's/^  "tarSha256": "\\(.*\\)",/\\1/p' $one)" ] || echo bad $stem
  echo $stem
done
for one in *; do [ "$(stat -c '%a %U' $one)" = '600 root' ] || echo bad $one; done""")  # fmt: skip
    assert "bad" not in said
    return said.split()


# --- by hand -----------------------------------------------------------------------------------------------------


def test_a_backup_is_taken_listed_and_proven(planes: Cluster) -> None:
    planes.on("cp1", "kubectl --kubeconfig /etc/kubernetes/admin.conf create secret generic sealed --from-literal=a=b")
    planes.k8sops("etcd", "backup", "--verify")
    (one,) = planes.backups()
    assert one["drill"]["ok"]
    assert one["place"] in PLANES
    assert sound(planes, one["place"]) == [one["name"]]
    data = json.loads(planes.on(one["place"], f"cat {FOLDER}/{one['name']}.json"))
    assert data["marker"].startswith(one["name"])
    assert (data["counts"]["nodes"], data["etcd"], data["kubernetes"]) == (3, "3.6.8", "1.36.3")
    assert data["keys"] > 100
    tar = planes.on(one["place"], f"tar tf {FOLDER}/{one['name']}.tar")
    for path in ("etc/kubernetes/pki/ca.key", "etc/kubernetes/pki/sa.key", "etc/kubernetes/pki/etcd/ca.key",
                 "etc/kubernetes/encryption/config.yaml", "k8sops/kubeadm-config.yaml", "k8sops/members", "k8sops/versions"):  # fmt: skip
        assert path in tar.split()
    assert planes.on(one["place"], f"stat -c %a {FOLDER}").strip() == "700"
    left = planes.on(one["place"], f"ls -A {FOLDER}; pgrep -fc -- --name=drill || true")
    assert ".part" not in left
    assert ".drill" not in left
    assert left.split()[-1] == "0"


def test_a_copy_here_is_encrypted_before_it_leaves_and_proven_with_its_key_only(
    planes: Cluster, key: Path, tmp_path: Path
) -> None:
    planes.k8sops("etcd", "backup", "--to", str(tmp_path / "here"), "--encrypt-to", recipient(key))
    (manifest,) = (tmp_path / "here").glob("*.json")
    name = manifest.stem
    assert {path.name for path in (tmp_path / "here").iterdir()} == {
        f"{name}.db.age",
        f"{name}.tar.age",
        f"{name}.json",
    }
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "here").iterdir()} == {0o600}
    where = ["--from", str(tmp_path / "here")]
    planes.k8sops("etcd", "verify", name, *where, "--identity", str(key))
    assert json.loads(manifest.read_text())["drill"]["ok"]
    assert [one["name"] for one in planes.backups(*where)] == [name]
    other = tmp_path / "other.txt"
    age_identity(other)
    assert "OtherKey: " in planes.k8sops("etcd", "verify", name, *where, "--identity", str(other), expect=3).err
    assert "is encrypted" in planes.k8sops("etcd", "verify", name, *where, expect=5).err


@pytest.fixture(scope="module")
def taken(planes: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on this machine with one backup, as it is."""
    folder = tmp_path_factory.mktemp("taken")
    planes.k8sops("etcd", "backup", "--to", str(folder))
    return folder


def drill(planes: Cluster, folder: Path, name: str) -> Ran:
    return planes.k8sops("etcd", "verify", name, "--from", str(folder), expect=None)


def test_damaged_files_never_pass_a_drill(planes: Cluster, taken: Path, tmp_path: Path) -> None:
    """Cut short and with one bit turned, at every hundredth of its length: by the words that every drill begins with,
    and by a real etcdutl."""
    from k8sops.engine import shell
    from k8sops.roles.etcd import library

    (manifest,) = taken.glob("*.json")
    name = manifest.stem
    assert drill(planes, taken, name).code == 0
    tools = next((Path.home() / ".cache" / "k8sops" / "etcd").glob("*/etcdutl")).parent
    good = taken / f"{name}.db"
    for end in ("json", "tar"):
        (tmp_path / f"{name}.{end}").write_bytes((taken / f"{name}.{end}").read_bytes())
    size = good.stat().st_size
    body = f"""MARK=x
{shell.LIBRARY}
ETCD_BIN={tools} ETCD_PKI= FOLDER={tmp_path} PEER_PORT=20001
{library("tools", "backup", "drill")}
tell() {{
  rm -rf $FOLDER/scratch; mkdir $FOLDER/scratch
  if files_whole {name} && restored {name} $FOLDER/scratch; then echo "$1 passed"; else echo "$1 ${{FAILURE%%:*}}"; fi
}}
file=$FOLDER/{name}.db
cp {good} $file; tell whole
for ((at = 0; at < {size}; at += {size // 100})); do
  cp {good} $file; truncate -s $at $file; tell cut
  cp {good} $file; was=$(od -An -tu1 -j $at -N 1 {good})
  printf "\\x$(printf %x $((was ^ 4)))" | dd of=$file bs=1 seek=$at conv=notrunc status=none; tell flipped
done"""
    said = subprocess.run(["bash", "-c", body], capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0] == "whole passed"
    assert len(said) > 200
    assert set(said[1:]) == {"cut Empty", "cut Truncated", "flipped HashDiffers"}


def test_each_wrong_backup_has_its_own_name(planes: Cluster, taken: Path, tmp_path: Path) -> None:
    (manifest,) = taken.glob("*.json")
    name, text = manifest.stem, manifest.read_text()

    def changed(said: str, db: bytes | None = None, tar: bytes | None = None, **values: Any) -> None:
        data = {**json.loads(text), **values}
        lines = ",\n".join(f"  {json.dumps(one)}: {json.dumps(value)}" for one, value in data.items())
        (tmp_path / f"{name}.json").write_text(f"{{\n{lines}\n}}\n")
        (tmp_path / f"{name}.db").write_bytes((taken / f"{name}.db").read_bytes() if db is None else db)
        (tmp_path / f"{name}.tar").write_bytes((taken / f"{name}.tar").read_bytes() if tar is None else tar)
        ran = drill(planes, tmp_path, name)
        assert ran.code in (3, 5)
        assert f"{said}: " in ran.err
        assert "Traceback" not in ran.err

    changed("Empty", db=b"")
    changed("TarDiffers", tar=b"x")
    changed("OtherVersion", etcd="3.5.21")
    changed("OtherCluster", cluster="another")
    changed("RevisionBehind", revision=10**9)
    changed("KeyspaceDiffers", hashKv=1)
    changed("CountDiffers", keys=3)
    changed("MarkerMissing", marker="never/written")
    changed("OtherCompaction", compactRevision=1)
    for bad in ("../../etc/passwd", "a/b", "x"):
        assert "invalid backup name" in planes.k8sops("etcd", "verify", bad, "--from", str(tmp_path), expect=5).err
    with tarfile.open(taken / f"{name}.tar") as tar:
        assert not [one for one in tar.getnames() if one.startswith("/") or ".." in one.split("/")]


# --- what dies ---------------------------------------------------------------------------------------------------


def test_a_full_disk_leaves_what_was_there(planes: Cluster) -> None:
    scheduled(planes)
    host = leader(planes)
    assert script(planes, host).code == 0
    before = sound(planes, host)
    # Room for the backup that is there, and for half a snapshot.
    size = f"$(( $(cat {FOLDER}/{before[-1]}.* | wc -c) + $(stat -c %s {FOLDER}/{before[-1]}.db) / 2 ))"
    small = f"mkdir -p /mnt/small && mount -t tmpfs -o size={size} tmpfs /mnt/small && cp -p {FOLDER}/{before[-1]}.* /mnt/small/ && mount --bind /mnt/small {FOLDER}"
    planes.on(host, small)
    try:
        # Seen beforehand, and, where that look was too early, in the middle of the snapshot.
        for early, name in (("", "NoSpace: "), ("export SPARE=-100000000", "SaveFailed: ")):
            ran = script(planes, host, before=early)
            assert (ran.code, name in ran.err) == (1, True), ran.err
            assert sound(planes, host) == before[-1:]
    finally:
        planes.on(host, f"umount {FOLDER} && umount /mnt/small")
    assert sound(planes, host) == before
    assert planes.healthy()["healthy"]


def test_killed_at_any_moment_it_leaves_no_half_backup_and_the_next_one_is_whole(planes: Cluster) -> None:
    scheduled(planes)
    chance, host = random.Random(SEED), leader(planes)
    usual = {}
    for word in ("backup", "drill"):
        since = time.monotonic()
        assert script(planes, host, word).code == 0
        usual[word] = time.monotonic() - since
    hits = 0
    for at in range(3 * KILLS):
        word = "drill" if at % 3 == 2 else "backup"
        after = chance.uniform(0, usual[word])
        said = planes.on(host, f"""setsid {SCRIPT} {word} >/tmp/said 2>&1 & pid=$!
sleep {after:.2f}; if kill -9 -$pid 2>/dev/null; then echo hit; else tail -n 1 /tmp/said; fi; wait $pid || true
! pgrep -f -- --name=drill >/dev/null || {{ sleep 1; ! pgrep -f -- --name=drill; }}""")  # fmt: skip
        print(f"seed {SEED}, {word} {at} killed after {after:.2f} s of {usual[word]:.1f}: {said.strip()}")
        # Retention may have taken old ones; what it keeps is the newest.
        assert sound(planes, host)
        hits += "hit" in said
        if hits == KILLS:
            break
    assert hits == KILLS
    # Of two backups within one second the second one would be refused: they would bear one name.
    time.sleep(1)
    ran = script(planes, host)
    assert ran.code == 0, ran.err
    assert planes.on(host, f"ls -A {FOLDER} | grep -c '^\\.' || true").strip() == "0"
    assert script(planes, host, "drill").code == 0


def test_killed_while_etcd_is_silent_it_leaves_nobody_who_holds_its_lock(planes: Cluster, until: Until) -> None:
    """timeout(1) makes a process group of its own, so that what it runs outlives the group of who asked."""
    scheduled(planes)
    said = planes.on(leader(planes), f"""pkill -STOP -x etcd; trap 'pkill -CONT -x etcd' EXIT
setsid {SCRIPT} backup >/dev/null 2>&1 & pid=$!
sleep 1; pgrep -x etcdctl >/dev/null; kill -9 -$pid; wait $pid || true; sleep 0.2
flock -n /run/k8sops-backup.lock echo free; pgrep -x etcdctl || echo alone""")  # fmt: skip
    assert said.split() == ["free", "alone"]
    until(lambda: planes.k8sops("etcd", "status", expect=None).code == 0, 60)


def test_etcd_killed_under_a_backup_or_a_drill_costs_no_good_one(planes: Cluster, until: Until) -> None:
    scheduled(planes)
    chance, host = random.Random(SEED), leader(planes)
    assert script(planes, host).code == 0
    for at in range(KILLS // 3):
        newest, word, after = max(sound(planes, host)), ("backup", "drill")[at % 2], chance.uniform(0.1, 0.6)
        said = planes.on(
            host,
            f"""sleep 1; setsid {SCRIPT} {word} >/tmp/said 2>&1 & pid=$!
sleep {after:.2f}; pkill -9 -x etcd; code=0; wait $pid || code=$?; echo "$code: $(tail -n 1 /tmp/said)" """,
        )
        print(f"seed {SEED}, etcd killed {after:.2f} s after a {word} had begun, which ended with {said.strip()}")
        assert newest in sound(planes, host)
        until(lambda: planes.k8sops("etcd", "status", expect=None).code == 0, 180)
    ran = script(planes, host)
    assert ran.code == 0, ran.err
    assert script(planes, host, "drill").code == 0


def test_killed_or_cut_off_while_it_fetches_a_copy_no_half_one_bears_a_name(planes: Cluster, tmp_path: Path) -> None:
    chance, target = random.Random(SEED), tmp_path / "copies"
    words = ("etcd", "backup", "--wait", "60", "--to", str(target))
    since = time.monotonic()
    planes.k8sops(*words)
    usual, hits = time.monotonic() - since, 0
    for at in range(3 * KILLS):
        since, running = time.monotonic(), Started(planes, tmp_path / "state", *words)
        after = chance.uniform(0.5, usual)
        try:
            running.process.wait(after)
            # The first one may have had to wait for something.
            usual = min(usual, time.monotonic() - since)
        except subprocess.TimeoutExpired:
            if at % 2:
                running.process.kill()
            else:
                for host in PLANES:
                    planes.on(host, "pkill -9 -f 'sshd: ops' || true")
        code, out = running.end()
        assert "Traceback" not in out, out
        hits += code != 0
        what = "kill" if at % 2 else "cut"
        print(f"seed {SEED}, {what} {at} after {after:.1f} s of {usual:.1f}: ended with {code}")
        for one in target.glob("*.json"):
            manifest = json.loads(one.read_text())
            whole = one.with_suffix(".db").read_bytes()
            assert hashlib.sha256(whole[:-32]).hexdigest() == manifest["sha256"]
            assert hashlib.sha256(one.with_suffix(".tar").read_bytes()).hexdigest() == manifest["tarSha256"]
        if hits == KILLS:
            break
    assert hits == KILLS
    planes.k8sops(*words)
    planes.k8sops("etcd", "verify", "--latest", "--from", str(target))
    for host in {str(one["place"]) for one in planes.backups()}:
        sound(planes, host)


def test_two_at_once_are_one(planes: Cluster) -> None:
    host = leader(planes)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: script(planes, host), range(2))
    codes = sorted([first.code, second.code])
    assert codes in ([0, 1], [0, 0])
    if codes == [0, 1]:
        assert "Busy: another backup or drill is running on this host" in first.err + second.err
    sound(planes, host)


def test_a_dead_or_frozen_member_is_passed_over(planes: Cluster) -> None:
    """Its host stays up: the backup is of another member."""
    for signal in ("STOP", "KILL"):
        planes.on(
            "cp1",
            f"mv /etc/kubernetes/manifests/etcd.yaml /root/ 2>/dev/null; pkill -{signal} -x etcd"
            if signal == "KILL"
            else "pkill -STOP -x etcd",
        )
        try:
            planes.k8sops("etcd", "backup", "--verify")
            newest = planes.backups()[0]
            assert newest["drill"]["ok"]
        finally:
            planes.on(
                "cp1",
                "pkill -CONT -x etcd || true; [ ! -f /root/etcd.yaml ] || mv /root/etcd.yaml /etc/kubernetes/manifests/",
            )


def test_a_clock_a_year_ahead_costs_no_good_backup(planes: Cluster) -> None:
    scheduled(planes, keep={"last": 2, "daily": 1, "weekly": 1, "monthly": 1})
    host = leader(planes)
    assert script(planes, host).code == 0
    assert script(planes, host, "drill").code == 0
    good = {one["name"] for one in planes.backups() if one["place"] == host and one["drill"]}
    # /usr/local/sbin comes first in what the script looks through.
    planes.on(
        host,
        'printf \'#!/bin/sh\\nexec /bin/date -d "+1 year" "$@"\\n\' >/usr/local/sbin/date; chmod +x /usr/local/sbin/date',
    )
    try:
        ran = script(planes, host)
        assert ran.code == 0, ran.err
    finally:
        planes.on(host, "rm /usr/local/sbin/date")
    names = sound(planes, host)
    newest = max(good)
    assert newest in names
    assert script(planes, host).code == 0
    assert newest in sound(planes, host)


# --- elsewhere ---------------------------------------------------------------------------------------------------


def test_copies_in_s3_encrypted_with_a_key_that_may_only_write(
    planes: Cluster, server: Server, key: Path, tmp_path: Path
) -> None:
    (tmp_path / "s3").write_text(server.credentials["write"])
    s3 = {"endpoint": f"http://{planes.gateway()}:{server.line.port}", "credentials": f"file:{tmp_path}/s3"}
    scheduled(planes, to=["s3://backups/lab"], s3=s3, encrypt_to=recipient(key))
    host = leader(planes)
    ran = script(planes, host)
    assert ran.code == 0, ran.err
    (name,) = {one.partition("/")[2].partition(".")[0] for one in server.objects()}
    assert server.objects() == [f"lab/{name}.db.age", f"lab/{name}.json", f"lab/{name}.tar.age"]
    # In parts, through a pipe, as a large one goes.
    big = script(planes, host, before="export S3_PART=5242880")
    assert big.code == 0, big.err
    assert len(server.objects()) == 6
    (tmp_path / "s3").write_text(server.credentials["all"])
    found = planes.backups("--from", "s3://backups/lab")
    assert len(found) == 2
    planes.k8sops("etcd", "verify", "--latest", "--from", "s3://backups/lab", "--identity", str(key))
    assert planes.backups("--from", "s3://backups/lab")[0]["drill"]["ok"]
    secret = server.credentials["write"].partition(":")[2]
    assert secret not in planes.on(host, f"cat {SCRIPT}; journalctl --sync; journalctl --no-pager -o cat")
    assert planes.on(host, "stat -c %a /etc/k8sops/s3.curl").strip() == "600"


def test_whatever_s3_does_the_backup_here_stays_and_no_half_one_is_there(
    planes: Cluster, server: Server, tmp_path: Path
) -> None:
    host, line = leader(planes), server.line
    was = server.objects()

    def failing(name: str, before: str = "") -> None:
        ran = script(planes, host, before=before)
        assert ran.code == 1
        assert f"{name}: " in ran.err
        assert sorted(server.objects()) == sorted(was)
        assert sound(planes, host)

    line.dead = True
    failing("S3Silent")
    line.dead = False
    # Half an upload: the line dies in the middle, each time it is tried.
    line.seen, line.cut = 0, 100_000
    failing("S3Silent")
    line.cut = None
    line.delay = 20
    failing("S3Silent", before="export S3_PATIENCE=3")
    line.delay = 0
    (tmp_path / "s3").write_text("AKIANOBODY:wrong")
    planes.edit(lambda data: data["backup"]["s3"].update(credentials=f"file:{tmp_path}/s3"))
    planes.k8sops("etcd", "schedule", "--yes")
    failing("S3Refused")
    assert server.half_uploads() == 0


def test_a_copy_on_another_host_by_ssh(planes: Cluster) -> None:
    planes.on("cp2", "useradd -m keeper 2>/dev/null || true; install -d -m 0700 -o keeper /home/keeper/.ssh")
    address = str(yaml.safe_load(planes.inventory.read_text())["groups"]["control_plane"]["hosts"]["cp2"]["address"])
    for host in PLANES:
        public = planes.on(
            host,
            "[ -f ~/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; cat ~/.ssh/id_ed25519.pub",
        )
        planes.on(host, f"ssh-keyscan -t ed25519 {address} 2>/dev/null >>~/.ssh/known_hosts")
        planes.on(
            "cp2", f"cat >>/home/keeper/.ssh/authorized_keys <<'EOF'\n{public}EOF\nchown -R keeper /home/keeper/.ssh"
        )
    scheduled(planes, to=[f"ssh://keeper@{address}/home/keeper/backups"])
    host = leader(planes)
    ran = script(planes, host)
    assert ran.code == 0, ran.err
    there = planes.on("cp2", "cd /home/keeper/backups && stat -c '%a %n' * && ls -A | grep -c part || true").split()
    assert there[-1] == "0"
    assert [one for one in there if one.endswith(".json")]
    planes.on("cp2", "chmod 0500 /home/keeper/backups; chown root /home/keeper/backups")
    ran = script(planes, host)
    assert (ran.code, "SSHFailed: " in ran.err) == (1, True), ran.err
    assert sound(planes, host)


# --- by themselves -----------------------------------------------------------------------------------------------


def test_timers_fire_one_control_plane_does_it_and_another_takes_over(
    planes: Cluster, server: Server, until: Until, tmp_path: Path
) -> None:
    """Every minute, for once: backup, drill, metrics; then the leader's host goes down."""
    hook = {"hook": f"http://{planes.gateway()}:1/never", "metrics": "/var/lib/node_exporter"}
    every = {"schedule": "*-*-* *:*:00", "drill": "*-*-* *:*:30", "takeover": 25}
    scheduled(planes, **every, **hook)
    first = leader(planes)

    def runs() -> dict[str, Any]:
        hosts = planes.k8sops("etcd", "schedule", "status", "-o", "json", expect=None).data()["hosts"]
        return {one["host"]: one for one in hosts}

    def did(host: str, what: str) -> bool:
        return bool(runs().get(host, {}).get(what, {}).get("result") == "well")

    until(lambda: did(first, "backup") and did(first, "drill"), 240)
    said = planes.on(first, "cat /var/lib/node_exporter/k8sops_etcd.prom")
    metrics = {one.name: one.samples[0].value for one in text_string_to_metric_families(said)}
    assert metrics["k8sops_etcd_drill_success"] == 1
    assert metrics["k8sops_etcd_backup_run_success"] == 1
    assert metrics["k8sops_etcd_backup_last_success_timestamp_seconds"] > 1.7e9
    assert metrics["k8sops_etcd_backup_size_bytes"] > 10**6
    assert not [one for one in PLANES if one != first and did(one, "backup")]
    planes.docker("stop -t 1", first)
    try:
        until(lambda: any(did(one, "backup") for one in PLANES if one != first), 240)
    finally:
        planes.docker("start", first)
    scheduled(planes)
    until(lambda: planes.k8sops("status", "-o", "json", expect=None).data()["healthy"], 240)


def test_cron_starts_it_too_and_the_hook_hears_of_what_failed(planes: Cluster, until: Until) -> None:
    heard: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    server = ThreadingHTTPServer(("0.0.0.0", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = f"http://{planes.gateway()}:{server.server_port}/hook"
    soon = time.strftime("%H:%M", time.gmtime(time.time() + 120))
    scheduled(planes, schedule=soon, drill="Sun 04:00", cron=True, to=["ssh://nobody@127.0.0.1/nowhere"], hook=hook)
    until(lambda: bool(heard), 180)
    scheduled(planes)
    server.shutdown()
    server.server_close()
    assert (heard[0]["cluster"], heard[0]["what"]) == ("backup", "backup")
    assert heard[0]["why"].startswith("SSHFailed: ")
    said = planes.on(heard[0]["node"], "journalctl --sync; journalctl -t k8sops-etcd-backup --no-pager -o cat")
    assert "SSHFailed: " in said
    assert planes.on(heard[0]["node"], f"ls {CRON} 2>/dev/null || true") == ""


def test_several_clusters_from_a_crontab_print_only_what_failed(planes: Cluster, tmp_path: Path) -> None:
    good = planes.inventory
    ran = planes.k8sops("etcd", "backup", "--all-clusters", str(good))
    assert (ran.out, ran.err) == ("", "")
    bad = tmp_path / "bad.yaml"
    bad.write_text("cluster: demo\n")
    ran = planes.k8sops("etcd", "backup", "--all-clusters", str(bad), str(good), expect=5)
    assert str(bad) in ran.err
    assert ran.out == ""


def test_without_a_schedule_nothing_of_it_is_left(planes: Cluster) -> None:
    planes.edit(lambda data: data.pop("backup"))
    planes.k8sops("etcd", "schedule", "--yes")
    left = planes.on("cp1", f"ls {SCRIPT} /etc/systemd/system/k8sops-etcd-* /etc/k8sops/s3.curl 2>/dev/null || true")
    assert left == ""
