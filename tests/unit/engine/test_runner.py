"""The runner, with the hosts faked at the transport: execs are counted, and every host's outcome counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from k8sops.engine import survey
from k8sops.engine.facts import HostFacts
from k8sops.engine.fakes import FakeHost, UnexpectedScript, mark_of
from k8sops.engine.host import Result
from k8sops.engine.journal import Event, Journal, read
from k8sops.engine.plan import Filters, make_steps
from k8sops.engine.playbook import load_playbook
from k8sops.engine.questions import parameters_of
from k8sops.engine.render import data_path
from k8sops.engine.runner import batches, run
from k8sops.engine.session import Session
from k8sops.engine.shell import Secret
from k8sops.engine.stream import Reader
from k8sops.engine.survey import make_plan
from k8sops.errors import HostError, UnreachableError
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.operations.outcome import exit_code

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.11}}}
  workers: {hosts: {"w[1:4]": {address: "10.0.1.[1:4]"}}}
"""
FACTS = "now=1\nos=debian\nos_version=12\narch=x86_64\ncpus=4\nmemory_kib=4000000\njoined=1\ninitialised=1\napi=1\n"


SITE = load_playbook(data_path("playbooks", "site.yaml"))


def spec() -> ClusterSpec:
    return make_spec(read_inventory(yamlfile.load(INVENTORY, "inv.yaml")))


def answering(
    check: Callable[[int], int], apply: Callable[[int], str] = lambda index: "settled"
) -> Callable[[str], Result]:
    """A host on which check `index` ends with this code, and the apply that was sent with this word.

    It looks at places in a script only. Whether the right resource is at each of them is what `HostState` knows.
    """

    def handler(script: str) -> Result:
        say = mark_of(script)
        lines = ["a banner that nobody asked for"]
        surveyed = re.search(r"^survey (\d+)$", script, re.M)
        for index in range(int(surveyed[1]) if surveyed else 0):
            lines += [f"{say} begin {index}", f"{say} checked {index} {check(index)}"]
        for index in map(int, re.findall(r"^converge (\d+) ", script, re.M)):
            lines += [f"{say} begin {index}", f"{say} checked {index} {check(index)}"]
            if check(index) == 10:
                sent = f"\napply_{index}() {{\n" in script
                word = apply(index) if sent else "unsettled"
                lines += [f"{say} {'apply' if sent else 'wait'} {index}", "some output", f"{say} {word} {index} 1"]
                if word != "settled":
                    break
        if "fact now" in script:
            lines += [f"{say} facts", *FACTS.splitlines(), f"{say} end"]
        if len(lines) == 1:
            raise UnexpectedScript("neither a survey, nor a play, nor a question for facts")
        return Result(0, "\n".join(lines), "")

    return handler


class Fleet:
    """Fake hosts by name, and the events of a run."""

    def __init__(self, handlers: dict[str, Callable[[str], Result]]) -> None:
        self.hosts = {name: FakeHost(name, handler) for name, handler in handlers.items()}
        self.events: list[Event] = []
        self.session = Session(self.hosts.__getitem__, self.events.append)

    def execs(self) -> set[int]:
        return {len(host.scripts) for host in self.hosts.values()}


def names() -> list[str]:
    return [host.name for host in spec().hosts]


def test_nothing_to_do_costs_two_execs_a_host_however_many_tasks() -> None:
    fleet = Fleet({name: answering(lambda index: 0) for name in names()})
    plan = make_plan(fleet.session, spec(), SITE, Filters())
    assert len(plan.steps) > 60
    assert not plan.changes
    assert fleet.execs() == {2}


def test_a_play_with_drift_costs_one_exec_more_and_the_survey_runs_again() -> None:
    fleet = Fleet({name: answering(lambda index: 0) for name in names()})
    plan = make_plan(fleet.session, spec(), SITE, Filters())
    # Index 0 of w1's survey is its first resource, in the first play.
    fleet.hosts["w1"].handler = answering(lambda index: 10 if index == 0 else 0)
    plan = make_plan(fleet.session, spec(), SITE, Filters())
    first = next(step for step in plan.steps if step.host == "w1")
    assert plan.changes == (first,)
    before = len(fleet.hosts["w1"].scripts)
    done = run(fleet.session, plan)
    assert done.tallies["w1"].changed == 1
    assert len(fleet.hosts["w1"].scripts) - before == 2
    # It still drifts in the second survey: that is a failure, said by name.
    assert [step.key for step in done.still] == [first.key]


