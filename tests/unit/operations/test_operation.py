"""An operation is planned, confirmed and carried out in this order, and what surrounds a run is done when it should."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_api import GREETING, Fleet

import k8sops
from k8sops import cli
from k8sops.engine.plan import Plan
from k8sops.engine.session import Connect
from k8sops.errors import Cancelled, InputError, UsageError
from k8sops.operations import work
from k8sops.operations.operation import Operation, Report, perform
from k8sops.operations.reset import resetting
from k8sops.operations.view import Quiet


class Log(Quiet):
    """A view, and hooks of an operation, that write down when they are called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def plan(self, plan: Plan) -> None:
        self.calls.append("plan")

    def done(self, done: object) -> None:
        self.calls.append("done")

    def hook(self, name: str) -> Callable[..., None]:
        return lambda *_: self.calls.append(name)

    def operation(self, request: k8sops.Request) -> Operation:
        hooks: dict[str, Any] = {name: self.hook(name) for name in ("warn", "before", "after", "then")}
        return Operation(request, **hooks)


def performed(request: k8sops.Request, fleet: Fleet, *, check: bool = False) -> tuple[Report, list[str]]:
    log = Log()
    report = perform(log.operation(request), log, log.hook("confirm"), check=check, connect=fleet.connect)
    return report, log.calls


def test_the_order_of_a_run(request_: k8sops.Request) -> None:
    report, calls = performed(request_, Fleet(w1="drifts"))
    assert calls == ["plan", "warn", "confirm", "before", "done", "after", "then"]
    assert report.ok


def test_nothing_is_confirmed_where_nothing_changes(request_: k8sops.Request) -> None:
    assert performed(request_, Fleet())[1] == ["plan", "after", "then"]


def test_what_follows_a_success_does_not_follow_a_failure(request_: k8sops.Request) -> None:
    report, calls = performed(request_, Fleet(w1="fails"))
    assert calls[-2:] == ["done", "after"]
    assert report.code == 3


def test_a_check_shows_the_plan_only(request_: k8sops.Request) -> None:
    report, calls = performed(request_, Fleet(w1="drifts"), check=True)
    assert (calls, report.done, report.code) == (["plan"], None, 0)


def test_a_plan_whose_checks_fail_is_not_confirmed(request_: k8sops.Request) -> None:
    report, calls = performed(request_, Fleet(w1="broken"))
    assert (calls, report.impossible, report.code) == (["plan"], True, 3)


def test_tests_that_fail_count_for_the_exit_code_and_the_journal(request_: k8sops.Request) -> None:
    class Failed:
        passed = False

    operation = Operation(request_, then=lambda work, plan: [Failed()])
    report = perform(operation, Quiet(), lambda plan: None, connect=Fleet(w1="drifts").connect)
    assert report.code == k8sops.read_run(report.run)["exitCode"] == 3


def test_a_refusal_is_in_the_journal(request_: k8sops.Request) -> None:
    def refuse(plan: Plan) -> None:
        raise Cancelled("no")

    fleet = Fleet(w1="drifts")
    with pytest.raises(Cancelled):
        perform(Operation(request_), Quiet(), refuse, connect=fleet.connect)
    assert fleet.states["w1"].applied == []
    assert k8sops.read_run()["exitCode"] == Cancelled.exit_code


# --- values --------------------------------------------------------------------------------------------------------


def test_no_node_at_all_is_never_taken_for_every_node(request_: k8sops.Request) -> None:
    with pytest.raises(UsageError):
        resetting(request_, [])
    with pytest.raises(UsageError):
        resetting(request_, ["w1"], every=True)
    with pytest.raises(InputError, match="last control plane"):
        resetting(request_, ["cp1"])


def test_a_reset_names_who_leaves(request_: k8sops.Request) -> None:
    operation = resetting(replace(request_, forks=3), ["workers"])
    assert operation.consequence == "removes w1 from"
    assert (operation.request.playbook, operation.request.forks) == ("reset", 3)
    assert operation.request.filters.parameters == {"leaving": "w1"}
    assert resetting(request_, [], every=True).request.filters.parameters == {"leaving": "cp1,w1"}


# --- the command line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (["plan"], "Plan", 0),
        (["check"], "Plan", 2),
        (["apply", "--check"], "Plan", 0),
        (["apply", "--yes"], "Run", 0),
    ],
)
def test_json_is_one_document_on_stdout(
    words: list[str],
    kind: str,
    code: int,
    request_: k8sops.Request,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @contextmanager
    def connections(*_: object, **__: object) -> Iterator[Connect]:
        yield Fleet(w1="drifts").connect

    monkeypatch.setattr(work, "connections", connections)
    assert cli.run([*words, "-p", "greeting", "-o", "json"]) == code
    assert json.loads(capsys.readouterr().out)["kind"] == kind


def test_a_plan_is_saved_shown_and_applied(
    request_: k8sops.Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet = Fleet(w1="drifts")

    @contextmanager
    def connections(*_: object, **__: object) -> Iterator[Connect]:
        yield fleet.connect

    monkeypatch.setattr(work, "connections", connections)
    assert cli.run(["plan", "-p", "greeting", "--out", "saved.json"]) == 0
    assert cli.run(["apply", "saved.json", "--limit", "w1"]) == 64
    assert "a saved plan cannot be narrowed" in capsys.readouterr().err
    assert cli.run(["apply", "saved.json"]) == 0
    assert fleet.states["w1"].applied == [GREETING.id]
