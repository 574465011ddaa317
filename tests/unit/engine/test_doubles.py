"""The fake of a host disagrees with wrong code: each of these faults in the runner is seen by what a test looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from test_approval import facts_of
from test_runner import FACTS, SITE, names, spec

from k8sops.engine import runner, shell
from k8sops.engine.facts import HostFacts
from k8sops.engine.fakes import FakeHost, HostState, State, UnexpectedScript
from k8sops.engine.plan import Filters, Plan, make_steps
from k8sops.engine.runner import Done, run
from k8sops.engine.session import Session
from k8sops.engine.shell import Fragment, envelope, hold_script, new_mark
from k8sops.engine.survey import make_plan

NODE = HostFacts.parse([*FACTS.splitlines(), "package.containerd=1.6.20"])
SWAP, MOTD = "swap:off", "file:/etc/profile.d/k8sops.sh"
SAID = FACTS + "package.containerd=1.6.20"


class World:
    """Hosts of the site, each with its own resources."""

    def __init__(self, **states: dict[str, State]) -> None:
        steps = make_steps(spec(), SITE, facts_of(spec(), NODE), Filters())
        self.states = {
            name: HostState([one.resource for one in steps if one.host == name], SAID, states.get(name, {}))
            for name in names()
        }
        self.hosts = {name: FakeHost(name, state) for name, state in self.states.items()}
        self.session = Session(self.hosts.__getitem__, lambda event: None)

    def plan(self) -> Plan:
        return make_plan(self.session, spec(), SITE, Filters())

    @property
    def applied(self) -> dict[str, list[str]]:
        return {name: state.applied for name, state in self.states.items() if state.applied}


def still(done: Done) -> list[tuple[str, str]]:
    return [(step.host, step.resource.id) for step in done.still]


def test_what_drifts_is_applied_where_it_drifts_and_holds_afterwards() -> None:
    world = World(w1={SWAP: "drifts"}, w3={MOTD: "drifts"})
    plan = world.plan()
    assert {(one.host, one.resource.id) for one in plan.changes} == {("w1", SWAP), ("w3", MOTD)}
    done = run(world.session, plan)
    assert world.applied == {"w1": [SWAP], "w3": [MOTD]}
    assert (done.failures, still(done), done.changed) == ((), [], 2)
    assert world.plan().changes == ()


@pytest.mark.parametrize(
    ("state", "why"),
    [("fails", "ended with exit code 1"), ("stuck", "still differs after it was applied")],
)
def test_what_does_not_come_about_is_a_failure_and_nothing_follows_it(state: State, why: str) -> None:
    world = World(w1={SWAP: state, MOTD: "drifts"})
    done = run(world.session, world.plan())
    assert [(one.host, one.resource, one.why) for one in done.failures] == [("w1", SWAP, why)]
    assert world.applied == {"w1": [SWAP]}


def test_what_does_not_last_is_named() -> None:
    world = World(w1={SWAP: "reverts"})
    assert still(run(world.session, world.plan())) == [("w1", SWAP)]


@pytest.mark.parametrize("state", ["unknown", "broken"])
def test_what_cannot_be_told_is_broken_in_the_plan(state: State) -> None:
    assert [(one.host, one.resource.id) for one in World(w1={SWAP: state}).plan().broken] == [("w1", SWAP)]


# --- wrong code ----------------------------------------------------------------------------------------------------


def sending(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """A runner that sends something else than the fragments it has."""
    right = shell.converge_script

    def wrong(mark: str, fragments: Sequence[Fragment], **options: Any) -> str:
        return right(mark, change(list(fragments)), **options)

    monkeypatch.setattr(runner, "converge_script", wrong)


def test_a_runner_that_sends_no_apply_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    sending(monkeypatch, lambda fragments: [replace(one, apply=None) for one in fragments])
    world = World(w1={SWAP: "drifts"})
    done = run(world.session, world.plan())
    assert (done.changed, [one.resource for one in done.failures], world.applied) == (0, [SWAP], {})


def test_a_runner_that_leaves_a_resource_out_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    sending(monkeypatch, lambda fragments: [one for one in fragments if one.name != SWAP])
    world = World(w1={SWAP: "drifts", MOTD: "drifts"})
    assert ("w1", SWAP) in still(run(world.session, world.plan()))


@pytest.mark.parametrize(
    "change",
    [
        lambda fragments: [replace(one, check=fragments[0].check) for one in fragments],
        lambda fragments: [replace(one, apply=one.apply and f"{fragments[0].apply}\n:") for one in fragments],
        lambda fragments: [replace(one, name=fragments[0].name) for one in fragments],
        lambda fragments: [*fragments, Fragment("true", "reboot", 0, "own")],
    ],
    ids=["check", "apply", "name", "unknown"],
)
def test_a_runner_that_sends_the_wrong_resource_is_refused(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    sending(monkeypatch, change)
    world = World(w1={SWAP: "drifts"})
    with pytest.raises(UnexpectedScript):
        run(world.session, world.plan())


def test_a_runner_that_goes_to_the_wrong_host_is_refused() -> None:
    world = World(w1={SWAP: "drifts"})
    plan = world.plan()
    swapped = {**world.hosts, "w1": world.hosts["cp1"]}
    with pytest.raises(UnexpectedScript, match="of no resource of this host"):
        run(replace(world.session, connect=swapped.__getitem__), plan)


def test_what_both_hosts_have_is_not_done_at_the_wrong_one() -> None:
    world = World(w1={SWAP: "drifts"})
    plan = make_plan(world.session, spec(), SITE, Filters(picks=frozenset({SWAP})))
    swapped = {**world.hosts, "w1": world.hosts["w2"]}
    done = run(replace(world.session, connect=swapped.__getitem__), plan)
    assert (done.changed, world.applied) == (0, {})


def test_a_runner_that_takes_no_lock_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    right = shell.converge_script
    bare = lambda *words, **options: right(*words, **options).replace("\nlock ", "\n: ")  # noqa: E731
    monkeypatch.setattr(runner, "converge_script", bare)
    world = World(w1={SWAP: "drifts"})
    with pytest.raises(UnexpectedScript, match="lock"):
        run(world.session, world.plan())


def test_what_is_no_script_of_ours_is_not_answered() -> None:
    host = World().hosts["w1"]
    for script in ("true", envelope(new_mark(), ["reboot"]), hold_script(new_mark(), "ann")):
        with pytest.raises(UnexpectedScript):
            host.run(script)
    for script in ("hold ann", envelope(new_mark(), ["mark taken"])):
        with pytest.raises(UnexpectedScript):
            host.talk(script)
    dialogue = host.talk(hold_script(new_mark(), "ann"))
    with pytest.raises(UnexpectedScript):
        dialogue.send("stop")