def test_the_second_survey_asks_only_where_something_may_have_changed() -> None:
    fleet = Fleet({name: answering(lambda index: 0) for name in names()})
    fleet.hosts["w1"].handler = answering(lambda index: 10 if index == 0 else 0)
    plan = make_plan(fleet.session, spec(), SITE, Filters())
    before = {name: len(host.scripts) for name, host in fleet.hosts.items()}
    run(fleet.session, plan)
    asked = {name: len(host.scripts) - before[name] for name, host in fleet.hosts.items()}
    assert asked == {"w1": 2, **dict.fromkeys(["cp1", "w2", "w3", "w4"], 0)}


def test_what_every_look_at_a_gate_says_is_shown_once() -> None:
    events: list[Event] = []
    fleet = Fleet({name: answering(lambda index: 0) for name in names()})
    steps = [step for step in make_plan(fleet.session, spec(), SITE, Filters()).steps if "gate:" in step.resource.id]
    reader = Reader(events.append, "cp1", steps)
    looks = ["w1: not yet", "w2: not yet"] * 30 + [f"w3: {at}" for at in range(5)]
    for line in ["@m begin 0", "@m checked 0 10", "@m wait 0", *looks, "@m unsettled 0 10"]:
        reader.take("@m", line)
    assert reader.ran.failure
    assert reader.ran.failure.lines == ("w1: not yet", "w2: not yet", *(f"w3: {at}" for at in range(5)))


