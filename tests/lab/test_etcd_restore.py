"""etcd brought back on real control planes: all of them, a survivor, one alone, new hosts; and what dies meanwhile."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import Cluster, age_identity, encrypting
from s3 import s3_server
from strikes import Started

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
SEED = int(os.environ.get("K8SOPS_SEED", "3"))
KILLS = int(os.environ.get("K8SOPS_KILLS", "3"))
PLANES = ("cp1", "cp2", "cp3")


@pytest.fixture(scope="module")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of three control planes and a worker."""
    made = Cluster(tmp_path_factory.mktemp("restore"), "restore")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--control-planes", "3", "--workers", "1")
    encrypting(made, PLANES)
    made.apply()
    yield made
    made.k8sops("lab", "down", made.name)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the operator's, with copies of backups."""
    return tmp_path_factory.mktemp("copies")


@pytest.fixture(scope="module")
def backup(planes: Cluster, copies: Path) -> str:
    """The name of a backup that holds the ConfigMap `first` and the pods of `web`; verified there and in the copy."""
    planes.on("cp1", f"{KUBECTL} create namespace mine && {KUBECTL} -n mine create configmap first")
    planes.on("cp1", f"{KUBECTL} -n mine create secret generic sealed --from-literal=word=open")
    planes.on("cp1", f"{KUBECTL} -n mine create deployment web --image=registry.k8s.io/pause:3.10.2 --replicas=2")
    planes.on("cp1", f"{KUBECTL} -n mine rollout status deployment/web --timeout=120s")
    planes.k8sops("etcd", "backup", "--verify", "--to", str(copies))
    name = str(planes.backups()[0]["name"])
    planes.k8sops("etcd", "verify", name, "--from", str(copies))
    return name


def objects(cluster: Cluster, host: str = "cp1") -> set[str]:
    """Names of the ConfigMaps in the namespace `mine`."""
    return set(cluster.on(host, f"{KUBECTL} -n mine get configmaps -o name").split()) - {"configmap/kube-root-ca.crt"}


def pods(cluster: Cluster) -> dict[str, tuple[str, int]]:
    """When each pod of `web` has started, and how often again."""
    items = json.loads(cluster.on("cp1", f"{KUBECTL} -n mine get pods -l app=web -o json"))["items"]
    states = {one["metadata"]["uid"]: one["status"]["containerStatuses"][0] for one in items}
    return {uid: (one["state"]["running"]["startedAt"], one["restartCount"]) for uid, one in states.items()}


def write(cluster: Cluster, name: str, host: str = "cp1") -> None:
    cluster.on(host, f"{KUBECTL} -n mine create configmap {name}")


def restore(cluster: Cluster, *words: str, expect: int | None = 0) -> Any:
    return cluster.k8sops("etcd", "restore", *words, "--confirm", cluster.name, expect=expect)


def status(cluster: Cluster) -> Any:
    return cluster.k8sops("etcd", "status", "-o", "json", expect=None).data()


def green(cluster: Cluster) -> None:
    assert all(one["passed"] for one in cluster.k8sops("verify", "-o", "json").data()["tests"])


def test_status_says_how_many_members_may_still_be_lost(planes: Cluster) -> None:
    found = status(planes)
    assert (found["healthy"], found["failureTolerance"], len(found["members"])) == (True, 1, 3)
    assert [row["host"] for row in found["members"] if row["leader"]] == [found["leader"]]
    assert planes.healthy()["etcd"]["failureTolerance"] == 1


