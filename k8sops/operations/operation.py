"""An operation: request -> plan -> confirm -> lock -> run -> report. Each kind of work is a value of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from k8sops.engine.plan import Plan
from k8sops.engine.runner import Done
from k8sops.engine.session import Connect
from k8sops.operations.outcome import PENDING, exit_code, is_impossible, obstacle, succeeded, unchanged
from k8sops.operations.request import Request
from k8sops.operations.view import View
from k8sops.operations.work import Work, working


class Tested(Protocol):
    """A test of the cluster that followed a run."""

    @property
    def passed(self) -> bool: ...


Hook = Callable[[Work, Plan], None]
Confirm = Callable[[Plan], None]
"""Raises Cancelled, or another K8sopsError, where the plan is not to be carried out."""


def _as_it_is(plan: Plan) -> Plan:
    return plan


def _nothing(work: Work, plan: Plan) -> None:
    """No preparation."""


def _nothing_after(work: Work, plan: Plan, done: Done) -> None:
    """No follow-up."""


def _no_tests(work: Work, plan: Plan) -> None:
    """No tests."""


@dataclass(frozen=True)
class Operation:
    """A request, and what belongs to this kind of work around its run.

    `consequence`: what the cluster's name is typed for, as in `removes w2 from`; empty: a yes is enough.
    `review`: the plan with more findings, or an error where it is not the one that was approved. `warn`: what else is
    shown before the question. `before`: done under the cluster's lock, before the first play. `after`: done after the
    run, whatever failed, unless it was interrupted. `then`: done where nothing failed; its tests count for the exit
    code.
    """

    request: Request
    consequence: str = ""
    review: Callable[[Plan], Plan] = _as_it_is
    warn: Hook = _nothing
    before: Hook = _nothing
    after: Callable[[Work, Plan, Done], None] = _nothing_after
    then: Callable[[Work, Plan], Sequence[Tested] | None] = _no_tests


@dataclass(frozen=True)
class Report:
    """What an operation came to. `done` is None where nothing was to be carried out."""

    run: str
    """The id of its journal."""
    plan: Plan
    code: int
    """The exit code of the command."""
    done: Done | None = None
    tests: Sequence[Tested] | None = None
    seconds: float = field(default=0, compare=False)
    """How long the run took, without the time for questions."""

    @property
    def ok(self) -> bool:
        """Whether the plan was carried out whole, on every host."""
        return self.code == 0

    @property
    def impossible(self) -> bool:
        """Whether the plan cannot be applied to any host."""
        return is_impossible(self.plan)


def preview(
    operation: Operation,
    view: View,
    *,
    pending: bool = False,
    keep: Callable[[Plan], None] | None = None,
    connect: Connect | None = None,
) -> Report:
    """The plan is shown, and nothing is changed.

    `pending`: the exit code says whether something would change. `keep`: is given a plan that can be applied.
    """
    with working(operation.request, view, connect) as work:
        plan = operation.review(work.plan())
        code = obstacle(plan)
        view.plan(plan)
        work.record(plan, runs=False)
        if keep and not code:
            keep(plan)
        code = code or (PENDING if pending and (plan.changes or plan.pending) else 0)
        work.end(code)
        return Report(work.journal.run, plan, code)


def perform(
    operation: Operation, view: View, confirm: Confirm, *, check: bool = False, connect: Connect | None = None
) -> Report:
    """The plan is shown, confirmed and carried out; `check`: it is only shown."""
    with working(operation.request, view, connect) as work:
        plan = operation.review(work.plan())
        view.plan(plan)
        stopped = check or is_impossible(plan)
        work.record(plan, runs=not stopped)
        if stopped:
            work.end(obstacle(plan))
            return Report(work.journal.run, plan, obstacle(plan))
        begun, done = work.since, unchanged(plan)
        if plan.changes:
            operation.warn(work, plan)
            confirm(plan)
            begun = time.time()
            done = work.run(plan, lambda: operation.before(work, plan))
            view.done(done)
        if not done.interrupted:
            operation.after(work, plan, done)
        tests = operation.then(work, plan) if succeeded(done) else None
        code = exit_code(done) or verdict(tests)
        work.end(code, done)
        return Report(work.journal.run, plan, code, done, tests, time.time() - begun)


def verdict(tests: Sequence[Tested] | None) -> int:
    """The exit code that tests stand for; 0 where all passed, or none were wanted."""
    return 0 if tests is None or (tests and all(test.passed for test in tests)) else 3
