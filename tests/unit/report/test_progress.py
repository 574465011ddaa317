"""While a run goes on: which play of how many, how long so far; at its end: whether the cluster is ready, what next."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from test_runner import SITE, answering, names, spec
from test_runner import Fleet as Hosts
from test_summary import dead, gate, plan

from k8sops.engine.plan import Filters, Outcome, Plan, Seen, Step
from k8sops.engine.resource import Resource
from k8sops.engine.runner import Done, Tally, run
from k8sops.engine.stream import Failure
from k8sops.engine.survey import make_plan
from k8sops.report.closing import closing, duration, is_ready, legend
from k8sops.report.terminal import Progress, print_done, print_plan, print_plan_data

NO_TIMES: Mapping[str, float] = {}


def screen(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, width=100, force_terminal=terminal, color_system=None), text


def step(host: str, state: str, resource: str = "a", at: float = 12.0) -> dict[str, Any]:
    return {"at": at, "type": "step", "host": host, "task": "t", "resource": resource, "state": state, "seconds": 2.0}


def test_a_log_says_which_play_of_how_many_and_after_what_time() -> None:
    console, text = screen()
    progress = Progress(console, {"a": 12.0})
    progress({"at": 10.0, "type": "run.start"})
    progress({"at": 135.0, "type": "play.start", "play": "Workers", "hosts": ["w1", "w2"], "number": 9, "of": 11})
    progress(step("w1", "apply"))
    progress(step("w1", "changed"))
    assert text.getvalue().split("\n") == [
        "",
        "PLAY 9/11 Workers  w1, w2  2 min 05 s",
        "  … w1: a (usually 12 s)",
        "  changed: w1  a 2.0 s",
        "",
    ]


def test_the_line_of_a_terminal_counts_changes_and_time() -> None:
    console, _ = screen(terminal=True)
    progress = Progress(console, NO_TIMES)
    begun = time.time() - 64
    # What comes before the first change is planned is the time in which a person reads the plan.
    for event in ({"at": begun - 600, "type": "run.start"}, *[{"at": begun, "type": "planned"}] * 12):
        progress(event)
    progress(step("w1", "apply"))
    assert progress.__rich__().plain == "1 min 04 s, 0 of 12: w1 a"
    progress(step("w1", "changed"))
    progress(step("w2", "wait", "gate:x"))
    assert progress.__rich__().plain == "1 min 04 s, 1 of 12: w2 gate:x"


def test_events_of_plays_are_numbered_as_the_playbook_has_them() -> None:
    hosts = Hosts({name: answering(lambda index: 10 if index == 0 else 0) for name in names()})
    run(hosts.session, make_plan(hosts.session, spec(), SITE, Filters()))
    first = next(event for event in hosts.events if event["type"] == "play.start")
    assert (first["number"], first["of"]) == (1, len(SITE.plays))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (42, "42 s"), (125, "2 min 05 s"), (3840, "1 h 04 min"), (59.9, "1 min 00 s")]
)
def test_durations_are_read_at_a_glance(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# --- the end -------------------------------------------------------------------------------------------------------


def settled(filters: Filters = Filters()) -> Plan:  # noqa: B008
    """A plan in which everything is as it should be, and the nodes are Ready."""
    whole = plan(filters)
    nodes = gate("cp1", "gate:nodes-ready")
    return replace(whole, steps=(nodes,), seen={nodes.key: Seen(Outcome.HOLDS)})


def done(plan: Plan, **more: Any) -> Done:
    return Done({name: Tally(ok=1) for name in plan.fleet.facts}, fleet=plan.fleet, **more)


def test_a_ready_cluster_is_called_ready_with_the_next_step() -> None:
    lines = list(closing(settled(), done(settled()), 161, "R1"))
    assert lines == [
        "Cluster demo is ready: 5 nodes, Kubernetes 1.36.3 (2 min 41 s)",
        "Next: k8sops verify; kubectl --context demo get nodes",
    ]


def test_ready_is_said_only_where_it_is_true() -> None:
    whole = settled()
    assert is_ready(whole, done(whole))
    assert not is_ready(settled(Filters(limit="w1")), done(whole))
    assert not is_ready(settled(Filters(tags=frozenset({"nodes"}))), done(whole))
    assert not is_ready(replace(whole, unreachable={"w1": "timed out"}), done(whole))
    assert not is_ready(whole, done(whole, failures=(Failure("w1", "t", "r", "failed"),)))
    assert not is_ready(whole, done(whole, still=whole.steps))
    assert not is_ready(whole, done(whole, interrupted=True))
    assert not is_ready(replace(whole, seen={}), done(whole))
    assert not is_ready(replace(whole, steps=(), seen={}), done(whole))
    assert not is_ready(whole, replace(done(whole), fleet=plan(w1=dead).fleet))


def test_a_failure_and_a_part_say_how_long_they_took_and_where_the_log_is() -> None:
    drift = Step(0, "w1", "t", Resource("a", "drift", "true"))
    some = replace(settled(Filters(limit="w1")), steps=(drift,), seen={drift.key: Seen(Outcome.DRIFT)})
    failed = done(some, failures=(Failure("w1", "t", "a", "ended with exit code 1"),))
    assert list(closing(some, failed, 12, "R1")) == [
        "Failed on 1 host after 12 s",
        "Log of this run: k8sops runs show R1",
    ]
    changed = replace(done(some), tallies={"w1": Tally(changed=1)})
    assert next(closing(some, changed, 12, "R1")) == "Done: 1 change (12 s)"


def test_a_run_that_stopped_says_before_what_why_and_what_next() -> None:
    whole = settled()
    tallies = {"cp1": Tally(ok=3), "w1": Tally(failed=1), "w2": Tally(unreachable=1)}
    console, text = screen()
    print_done(
        console, replace(done(whole), tallies=tallies, stopped_before="Workers", still=whole.steps), everything=True
    )
    expected = "Stopped before “Workers”: 2 of 3 hosts failed. Fix the errors above, then run the same command again."
    assert expected in text.getvalue()
    assert "NOT CONVERGED cp1 / task / gate:nodes-ready" in text.getvalue()


# --- the legend ----------------------------------------------------------------------------------------------------


def test_a_plan_explains_the_signs_that_it_uses() -> None:
    assert legend("?~~") == "~ will change   ? depends on an earlier change"
    assert legend("") == ""
    hosts = Hosts({name: answering(lambda index: 10 if index == 0 else 0) for name in names()})
    console, text = screen()
    print_plan(console, make_plan(hosts.session, spec(), SITE, Filters()), diffs=False)
    assert "~ will change" in text.getvalue()
    assert "could not be checked" not in text.getvalue()
    console, text = screen()
    print_plan(console, plan(), diffs=False)
    assert text.getvalue() == ""
    change = {"play": "P", "host": "w1", "resource": "a", "outcome": "broken", "diff": []}
    console, text = screen()
    print_plan_data(console, {"cluster": "c", "playbook": "p", "changes": [change], "summary": "s"})
    assert "! could not be checked\n" in text.getvalue()
