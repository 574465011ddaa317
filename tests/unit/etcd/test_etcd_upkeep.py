"""Upkeep of etcd: its shell, and that every playbook of it names what it can be told."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from test_members import spec

from k8sops.engine import shell
from k8sops.engine.facts import Fleet
from k8sops.engine.playbook import load_playbook
from k8sops.engine.questions import parameters_of
from k8sops.engine.render import data_path
from k8sops.engine.resource import Resource
from k8sops.engine.task import load_task
from k8sops.errors import InputError
from k8sops.roles.etcd import library
from k8sops.roles.etcd.upkeep import member_gone, member_left, removing_members

ROOT = Path(__file__).resolve().parents[3]
ETCDCTL = """
etcdctl() {
  case "$* $ETCDCTL_ENDPOINTS" in
  *health*a*) [ -z "${DEAD-}" ] ;;
  *"member list"*)
    for at in a b c; do
      case ${UNSTARTED-} in
      $at) echo "1$at, unstarted, , https://$at:2380, , false" ;;
      *)
        learner=$([ $at = c ] && echo ${C-false} || echo false)
        echo "1$at, started, $at, https://$at:2380, https://$at:2379, $learner" ;;
      esac
    done ;;
  "member remove"* | "del "*) echo "ran $*" >&2 ;;
  *json*https://a*) echo '{"member_id":1,"leader":1,"dbSize":30000000,"dbSizeInUse":1000000,"dbSizeQuota":40000000}' ;;
  *json*https://b*) echo '{"member_id":2,"leader":1,"dbSize":30000000,"dbSizeInUse":29000000,"dbSizeQuota":30000000}' ;;
  *json*https://c*) echo '{"member_id":3,"leader":1,"dbSize":30000000,"dbSizeInUse":2000000}' ;;
  *status*https://[$ALIVE]:*) : ;;
  # The real one asks this host's own member where the variable is empty.
  *"status --command-timeout=5s ") : ;;
  *status*) return 1 ;;
  esac
}
"""


def run(work: str) -> subprocess.CompletedProcess[str]:
    head = "ETCDCTL_ENDPOINTS= ALIVE=abc\n"
    script = f"{{\n{shell.LIBRARY}\n{head}\n{library('tools', 'upkeep')}\n{ETCDCTL}\nset -euo pipefail\n{work}\n}}"
    return subprocess.run(["bash", "-s"], input=script, capture_output=True, text=True, check=False)


def test_the_leader_comes_last_and_a_full_file_is_left_alone() -> None:
    done = run("wasteful_members 10 | cut -f 1,2")
    assert done.stdout.split() == ["https://c:2379", "0", "https://a:2379", "1"]


def test_nothing_is_done_to_members_while_one_is_missing() -> None:
    assert run("every_member_answers").returncode == 0
    done = run("DEAD=1; every_member_answers")
    assert done.returncode != 0
    assert "https://a:2379 does not answer" in done.stdout


def test_no_alarm_is_taken_off_a_database_that_is_full() -> None:
    done = run("refuse_full")
    assert done.returncode != 0
    assert "https://b:2379 is still full" in done.stdout


@pytest.mark.parametrize(
    ("alive", "learner", "gone", "left"),
    [("ab", "false", "1c", True), ("a", "false", "1c", False), ("c", "true", "1b", False), ("a", "true", "1b", True)],
)
def test_a_member_is_removed_only_where_those_that_live_are_a_quorum_without_it(
    alive: str, learner: str, gone: str, left: bool
) -> None:
    done = run(f"ALIVE={alive} C={learner}; refuse_without_quorum {gone}")
    assert (done.returncode == 0) == left
    assert left or "no quorum" in done.stdout


def test_a_member_that_has_never_started_is_none_that_answers() -> None:
    assert run("UNSTARTED=b ALIVE=ac; refuse_without_quorum 1b").returncode == 0
    done = run("UNSTARTED=b ALIVE=a; refuse_without_quorum 1c")
    assert (done.returncode, done.stdout) == (1, "without 1c, only 1 of 2 members are healthy: no quorum\n")


def test_a_member_is_removed_by_its_id_and_something_is_written_behind_it() -> None:
    done = run("ALIVE=abc; remove_member 1c")
    assert done.returncode == 0
    ran = [line.removesuffix(" --command-timeout=30s") for line in done.stderr.splitlines()]
    assert ran == ["ran member remove 1c", "ran del k8sops/nothing"]
    done = run("ALIVE=a; remove_member 1c")
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        # What was proposed while a removed leader's successor was elected is lost: "etcdserver: request timed out".
        ("del", ["member remove 1c", "del k8sops/nothing", "del k8sops/nothing"]),
        # The answer may be lost too, although the member is gone.
        ("member", ["member remove 1c", "member remove 1c", "del k8sops/nothing"]),
    ],
)
def test_a_request_that_a_new_election_has_swallowed_is_sent_again(failing: str, words: list[str]) -> None:
    stub = f"""real=$(declare -f etcdctl); eval "real_${{real}}"; failed=0