def test_upkeep_is_done_one_member_at_a_time_and_never_while_one_is_missing(planes: Cluster) -> None:
    planes.on("cp1", "for at in $(seq 3); do head -c 700000 /dev/urandom | base64 -w0 >/tmp/big; "
              f"{KUBECTL} create configmap big --from-file=/tmp/big; {KUBECTL} delete configmap big; done")  # fmt: skip
    planes.k8sops("etcd", "compact", "--keep", "100", "--yes")
    before = max(row["dbBytes"] for row in status(planes)["members"])
    planes.docker("pause", "cp3")
    try:
        ran = planes.k8sops("etcd", "defrag", "--yes", expect=3)
        assert "bring it back or remove it first" in ran.out
        dead = next(row for row in status(planes)["members"] if row["name"] == "cp3")
        assert not dead["alive"]
        assert status(planes)["failureTolerance"] == 0
    finally:
        planes.docker("unpause", "cp3")
    time.sleep(5)
    planes.k8sops("etcd", "defrag", "--yes")
    assert max(row["dbBytes"] for row in status(planes)["members"]) < before
    planes.k8sops("etcd", "disarm", "--yes")
    alive = next(row for row in status(planes)["members"] if row["name"] == "cp2")
    assert "is alive" in planes.k8sops("etcd", "member", "remove", alive["id"], "--confirm", planes.name, expect=5).err
    assert (
        "no member `beef`" in planes.k8sops("etcd", "member", "remove", "beef", "--confirm", planes.name, expect=5).err
    )


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("etcd", "3.5.21", "OtherVersion"),
        ("caSha256", "0" * 64, "OtherCluster"),
        ("size", 1 << 50, "NoSpace"),
        ("drill", None, "Unverified"),
    ],
)
def test_what_must_not_be_restored_is_refused_before_anything_stops(
    planes: Cluster, backup: str, copies: Path, tmp_path: Path, field: str, value: Any, name: str
) -> None:
    for kind in ("db", "tar"):
        (tmp_path / f"{backup}.{kind}").symlink_to(copies / f"{backup}.{kind}")
    text = (copies / f"{backup}.json").read_text()
    lines = [f'  "{field}": {json.dumps(value)},' if f'"{field}":' in line else line for line in text.splitlines()]
    changed = "\n".join(lines).replace('"drill": null,', '"drill": null') if field == "drill" else "\n".join(lines)
    (tmp_path / f"{backup}.json").write_text(changed)
    ran = restore(planes, backup, "--from", str(tmp_path), expect=6)
    assert name in ran.out
    assert "invalid backup name" in restore(planes, "../../etc/shadow", expect=5).err
    assert all("kube-apiserver.yaml" in planes.on(host, "ls /etc/kubernetes/manifests") for host in PLANES)


def test_a_control_plane_that_does_not_answer_stops_a_restore_before_it_begins(planes: Cluster, backup: str) -> None:
    planes.docker("pause", "cp3")
    try:
        ran = restore(planes, backup, expect=6)
        assert "--without cp3" in ran.out
        assert "kube-apiserver.yaml" in planes.on("cp1", "ls /etc/kubernetes/manifests")
    finally:
        planes.docker("unpause", "cp3")
    assert "no such control plane" in restore(planes, backup, "--without", "w1", expect=5).err


def test_three_members_go_back_to_the_first_objects_and_nobody_hangs_in_the_future(
    planes: Cluster, backup: str
) -> None:
    write(planes, "later")
    assert objects(planes) == {"configmap/first", "configmap/later"}
    running = pods(planes)
    seen = planes.on("cp1", f"{KUBECTL} get --raw /api/v1/namespaces/mine/configmaps").split('"resourceVersion":"')[1]
    revision = seen.split('"')[0]
    said = restore(planes, backup).out
    assert "ConfigMap" in said.split("which will be lost:")[1].splitlines()[0]
    assert objects(planes) == {"configmap/first"}
    assert pods(planes) == running
    # Who watched goes on from what it saw last; it is told at once that this is no more.
    watch = f"/api/v1/namespaces/mine/configmaps?watch=1&timeoutSeconds=60&resourceVersion={revision}"
    since = time.monotonic()
    gone = planes.on("cp1", f"{KUBECTL} get --raw '{watch}' 2>&1 || true")
    assert "too old" in gone, gone
    assert time.monotonic() - since < 30
    assert status(planes)["healthy"]
    assert planes.unsettled() == []


def test_a_restore_can_be_undone(planes: Cluster) -> None:
    planes.k8sops("etcd", "backup")
    id = planes.on("cp1", "ls /var/lib/etcd").split("member-before-")[1].split()[0]
    planes.k8sops("etcd", "rollback", id, "--confirm", planes.name)
    assert objects(planes) == {"configmap/first", "configmap/later"}
    # The undone etcd was far ahead; what is backed up now is newer all the same.
    planes.k8sops("etcd", "backup")
    planes.k8sops("etcd", "verify", "--latest")
    now, *others = planes.backups()
    assert now["drill"]["ok"]
    assert now["revision"] < max(one["revision"] for one in others)


def test_a_node_of_which_flannel_had_not_told_yet_is_reached_after_a_restore(planes: Cluster) -> None:
    """flannel notes at a node how its pods are reached, once, at its start; a backup may be older than that."""
    told = "flannel.alpha.coreos.com/backend-data"
    planes.on("cp1", f"{KUBECTL} annotate node w1 {told}-")
    planes.k8sops("etcd", "backup")
    name = planes.backups()[0]["name"]
    planes.k8sops("etcd", "verify", name)
    planes.on("cp1", f"{KUBECTL} -n kube-flannel delete pods --field-selector spec.nodeName=w1")
    restore(planes, name)
    assert told in planes.on("cp1", f"{KUBECTL} get node w1 -o yaml")