def test_a_failed_host_stops_and_the_next_play_waits_for_the_share_that_may_fail(tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    for share, stopped in ((0, "Two"), (25, "")):
        book.write_text(
            f"- {{name: One, hosts: workers, max_fail_percentage: {share}, tasks: [swap]}}\n"
            "- {name: Two, hosts: workers, tasks: [names]}\n"
            "- {name: Last, hosts: workers, always: true, tasks: [kernel]}\n"
        )
        handlers = {name: answering(lambda index: 10) for name in names()}
        handlers["w2"] = answering(lambda index: 10, lambda index: "failed")
        fleet = Fleet(handlers)
        done = run(fleet.session, make_plan(fleet.session, spec(), load_playbook(book), Filters()))
        assert done.stopped_before == stopped
        assert [failure.host for failure in done.failures] == ["w2"]
        assert done.failures[0].lines == ("some output",)
        plays = [event["play"] for event in fleet.events if event["type"] == "play.start"]
        assert plays == (["One", "Last"] if stopped else ["One", "Two", "Last"])


def test_an_unreachable_host_is_an_outcome_not_the_end() -> None:
    def dead(script: str) -> Result:
        raise UnreachableError("w2", "does not answer")

    handlers = {name: answering(lambda index: 0) for name in names()}
    fleet = Fleet({**handlers, "w2": dead})
    plan = make_plan(fleet.session, spec(), SITE, Filters())
    assert list(plan.unreachable) == ["w2"]
    assert set(plan.fleet.facts) == {"cp1", "w1", "w3", "w4"}


def test_a_host_that_never_answered_does_not_keep_the_next_play_from_the_others(tmp_path: Path) -> None:
    def dead(script: str) -> Result:
        raise UnreachableError("w2", "does not answer")

    book = tmp_path / "book.yaml"
    book.write_text("- {name: One, hosts: workers, tasks: [swap]}\n- {name: Two, hosts: workers, tasks: [names]}\n")
    fleet = Fleet({**{name: answering(lambda index: 10) for name in names()}, "w2": dead})
    done = run(fleet.session, make_plan(fleet.session, spec(), load_playbook(book), Filters()))
    assert done.stopped_before == ""
    assert [event["play"] for event in fleet.events if event["type"] == "play.start"] == ["One", "Two"]
    assert exit_code(done) == 4


def test_what_depends_on_nothing_that_changes_but_cannot_be_told_is_broken() -> None:
    fleet = Fleet({name: answering(lambda index: 11 if index == 3 else 0) for name in names()})
    plan = make_plan(fleet.session, spec(), SITE, Filters())
    assert plan.broken


def test_limit_leaves_other_workers_alone() -> None:
    fleet = Fleet({name: answering(lambda index: 0) for name in names()})
    make_plan(fleet.session, spec(), SITE, Filters(limit="w1"))
    assert {name for name, host in fleet.hosts.items() if host.scripts} == {"cp1", "w1"}


@pytest.mark.parametrize(
    ("serial", "sizes"), [(None, [5]), (1, [1] * 5), (2, [2, 2, 1]), ("40%", [2, 2, 1]), ("1%", [1] * 5)]
)
def test_serial_is_that_of_ansible(serial: int | str | None, sizes: list[int]) -> None:
    assert [len(batch) for batch in batches(list("abcde"), serial)] == sizes


def test_secrets_are_struck_out_of_the_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path, [Secret("token", 'can"ary\\1')])
    journal.write({"type": "output", "line": 'Authorization: can"ary\\1'})
    journal.close()
    assert "can" not in journal.path.read_text()
    assert next(read(journal.path))["line"] == "Authorization: ***"
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_a_journal_cut_short_by_a_crash_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"type": "a"}\n{"type": "b"')
    assert [event["type"] for event in read(path)] == ["a"]


def test_every_playbook_loads_and_names_real_tasks() -> None:
    for playbook in data_path("playbooks").glob("*.yaml"):
        assert load_playbook(playbook).tasks


def test_what_comes_after_a_change_is_planned_although_it_holds_now() -> None:
    facts = FACTS.replace("joined=1\n", "")

    def handler(script: str) -> Result:
        begin = "() {{\nneed_api\nkubectl -n kube-system get secret b".replace("{{", "{")
        token = [index for index in range(200) if f"check_{index}{begin}" in script]
        inner = answering(lambda index: 10 if index in token else 0)
        return Result(0, inner(script).out.replace(FACTS.strip(), facts.strip()), "")

    fleet = Fleet(dict.fromkeys(names(), handler))
    plan = make_plan(fleet.session, spec(), SITE, Filters())
    assert [step.resource.id for step in plan.changes] == ["join-token", "join-token-withdrawn"]


def test_a_host_that_another_run_holds_ends_with_the_exit_code_for_that() -> None:
    fleet = Fleet({name: answering(lambda index: 10) for name in names()})
    plan = make_plan(fleet.session, spec(), SITE, Filters())

    def held(script: str) -> Result:
        mark = re.search(r"^MARK=(\S+)$", script, re.M)
        assert mark
        return Result(75, f"{mark[1].strip(chr(39))} held ann@laptop, since noon", "")

    for host in fleet.hosts.values():
        host.handler = held
    done = run(fleet.session, plan)
    assert "ann@laptop, since noon" in done.failures[0].why
    assert exit_code(done) == 7


def test_what_a_run_is_told_reaches_its_tasks_and_what_they_decide_holds_to_its_end(tmp_path: Path) -> None:
    own = tmp_path / "tasks" / "greeting.py"
    own.parent.mkdir()
    own.write_text(GREETING)
    book = tmp_path / "greet.yaml"
    book.write_text("- {name: Greet, hosts: w1, tasks: [greeting]}\n- {name: Again, hosts: w1, tasks: [greeting]}\n")
    there = replace(spec(), folder=tmp_path)

    def asked(script: str) -> Result:
        said = answering(lambda index: 0)(script).out
        more = "more.heard=ann\n" if "more.heard" in script else ""
        return Result(0, said.replace("\njoined=1", f"\n{more}joined=1"), "")

    fleet = Fleet(dict.fromkeys(names(), asked))
    plan = make_plan(fleet.session, there, load_playbook(book), Filters(parameters={"word": "hello"}))
    assert [step.resource.id for step in plan.steps] == ["hello ann"] * 2
    later = replace(plan.fleet, facts={name: HostFacts() for name in names()})
    assert [step.resource.id for step in make_steps(there, plan.playbook, later, plan.filters)] == ["hello ann"] * 2
    assert list(parameters_of(plan.playbook)) == ["word"]


GREETING = """
from k8sops.engine.parameters import TaskParameters, parameter
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task


class Parameters(TaskParameters):
    word: str = parameter("a word", "hello")


TASK = Task(
    name="greeting",
    title="greeted",
    resources=lambda spec, host, fleet: [
        Resource(id=f"{fleet.parameters['word']} {fleet.decided(str)}", check="true", apply=None)
    ],
    parameters=Parameters,
    asks=lambda spec, host, parameters: "fact more.heard ann",
    decides=lambda spec, fleet: [fleet["w1"].more["heard"][0]],
)
"""


@pytest.mark.parametrize(("age", "looks"), [(20, 3), (4000, 1)])
def test_an_api_server_that_is_on_its_way_up_is_waited_for(
    age: int, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "PAUSE", 0.01)
    asked: list[str] = []
    events: list[Event] = []

    def handler(script: str) -> Result:
        if re.search(r"^survey \d", script, re.M):
            return answering(lambda index: 0)(script)
        asked.append(script)
        mark = re.search(r"^MARK=(\S+)$", script, re.M)
        assert mark
        api = "api=1" if len(asked) > 2 else f"starting={age}"
        say, facts = mark[1].strip(chr(39)), FACTS.replace("api=1", api)
        return Result(0, f"{say} facts\n{facts}{say} end", "", 0.1)

    host = FakeHost("cp1", handler)
    plan = make_plan(Session(lambda name: host, events.append), spec(), SITE, Filters(limit="cp1"))
    assert len(asked) == looks
    assert plan.fleet["cp1"].api == (looks == 3)
    waits = [event["for"] for event in events if event["type"] == "waiting"]
    assert waits == ["its API server, for up to 180 s: up for 20 s"][: looks // 2]


@pytest.mark.parametrize("ends", [True, False])
def test_what_an_earlier_run_has_begun_is_waited_for_before_anything_is_begun_elsewhere(ends: bool) -> None:
    order: list[tuple[str, bool]] = []

    def recording(name: str) -> Callable[[str], Result]:
        answer = answering(lambda index: 10 if index == 0 and name == "cp1" else 0)

        def handler(script: str) -> Result:
            found = answer(script)
            if re.search(r"^lock ", script, re.M):
                order.append((name, bool(re.search(r"^converge ", script, re.M))))
                if name == "w1" and not ends:
                    mark = re.search(r"^MARK=(\S+)$", script, re.M)
                    return Result(75, f"{mark[1].strip(chr(39))} held ann@laptop: kubeadm-join" if mark else "", "")
            elif name == "w1":
                return replace(found, out=found.out.replace("joined=1", "joined=1\nbusy=ann@laptop: kubeadm-join"))
            return found

        return handler

    fleet = Fleet({name: recording(name) for name in names()})
    plan = make_plan(fleet.session, spec(), SITE, Filters())
    done = run(fleet.session, plan)
    assert order[0] == ("w1", False)
    assert [name for name, _ in order[1:]] == (["cp1"] if ends else [])
    assert bool(done.failures) != ends
    assert ends or "kubeadm-join" in str(done.failures)


def test_a_survey_that_hangs_says_at_which_check() -> None:
    def handler(script: str) -> Result:
        if re.search(r"^survey \d", script, re.M):
            raise HostError("cp1", "timed out after 130 s and was terminated")
        return answering(lambda index: 0)(script)

    host = Hanging("cp1", handler)
    plan = make_plan(Session(lambda name: host, lambda event: None), spec(), SITE, Filters(limit="cp1"))
    where = f"(during the check of {plan.steps[1].task} / {plan.steps[1].resource.id})"
    assert {said for seen in plan.seen.values() for said in seen.said} == {
        f"cp1: timed out after 130 s and was terminated {where}"
    }


class Hanging(FakeHost):
    """Its second check never ends."""

    def run(self, script: str, **options: Any) -> Result:
        mark = re.search(r"^MARK=(\S+)$", script, re.M)
        if mark and re.search(r"^survey \d", script, re.M):
            for line in ("begin 0", "checked 0 0", "begin 1"):
                options["on_line"](f"{mark[1].strip(chr(39))} {line}")
        return super().run(script, **options)