etcdctl() {{
  real_etcdctl "$@"
  case $1 in {failing}) [ $failed -gt 0 ] || [ "$2" = list ] || {{ failed=1; return 1; }} ;; esac
}}
sleep() {{ :; }}"""
    done = run(f"{stub}\nremove_member 1c")
    ran = re.findall(r"^ran (.*) --command-timeout=30s$", done.stderr, re.M)
    assert (done.returncode, ran) == (0, words)


def test_a_member_that_cannot_be_removed_is_a_failure() -> None:
    stub = """real=$(declare -f etcdctl); eval "real_${real}"
etcdctl() { [ "$2" != remove ] && real_etcdctl "$@"; }
sleep() { :; }"""
    assert run(f"{stub}\nremove_member 1c").returncode == 1


@pytest.mark.parametrize(
    ("peers", "removed"),
    [
        (["https://b:2380"], ["1b"]),
        (["https://b:2380", "https://x:2380", "https://c:2380"], ["1b", "1c"]),
        # A part of a peer URL is none, and the URL for clients is another.
        (["https://b:23", "b:2380", "https://b:2379"], []),
    ],
)
def test_members_are_removed_by_their_exact_peer_urls(peers: list[str], removed: list[str]) -> None:
    lines = removing_members(peers).replace(library("tools", "upkeep"), "")
    done = run(lines)
    assert done.returncode == 0
    assert re.findall(r"ran member remove (\S+)", done.stderr) == removed


def test_where_the_members_cannot_be_asked_none_is_removed() -> None:
    lines = removing_members(["https://b:2380"]).replace(library("tools", "upkeep"), "")
    done = run(f"etcdctl() {{ echo asked >&2; return 1; }}\n{lines}")
    assert (done.returncode, done.stderr) == (1, "asked\n")


@pytest.mark.parametrize("resource", [member_gone("1b"), member_left("b", peer="https://b:2380")], ids=["id", "peer"])
def test_where_the_members_cannot_be_asked_none_counts_as_gone(resource: Resource) -> None:
    """A check runs without pipefail: what fails in front of a pipe must not look like an empty list."""
    library_of = library("tools", "upkeep") if "members_at()" in resource.check else library("tools")
    lines = resource.check.replace(library_of, "")
    silent = "etcdctl() { return 1; }"
    assert run(f"set +eo pipefail; need_api() {{ :; }}\n{silent}\n{lines}").returncode == 12
    assert run(f"set +eo pipefail; need_api() {{ :; }}\n{lines}").returncode == 10


def test_a_member_is_removed_in_one_place() -> None:
    """Whatever takes one out of etcd asks for a quorum, and writes something behind it."""
    code = [path for end in ("py", "sh") for path in (ROOT / "k8sops").rglob(f"*.{end}")]
    assert sum(len(re.findall(r"etcdctl[^\n]* member remove ", path.read_text())) for path in code) == 1
    assert not any("-- etcdctl" in path.read_text() for path in code), "by the API, which may be dead"


def test_a_member_that_lives_is_not_removed_as_a_dead_one() -> None:
    assert run("ALIVE=ab; refuse_alive 1c").returncode == 0
    assert "is alive" in run("refuse_alive 1c").stdout


def test_what_a_playbook_can_be_told_is_checked() -> None:
    book = load_playbook(data_path("playbooks", "etcd-member-remove.yaml"))
    assert list(parameters_of(book)) == ["member"]
    host = spec().control_planes[0]
    for task, told in (("etcd-member-gone", {"member": "$(reboot)"}), ("etcd-compacted", {"keep": "1;reboot"})):
        with pytest.raises(InputError):
            list(load_task(task, Path()).resources(spec(), host, Fleet({}, parameters=told)))
