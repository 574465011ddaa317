"""What is remembered of hosts: a right guess saves a script a host, a wrong one costs nothing but itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_runner import FACTS, GREETING, SITE, Fleet, answering, names, spec

from k8sops.engine.fakes import FakeHost
from k8sops.engine.host import Result
from k8sops.engine.memory import keep, recall
from k8sops.engine.plan import Filters, Outcome
from k8sops.engine.playbook import load_playbook
from k8sops.engine.session import Session
from k8sops.engine.survey import make_plan
from k8sops.errors import HostError, UnreachableError

ASKED = {"w1": "questions", "w2": "questions"}


def remembering(fleet: Fleet, folder: Path) -> Session:
    return replace(fleet.session, memory=folder / "facts" / "demo.json")


def costs(fleet: Fleet, session: Session) -> dict[str, int]:
    """How many scripts a plan of the site takes on each host, and that it is what it is without a memory."""
    plain = make_plan(fleet.session, spec(), SITE, Filters())
    before = {name: len(host.scripts) for name, host in fleet.hosts.items()}
    plan = make_plan(session, spec(), SITE, Filters())
    assert plan.steps == plain.steps
    assert plan.seen == plain.seen
    assert len(plan.seen) == len(plan.steps)
    return {name: len(host.scripts) - before[name] for name, host in fleet.hosts.items()}


def test_hosts_that_are_as_they_were_are_asked_once(tmp_path: Path) -> None:
    fleet = Fleet({name: answering(lambda index: 10 if index == 3 else 0) for name in names()})
    session = remembering(fleet, tmp_path)
    assert set(costs(fleet, session).values()) == {2}
    assert set(costs(fleet, session).values()) == {1}


def test_of_which_more_is_to_be_asked_than_was_guessed_is_asked_again(tmp_path: Path) -> None:
    fleet = Fleet({name: answering(lambda index: 0) for name in names()})
    session = remembering(fleet, tmp_path)
    costs(fleet, session)

    def older(script: str) -> Result:
        said = answering(lambda index: 0)(script)
        return replace(said, out=said.out.replace("joined=1", "joined=1\npackage.containerd=1.6.20"))

    fleet.hosts["w1"].handler = older
    assert costs(fleet, session) == dict.fromkeys(names(), 1) | {"w1": 2}
    assert set(costs(fleet, session).values()) == {1}


def test_a_host_that_is_silent_now_is_silent_whatever_is_remembered(tmp_path: Path) -> None:
    fleet = Fleet({name: answering(lambda index: 0) for name in names()})
    session = remembering(fleet, tmp_path)
    costs(fleet, session)

    def silent(script: str) -> Result:
        raise HostError("w1", "is gone")

    fleet.hosts["w1"].handler = silent
    plan = make_plan(session, spec(), SITE, Filters())
    assert set(plan.unreachable) == {"w1"}
    assert "w1" in json.loads((tmp_path / "facts" / "demo.json").read_text())["hosts"]
    assert not [step for step in plan.steps if step.host == "w1"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hosts": 3}', '{"hosts": {"w1": 7}}', "\x00"])
def test_a_memory_that_is_none_of_ours_is_none(tmp_path: Path, text: str) -> None:
    fleet = Fleet({name: answering(lambda index: 0) for name in names()})
    session = remembering(fleet, tmp_path)
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "demo.json").write_text(text)
    assert set(costs(fleet, session).values()) == {2}
    assert set(costs(fleet, session).values()) == {1}


@pytest.mark.parametrize("line", ["cpus=many", "token=", "nft_chain=x", "address=", "volume", "ssh_port=a"])
def test_a_memory_that_makes_no_sense_is_none(tmp_path: Path, line: str) -> None:
    fleet = Fleet({name: answering(lambda index: 0) for name in names()})
    session = remembering(fleet, tmp_path)
    assert set(costs(fleet, session).values()) == {2}
    path = tmp_path / "facts" / "demo.json"
    data = json.loads(path.read_text())
    for entry in data["hosts"].values():
        entry["lines"].append(line)
    path.write_text(json.dumps(data))
    assert set(costs(fleet, session).values()) == {2}


def test_a_task_that_makes_nothing_of_what_is_remembered_gets_what_is_true(tmp_path: Path) -> None:
    own = tmp_path / "tasks" / "greeting.py"
    own.parent.mkdir()
    own.write_text(GREETING)
    book = tmp_path / "greet.yaml"
    book.write_text("- {name: Greet, hosts: w1, tasks: [greeting]}\n")

    def asked(script: str) -> Result:
        said = answering(lambda index: 0)(script)
        return replace(said, out=said.out.replace("joined=1", "more.heard=ann\njoined=1"))

    fleet = Fleet(dict.fromkeys(names(), asked))
    session = remembering(fleet, tmp_path)
    keep(session.memory or tmp_path, dict.fromkeys(names(), "older"), {name: FACTS.splitlines() for name in names()})
    there = replace(spec(), folder=tmp_path)
    plan = make_plan(session, there, load_playbook(book), Filters(parameters={"word": "hello"}))
    assert [step.resource.id for step in plan.steps] == ["hello ann"]
    assert fleet.execs() == {1, 2}


@pytest.mark.parametrize("why", [HostError, UnreachableError])
def test_a_check_that_hangs_is_named_and_a_line_that_ends_is_no_answer(tmp_path: Path, why: type[HostError]) -> None:
    class Hanging(FakeHost):
        """Tells its facts; in its second check it ends, or its line does."""

        def run(self, script: str, **options: Any) -> Result:
            mark = re.search(r"^MARK=(\S+)$", script, re.M)
            if not mark or not re.search(r"^survey \d", script, re.M):
                return super().run(script, **options)
            self.scripts.append(script)
            say = mark[1].strip("'")
            for line in (f"{say} facts", *FACTS.splitlines(), f"{say} end", *(f"{say} {word}" for word in HUNG)):
                options["on_line"](line)
            raise why("cp1", "timed out after 130 s and was terminated")

    fleet = Fleet({name: answering(lambda index: 0) for name in names()})
    session = remembering(fleet, tmp_path)
    make_plan(session, spec(), SITE, Filters())
    fleet.hosts["cp1"] = Hanging("cp1", answering(lambda index: 0))
    plan = make_plan(session, spec(), SITE, Filters())
    assert len(fleet.hosts["cp1"].scripts) == 1
    assert set(plan.unreachable) == ({"cp1"} if why is UnreachableError else set())
    if why is UnreachableError:
        return
    steps = [step for step in plan.steps if step.host == "cp1"]
    said = {line for step in steps for line in plan.seen[step.key].said}
    where = f"(during the check of {steps[1].task} / {steps[1].resource.id})"
    assert said == {f"cp1: timed out after 130 s and was terminated {where}"}
    assert {plan.seen[step.key].outcome for step in steps} == {Outcome.BROKEN}
    assert "cp1" in plan.fleet.facts


HUNG = ("begin 0", "checked 0 0", "begin 1")


def test_what_is_another_each_time_is_not_kept_and_other_hosts_stay(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "demo.json"
    keep(path, ASKED, {"w1": ["now=1", "os=debian", "busy=ann"], "w2": ["os=ubuntu"]})
    assert recall(path, ASKED) == {"w1": ["os=debian"], "w2": ["os=ubuntu"]}
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.stat().st_mtime_ns
    keep(path, ASKED, {"w1": ["now=2", "os=debian"]})
    assert path.stat().st_mtime_ns == before
    keep(path, ASKED, {"w1": ["os=debian", "joined=1"]})
    assert recall(path, ASKED) == {"w1": ["os=debian", "joined=1"], "w2": ["os=ubuntu"]}


def test_where_nothing_can_be_kept_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keep(tmp_path / "file" / "demo.json", ASKED, {"w1": ["os=debian"]})
    assert recall(tmp_path / "file" / "demo.json", ASKED) == {}


def test_answers_to_other_questions_are_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    keep(path, ASKED, {"w1": ["os=debian"], "w2": ["os=ubuntu"]})
    assert recall(path, {**ASKED, "w1": "more questions"}) == {"w2": ["os=ubuntu"]}
    assert recall(path, {"w1": "questions"}) == {"w1": ["os=debian"]}
