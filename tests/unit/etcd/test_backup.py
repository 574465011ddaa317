"""Names, manifests, retention and the scripts of backups, by this machine's bash."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sops.engine import shell
from k8sops.engine.facts import Fleet
from k8sops.engine.host import Host
from k8sops.engine.shell import quote
from k8sops.errors import InputError, UnreachableError
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.references import resolve
from k8sops.inventory.spec import make_spec
from k8sops.roles.etcd import library
from k8sops.roles.etcd.backup import STEM, Moment, check_name, newest, newest_first, parse, stem
from k8sops.roles.etcd.backups import on_hosts
from k8sops.roles.etcd.cron import cron_of
from k8sops.roles.etcd.tasks import etcd_backup, etcd_schedule

WORDS = ("tools", "backup", "drill", "copies", "keep", "nightly")
NOW = datetime(2026, 3, 1, 2, 15, tzinfo=UTC)
TEXT = """{
  "apiVersion": "k8sops/v1",
  "kind": "EtcdBackup",
  "name": "NAME",
  "cluster": "demo",
  "clusterId": "42",
  "systemUid": "",
  "caSha256": "",
  "revision": REVISION,
  "compactRevision": 3,
  "hashKv": 7,
  "keys": 1,
  "counts": {"nodes": 1},
  "size": 544,
  "sha256": "00",
  "tarSha256": "11",
  "member": "1",
  "node": "cp1",
  "etcd": "3.6.8",
  "kubernetes": "1.36.3",
  "tool": "0.1.0",
  "startedAt": "2026-03-01T02:15:00Z",
  "endedAt": "2026-03-01T02:15:09Z",
  "seconds": 9,
  "marker": null,
  "encryptedTo": null,
  "copies": [],
  "drill": DRILL
}
"""


def manifest(name: str, *, revision: int = 10, drill: str = "null", etcd: str = "42") -> str:
    text = TEXT.replace("NAME", name).replace("REVISION", str(revision)).replace("DRILL", drill)
    return text.replace('"clusterId": "42"', f'"clusterId": "{etcd}"')


def run(folder: Path, *body: str, words: tuple[str, ...] = WORDS, given: str = "") -> subprocess.CompletedProcess[str]:
    """The library's words over this folder; nothing of this machine is touched."""
    head = f"MARK=x\n{shell.LIBRARY}\nFOLDER={quote(str(folder))} CLUSTER=demo MY_NODE=cp1 SPARE=0\n"
    head += f"ETCD_PKI= ETCD_BIN=/nonexistent BACKUP_LOCK={quote(str(folder / '.lock'))}\n"
    script = head + library(*words) + "\n" + "\n".join(body)
    return subprocess.run(["bash", "-c", script], input=given, capture_output=True, text=True, check=False)


NAMES = st.from_regex(STEM, fullmatch=True)
BAD = ["", "../x", "a", "demo-20260301T021500Z-../cp1", "Demo-20260301T021500Z-cp1",
       "demo-20260301T021500Z-", "-20260301T021500Z-cp1", "demo-20260301T021500Z-cp1\n", "demo/20260301T021500Z-cp1",
       "demo-2026-cp1", "demo-20260301T021500Z-cp1$(id)", ".demo-20260301T021500Z-cp1"]  # fmt: skip


@settings(max_examples=5, deadline=None)
@given(st.lists(NAMES, min_size=10, max_size=20))
def test_a_name_is_one_for_python_and_for_bash(names: list[str]) -> None:
    for name in names:
        assert check_name(name) == name
        assert "/" not in name
    asked = [f"is_stem {quote(name)} || exit 9" for name in names]
    assert run(Path("/nonexistent"), *asked, words=("backup",)).returncode == 0


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_name_is_refused_by_both(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="invalid backup name"):
        check_name(name)
    for word in ("take", "drill"):
        done = run(tmp_path, f"{word} {quote(name)} || fail")
        assert done.returncode == 1
        assert done.stderr.startswith("BadName: ")
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_is_read_and_the_newest_is_that_of_the_highest_revision() -> None:
    first = parse(manifest("demo-20270301T021500Z-cp1", revision=5, drill='{"at": "x", "ok": true}'))
    second = parse(manifest("demo-20260301T021500Z-cp2", revision=9))
    assert newest([first, second]) == second
    assert (first.verified, second.verified, second.state) == (True, False, "not tried")
    assert second.files == (
        "demo-20260301T021500Z-cp2.db",
        "demo-20260301T021500Z-cp2.tar",
        "demo-20260301T021500Z-cp2.json",
    )
    assert stem("demo", NOW, "cp1") == "demo-20260301T021500Z-cp1"


