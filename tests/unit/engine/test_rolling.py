"""A rolling change is a playbook: drained, changed and uncordoned node by node, whichever host each step runs on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from rendered import GOLDEN
from rich.console import Console
from test_runner import FACTS

from k8sops.engine.fakes import FakeHost, HostState, State
from k8sops.engine.host import Result
from k8sops.engine.journal import Event
from k8sops.engine.plan import Filters, Plan
from k8sops.engine.playbook import load_playbook
from k8sops.engine.resource import Resource
from k8sops.engine.runner import Done, run
from k8sops.engine.session import Session
from k8sops.engine.summary import summary
from k8sops.engine.survey import make_plan
from k8sops.errors import UnreachableError
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.report.terminal import print_plan
from k8sops.resources.files import file
from k8sops.resources.kubernetes import nodes_ready
from k8sops.resources.nodes import cordoned, drained, uncordoned

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.11}}}
  workers: {hosts: {"w[1:3]": {address: "10.0.1.[1:3]"}}}
"""
BOOK = """\
- name: Nodes patched one by one
  hosts: workers
  serial: 1
  tasks: [drained, patched, uncordoned]
"""
TASK = """\
from k8sops.engine.task import Task
from k8sops.resources.files import file

TASK = Task(name="patched", title="", resources=lambda spec, host, fleet: [file("/etc/patch", "2\\n")])
"""
WORKERS = ("w1", "w2", "w3")
PATCH = file("/etc/patch", "2\n")
WORKER = FACTS.replace("initialised=1\n", "").replace("api=1\n", "")


@dataclass
class Nodes:
    """A control plane that can drain three workers; `done`: what was applied, in order, as (where it ran, id)."""

    folder: Path
    states: Mapping[str, State] = field(default_factory=dict)
    """Of resources: `PATCH.id` means all workers'."""
    done: list[tuple[str, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "tasks").mkdir(exist_ok=True)
        (self.folder / "tasks" / "patched.py").write_text(TASK)
        (self.folder / "book.yaml").write_text(BOOK)
        api: list[Resource] = []
        for name in WORKERS:
            drain = drained(name, answers=True, force=False, seconds=self.spec.settings.drain.timeout_seconds)
            api += [cordoned(name), replace(drain, transient=True), nodes_ready([name]), uncordoned(name)]
        in_use: dict[str, State] = {
            f"{state}:{name}": "drifts" for name in WORKERS for state in ("cordoned", "drained")
        }
        self.hosts = {"cp1": HostState(api, FACTS, {**in_use, **self.states})}
        patched = {PATCH.id: self.states.get(PATCH.id, "drifts")}
        self.hosts |= {name: HostState([PATCH], WORKER, dict(patched)) for name in WORKERS}
        fakes = {name: FakeHost(name, lambda script, name=name: self.answer(name, script)) for name in self.hosts}
        self.session = Session(fakes.__getitem__, self.events.append)

    @property
    def spec(self) -> ClusterSpec:
        return replace(make_spec(read_inventory(yamlfile.load(INVENTORY, "inv.yaml"))), folder=self.folder)

    def answer(self, host: str, script: str) -> Result:
        state = self.hosts[host]
        before = len(state.applied)
        result = state(script)
        for id in state.applied[before:]:
            self.done.append((host, id))
            what, _, node = id.partition(":")
            if what == "cordoned":
                state.states[f"uncordoned:{node}"] = "drifts"
            if what == "uncordoned":
                state.states |= {f"cordoned:{node}": "drifts", f"drained:{node}": "drifts"}
        return result

    def plan(self) -> Plan:
        return make_plan(self.session, self.spec, load_playbook(self.folder / "book.yaml"), Filters())

    def run(self, plan: Plan | None = None) -> Done:
        return run(self.session, plan or self.plan())


def rolled(*names: str) -> list[tuple[str, str]]:
    """What is applied for these nodes, one after the other."""
    return [
        step
        for name in names
        for step in (
            ("cp1", f"cordoned:{name}"),
            ("cp1", f"drained:{name}"),
            (name, PATCH.id),
            ("cp1", f"uncordoned:{name}"),
        )
    ]


def due(plan: Plan) -> Sequence[tuple[str, str, str]]:
    return [(step.host, step.executor, step.resource.id) for step in plan.changes]


def test_three_nodes_are_drained_changed_and_uncordoned_one_by_one(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    done = nodes.run()
    assert nodes.done == rolled(*WORKERS)
    assert (done.failures, done.still, done.stopped_before) == ((), (), "")
    assert {name: tally.changed for name, tally in done.tallies.items()} == {"cp1": 0, "w1": 4, "w2": 4, "w3": 4}
    steps = [event for event in nodes.events if event["type"] == "step" and event["state"] == "changed"]
    assert [(e["host"], e["executor"]) for e in steps][:3] == [("w1", "cp1"), ("w1", "cp1"), ("w1", "w1")]
    # A second run changes nothing, although nodes that are in use are not drained.
    assert due(nodes.plan()) == []


def test_the_plan_shows_each_node_with_its_drain_and_where_it_runs(tmp_path: Path) -> None:
    plan = Nodes(tmp_path).plan()
    console = Console(width=200, no_color=True)
    with console.capture() as screen:
        print_plan(console, plan, diffs=True)
        console.print(f"\n{summary(plan)}", highlight=False)
    golden = GOLDEN / "plans" / "rolling.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(screen.get())
    assert screen.get() == golden.read_text()
    assert plan.risks["drain"] == list(WORKERS)


@pytest.mark.parametrize("state", ["fails", "stuck"])
def test_a_failed_drain_is_never_followed_by_the_change_nor_by_the_next_node(tmp_path: Path, state: State) -> None:
    nodes = Nodes(tmp_path, {"drained:w2": state})
    done = nodes.run()
    assert nodes.done == [*rolled("w1"), ("cp1", "cordoned:w2"), ("cp1", "drained:w2")]
    (failure,) = done.failures
    assert (failure.host, failure.executor, failure.resource) == ("w2", "cp1", "drained:w2")
    assert {name for name, tally in done.tallies.items() if tally.failed} == {"w2"}


def test_what_a_run_that_died_has_cordoned_is_uncordoned_without_another_drain(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, {PATCH.id: "holds", "uncordoned:w2": "drifts"})
    plan = nodes.plan()
    assert due(plan) == [("w2", "cp1", "uncordoned:w2")]
    nodes.run(plan)
    assert nodes.done == [("cp1", "uncordoned:w2")]


def test_a_change_without_an_approved_drain_is_not_made(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, {PATCH.id: "holds", "uncordoned:w2": "drifts"})
    plan = nodes.plan()
    nodes.hosts["w2"].states[PATCH.id] = "drifts"
    (failure,) = nodes.run(plan).failures
    assert failure.why == (
        "needs `drained` before it, which was not in the approved plan: run the command again to see the new plan"
    )
    assert nodes.done == []


def test_without_a_control_plane_nothing_is_planned_that_could_run_without_its_drain(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)

    def dead(script: str) -> Result:
        raise UnreachableError("cp1", "connection refused")

    fake = FakeHost("cp1", dead)
    connect = nodes.session.connect
    nodes.session = replace(nodes.session, connect=lambda name: fake if name == "cp1" else connect(name))
    assert {step.resource.id for step in nodes.plan().broken} >= {"cordoned:w1", "drained:w1", "uncordoned:w1"}


def test_a_run_that_is_stopped_leaves_no_node_changed_that_it_has_not_drained(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    plan = nodes.plan()
    nodes.session.stop.set()
    assert nodes.run(plan).interrupted
    assert nodes.done == []
