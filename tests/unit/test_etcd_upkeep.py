"""Upkeep of etcd: its shell, and that every playbook of it names what it can be told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from test_members import spec

from k8sops import shell
from k8sops.errors import InputError
from k8sops.etcd import library
from k8sops.facts import Fleet
from k8sops.plan import parameters_of
from k8sops.playbook import load_playbook
from k8sops.render import data_path
from k8sops.task import load_task

ETCDCTL = """
etcdctl() {
  case "$* $ETCDCTL_ENDPOINTS" in
  *health*a*) [ -z "${DEAD-}" ] ;;
  *"member list"*)
    for at in a b c; do
      echo "1$at, started, $at, https://$at:2380, https://$at:2379, $([ $at = c ] && echo ${C-false} || echo false)"
    done ;;
  *json*https://a*) echo '{"member_id":1,"leader":1,"dbSize":30000000,"dbSizeInUse":1000000,"dbSizeQuota":40000000}' ;;
  *json*https://b*) echo '{"member_id":2,"leader":1,"dbSize":30000000,"dbSizeInUse":29000000,"dbSizeQuota":30000000}' ;;
  *json*https://c*) echo '{"member_id":3,"leader":1,"dbSize":30000000,"dbSizeInUse":2000000}' ;;
  *status*https://[$ALIVE]:*) : ;;
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


def test_a_member_that_lives_is_not_removed_as_a_dead_one() -> None:
    assert run("ALIVE=ab; refuse_alive 1c").returncode == 0
    assert "is alive" in run("refuse_alive 1c").stdout


def test_what_a_playbook_can_be_told_is_checked() -> None:
    book = load_playbook(data_path("playbooks", "etcd-member-remove.yaml"))
    assert list(parameters_of(spec(), book)) == ["member"]
    host = spec().control_planes[0]
    for task, told in (("etcd-member-gone", {"member": "$(reboot)"}), ("etcd-compacted", {"keep": "1;reboot"})):
        with pytest.raises(InputError):
            list(load_task(task, Path()).resources(spec(), host, Fleet({}, parameters=told)))