def test_of_an_etcd_that_was_made_anew_the_backups_are_newer_whatever_their_revisions() -> None:
    before = [parse(manifest(night(at), revision=900 + at, etcd="42")) for at in range(3)]
    since = [parse(manifest(night(at), revision=at, etcd="7")) for at in range(3, 6)]
    assert newest([*before, *since]) == since[-1]
    assert newest_first([*since, *before], lambda one: one.moment) == [*reversed(since), *reversed(before)]
    assert newest([]) is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["", "7", "42", "18446744073709551615"]), st.integers(0, 2**62), st.integers(0, 30))
    )
)
def test_the_order_is_that_of_revisions_within_the_etcd_of_the_latest(backups: list[tuple[str, int, int]]) -> None:
    """The rule of docs/backup.md, said a second time; one backup at two places keeps the order in which it came."""
    made = [(Moment(etcd, revision, night(day)), at) for at, (etcd, revision, day) in enumerate(backups)]
    ordered = newest_first(made, lambda one: one[0])
    assert sorted(at for _, at in ordered) == list(range(len(made)))
    latest = max((moment.name for moment, _ in made), default="")
    mine = {moment.cluster_id for moment, _ in made if moment.name == latest}
    groups = [moment.cluster_id in mine for moment, _ in ordered]
    if len(mine) == 1:
        assert groups == sorted(groups, reverse=True)
    for (one, first), (other, second) in pairwise(ordered):
        if (one.cluster_id in mine) == (other.cluster_id in mine) and len(mine) == 1:
            assert one[1:] >= other[1:]
        if one == other:
            assert first < second


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"kind": "EtcdBackup"}', manifest("../x"), manifest("a")])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a valid backup manifest"):
        parse(text)


def test_a_control_plane_that_is_silent_is_named_once() -> None:
    text = (Path(__file__).resolve().parents[3] / "inventory.example.yaml").read_text()
    spec = make_spec(read_inventory(yamlfile.load(text, "inventory.yaml")))

    def connect(name: str) -> Host:
        raise UnreachableError(name, "does not answer")

    names = [one.name for one in spec.control_planes]
    assert on_hosts(connect, spec) == ([], dict.fromkeys(names, "does not answer"))


# --- retention ---------------------------------------------------------------------------------------------------


def kept(lines: list[str], just_made: str, keep: str) -> set[str]:
    done = run(Path("/nonexistent"), f"KEEP={quote(keep)}; kept {quote(just_made)}", given="\n".join(lines) + "\n")
    assert done.stderr == ""
    return set(done.stdout.split())


def night(days: float, node: str = "cp1") -> str:
    return stem("demo", NOW + timedelta(days=days), node)


def test_last_days_weeks_and_months_stay() -> None:
    names = [night(-day) for day in range(120)]
    lines = [f"42 {1000 - at} {name} passed" for at, name in enumerate(names)]
    stay = kept(lines, names[0], "2 5 3 3")
    # NOW is a Sunday, the last day of its ISO week.
    weeks = {night(0), night(-7), night(-14)}
    months = {night(0), night(-1), night(-29)}
    assert stay == {night(-day) for day in range(5)} | weeks | months
    assert kept(lines, names[0], "1 0 0 0") == {names[0]}


def test_what_another_etcd_of_this_cluster_has_left_takes_no_place_of_todays() -> None:
    """A cluster that was made anew under its name, or whose restore was undone, counts from lower revisions on."""
    before = [f"18446744073709551614 {9000 + at} {night(at - 30)} passed" for at in range(10)]
    since = [f"18446744073709551615 {at} {night(at)} none" for at in range(10)]
    stay = kept([*before, *since], night(9), "3 5 0 0")
    assert stay == {night(at) for at in range(5, 10)} | {night(-21)}


def test_the_newest_is_of_the_etcd_that_the_latest_is_of(tmp_path: Path) -> None:
    for at, etcd, revision in ((0, "42", 900), (1, "42", 901), (2, "7", 5), (3, "7", 6), (400, "7", 4)):
        (tmp_path / f"{night(at)}.json").write_text(manifest(night(at), revision=revision, etcd=etcd))
    assert run(tmp_path, "newest_stem").stdout.strip() == night(3)