def test_a_member_whose_data_are_damaged_is_replaced(planes: Cluster) -> None:
    # Where they are gone altogether, and the log is still as short as after a restore, etcd fetches all of it by itself.
    noise = "dd if=/dev/urandom of=/var/lib/etcd/member/snap/db bs=4096 count=64 conv=notrunc"
    planes.on("cp3", f"pkill -STOP -x etcd; {noise} 2>/dev/null; pkill -9 -x etcd; true")
    end = time.monotonic() + 60
    while status(planes)["failureTolerance"]:
        assert time.monotonic() < end
    assert "is alive" in planes.k8sops("etcd", "member", "replace", "cp2", "--confirm", planes.name, expect=5).err
    planes.k8sops("etcd", "member", "replace", "cp3", "--confirm", planes.name)
    found = status(planes)
    assert (found["healthy"], found["failureTolerance"]) == (True, 1)
    assert planes.unsettled() == []


@pytest.mark.long
def test_a_restore_that_is_killed_anywhere_is_run_again(planes: Cluster, backup: str, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    words = ("etcd", "restore", backup, "--confirm", planes.name, "--no-verify", "--wait", "120")
    hits = 0
    for at in range(3 * KILLS):
        running = Started(planes, tmp_path / "state", *words)
        # One that goes on where another was killed has less to do, so some come too late.
        wait = chance.uniform(2, 50)
        with suppress(subprocess.TimeoutExpired):
            running.process.wait(wait)
        hits += running.process.poll() is None
        struck = "etcd" if at % 3 == 2 else "k8sops"
        if struck == "etcd":
            planes.on(chance.choice(PLANES), "pkill -9 -x etcd || true")
        else:
            running.process.kill()
        code, out = running.end(600)
        assert "Traceback" not in out
        print(f"seed {SEED}, {struck} {at} killed after {wait:.0f} s: ended with {code}")
        # At no point is the only copy of the data gone.
        for host in PLANES:
            assert planes.on(host, "ls -d /var/lib/etcd/member*/snap/db").strip()
        if hits == KILLS:
            break
    assert hits == KILLS
    restore(planes, backup, "--wait", "120")
    assert objects(planes) == {"configmap/first"}
    assert status(planes)["failureTolerance"] == 1


def test_one_survivor_of_three_brings_the_cluster_back(planes: Cluster, backup: str) -> None:
    write(planes, "lost")
    planes.docker("rm --force --volumes", "cp2", "cp3")
    assert not status(planes)["hasQuorum"]
    ran = restore(planes, backup, expect=6)
    assert "Silent" in ran.out
    restore(planes, backup, "--without", "cp2,cp3")
    assert objects(planes) == {"configmap/first"}
    found = status(planes)
    assert [row["name"] for row in found["members"]] == ["cp1"]
    for host in ("cp2", "cp3"):
        planes.on("cp1", f"{KUBECTL} delete node {host}")
        planes.edit(lambda data, host=host: data["groups"]["control_plane"]["hosts"].pop(host))


def test_one_member_alone_is_restored(planes: Cluster, backup: str) -> None:
    write(planes, "later")
    restore(planes, backup)
    assert objects(planes) == {"configmap/first"}
    assert status(planes)["healthy"]


def test_new_hosts_become_the_cluster_from_a_sealed_copy_alone(planes: Cluster, backup: str, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    recipient = age_identity(key)
    url = "s3://backups/gone"
    with s3_server() as server:
        (tmp_path / "s3").write_text(server.credentials["all"])

        def reach() -> None:
            """The way to the server, as this lab's hosts see it."""
            s3 = {"endpoint": f"http://{planes.gateway()}:{server.line.port}", "credentials": f"file:{tmp_path}/s3"}
            planes.edit(lambda data: data.update(backup={"s3": s3}))

        reach()
        planes.k8sops("etcd", "backup", "--to", url, "--encrypt-to", recipient)
        name = str(planes.backups("--from", url)[0]["name"])
        planes.k8sops("etcd", "verify", name, "--from", url, "--identity", str(key))
        planes.k8sops("lab", "down", planes.name)
        planes.lab_up("--control-planes", "2", "--workers", "1")
        reach()
        # That of the lost hosts comes with the backup.
        encrypting(planes, [])
        sealed = ("--from", url, "--identity", str(key))
        assert "--new-hosts" in restore(planes, name, *sealed, expect=6).out
        restore(planes, name, *sealed, "--new-hosts")
    assert objects(planes) == {"configmap/first"}
    nodes = planes.k8sops("status", "-o", "json", expect=None).data()["nodes"]
    ready = {one["name"]: one["ready"] for one in nodes if one["name"] != "cp3"}
    assert ready == dict.fromkeys(("cp1", "cp2", "w1"), True)
    assert len(status(planes)["members"]) == 2
    word = planes.on("cp1", f"{KUBECTL} -n mine get secret sealed -o 'go-template={{{{.data.word}}}}'")
    assert base64.b64decode(word) == b"open"
    planes.on("cp1", f"{KUBECTL} delete node cp3")
    green(planes)