DRILLS = st.sampled_from(["passed", "failed", "none"])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-800, 800), DRILLS), min_size=1, max_size=12, unique_by=lambda one: one[0]),
    st.data(),
)
def test_whatever_the_clock_says_the_newest_good_one_stays(made: list[tuple[int, str]], data: st.DataObject) -> None:
    """Backups in the order in which they were made: revisions grow, clocks do as they like."""
    names = [(night(days), drill) for days, drill in made]
    lines = [f"42 {at + 1} {name} {drill}" for at, (name, drill) in enumerate(names)]
    keep = data.draw(st.sampled_from(["1 0 0 0", "1 1 1 1", "2 3 0 1"]))
    stay = kept(data.draw(st.permutations(lines)), names[-1][0], keep)
    assert names[-1][0] in stay
    for good in ({"passed"}, {"passed", "none"}):
        found = [name for name, drill in names if drill in good]
        assert not found or found[-1] in stay


def test_pruning_takes_the_manifest_first_and_touches_no_other_cluster(tmp_path: Path) -> None:
    for at in range(5):
        for end in ("db", "tar"):
            (tmp_path / f"{night(at)}.{end}").write_text("x")
        (tmp_path / f"{night(at)}.json").write_text(manifest(night(at), revision=at))
    other = tmp_path / "prod-20200101T000000Z-cp1.json"
    other.write_text(manifest("prod-20200101T000000Z-cp1").replace('"demo"', '"prod"'))
    done = run(tmp_path, f"KEEP='2 0 0 0'; prune {night(4)}")
    assert sorted(done.stdout.split()) == sorted([*["removed"] * 3, night(0), night(1), night(2)])
    assert {path.name.partition(".")[0] for path in tmp_path.glob("*.*")} >= {night(3), night(4), other.stem}
    assert len(list(tmp_path.glob("*.db"))) == 2


# --- files -------------------------------------------------------------------------------------------------------


def test_what_a_dead_run_left_is_swept_and_no_backup_is(tmp_path: Path) -> None:
    good = night(0)
    for end in ("db", "tar"):
        (tmp_path / f"{good}.{end}").write_text("x")
    (tmp_path / f"{good}.json").write_text(manifest(good))
    (tmp_path / f"{night(1)}.db").write_text("renamed, and then it died")
    (tmp_path / f".{night(2)}.db.part.part").write_text("half")
    (tmp_path / f".{night(2)}.tar.part.d").mkdir()
    (tmp_path / ".drill.abc123").mkdir()
    assert run(tmp_path, "swept").returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{good}.db", f"{good}.json", f"{good}.tar"]
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_second_one_is_told_that_one_is_at_work(tmp_path: Path) -> None:
    done = run(tmp_path, "alone", 'bash -c "exec 7>&-; flock -n $BACKUP_LOCK true" && echo free', "(alone || fail)")
    assert "Busy: another backup or drill is running on this host: pid " in done.stderr
    assert "free" not in done.stdout


SNAPSHOT = bytes(range(256)) * 32


def whole(body: bytes = SNAPSHOT) -> bytes:
    import hashlib

    return body + hashlib.sha256(body).digest()


def test_a_snapshot_is_whole_only_as_it_was_written(tmp_path: Path) -> None:
    """Cut short and with one bit turned, at every hundredth of its length."""
    path, good = tmp_path / "s", whole()
    names = []
    for at in range(0, len(good), len(good) // 100):
        for bad in (good[:at], good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]):
            (tmp_path / f"s{len(names)}").write_bytes(bad)
            names.append(f"s{len(names)}")
    path.write_bytes(good)
    checks = [
        f'snapshot_whole $FOLDER/{name} && echo taken {name} || echo "${{FAILURE%%:*}}"' for name in ["s", *names]
    ]
    said = run(tmp_path, *checks, words=("backup",)).stdout.splitlines()
    assert said[0] == "taken s"
    assert set(said[1:]) == {"Empty", "Truncated", "HashDiffers"}
    assert len(said) == len(names) + 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", '"plain"'),
        ('a "b" \\c', '"a \\"b\\" \\\\c"'),
        ("a\nb\tc", '"a b c"'),
        ("", '""'),
        ("ä'$(id)", '"ä\'$(id)"'),
    ],
)
def test_any_text_becomes_a_string_of_json(text: str, wanted: str, tmp_path: Path) -> None:
    assert run(tmp_path, f"json {quote(text)}", words=("backup",)).stdout == wanted


def test_the_drills_result_is_noted_in_the_manifest(tmp_path: Path) -> None:
    name = night(0)
    (tmp_path / f"{name}.json").write_text(manifest(name))
    why = 'Truncated: "x/y" & \\ z'
    body = f"""WHY={quote(why)}
record_drill {name} "{{\\"at\\": \\"2026-03-02T00:00:00Z\\", \\"ok\\": false, \\"why\\": $(json "$WHY")}}"
drilled {name} || echo not"""
    done = run(tmp_path, body)
    assert done.stdout.strip() == "not"
    found = parse((tmp_path / f"{name}.json").read_text())
    assert found.drill is not None
    assert found.drill["why"] == why


# --- the rest ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calendar", "fields"),
    [
        ("02:15", "15 2 * * *"),
        ("*-*-* 02:15:00", "15 2 * * *"),
        ("Sun 04:00", "0 4 * * Sun"),
        ("Mon..Fri *-*-* 04:00:00", "0 4 * * Mon-Fri"),
        ("*-*-01 03:30:00", "30 3 1 * *"),
        ("*:0/10", "*/10 * * * *"),
        ("daily", "0 0 * * *"),
    ],
)
def test_cron_says_what_it_can(calendar: str, fields: str) -> None:
    assert cron_of(calendar) == fields


def test_what_cron_cannot_say_is_refused() -> None:
    for calendar in ("Mon *-05~03", "02:15:30", "2026-01-01", "02:15 Europe/Berlin"):
        with pytest.raises(ValueError, match="cron cannot express"):
            cron_of(calendar)


def test_a_reference_leads_to_its_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s").write_text("k:s\n")
    monkeypatch.setenv("S3_OF_TEST", "k:e")
    assert resolve(f"file:{tmp_path}/s") == "k:s"
    assert resolve("env:S3_OF_TEST") == "k:e"
    assert resolve("cmd:printf k:c") == "k:c"
    for bad in ("env:NOT_SET_AT_ALL", f"file:{tmp_path}/none", "cmd:exit 3"):
        with pytest.raises(InputError):
            resolve(bad)


def test_what_stays_on_a_control_plane_is_one_sound_script_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_OF_TEST", "key:s3cr3t-canary")
    monkeypatch.setenv("HOOK_OF_TEST", "http://hook.example/s3cr3t-canary")
    text = (Path(__file__).resolve().parents[3] / "inventory.example.yaml").read_text()
    settings_ = """backup:
  schedule: "02:15"
  drill: "Sun 04:00"
  to: ["s3://backups/p"]
  s3: {credentials: "env:S3_OF_TEST"}
  hook: "env:HOOK_OF_TEST"
  cron: CRON
"""
    for cron in ("false", "true"):
        data = text.replace("\ngroups:", f"\n{settings_.replace('CRON', cron)}\ngroups:", 1)
        spec = make_spec(read_inventory(yamlfile.load(data, "inventory.yaml")))
        resources = list(etcd_schedule.TASK.resources(spec, spec.control_planes[0], Fleet({})))
        assert "s3cr3t-canary" not in repr(resources)
        script = etcd_schedule.script_of(spec, spec.control_planes[0])
        assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
        done = subprocess.run(["bash", "-s", "nonsense"], input=script, capture_output=True, text=True, check=False)
        assert (done.returncode, "usage: " in done.stderr) == (64, True)
        ids = [one.id for one in resources]
        assert ("timer:k8sops-etcd-backup" in ids) == (cron == "false")
        wanted = next((one.want or "" for one in resources if one.id == "file:/etc/cron.d/k8sops-etcd"), "")
        assert ("15 2 * * * root /usr/local/sbin/k8sops-etcd cron-backup\n" in wanted) == (cron == "true")


AGE = f"age1{'q' * 58}"


@pytest.mark.parametrize(
    ("to", "recipient", "needed"),
    [("s3://bkt/p", "", "curl"), ("s3://bkt/p", AGE, "age, curl"), ("ssh://ops@nas/b", AGE, "age"), ("", "", "")],
)
def test_a_backup_by_hand_brings_what_its_copies_need(to: str, recipient: str, needed: str) -> None:
    text = (Path(__file__).resolve().parents[3] / "inventory.example.yaml").read_text()
    spec = make_spec(read_inventory(yamlfile.load(text, "inventory.yaml")))
    told = {"to": to, "encrypt_to": recipient}
    made = etcd_backup.NewBackup("demo-20260301T021500Z-cp1")
    fleet = Fleet({}, parameters=told, decisions={etcd_backup.NewBackup: made})
    first = next(iter(etcd_backup.TASK.resources(spec, spec.control_planes[0], fleet)))
    assert (first.id == "packages:backup") == bool(needed)
    if needed:
        assert all(word in first.check for word in needed.split(", "))
