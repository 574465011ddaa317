"""The public interface of k8sops, which `import k8sops` offers: each name is imported when it is first used."""

from __future__ import annotations

from collections.abc import Callable, Set
from pathlib import Path
from typing import Any

from k8sops.engine.fakes import FakeHost, HostState
from k8sops.engine.journal import find_run, read, state_dir
from k8sops.engine.plan import Filters, Plan
from k8sops.engine.session import Connect
from k8sops.errors import Cancelled, K8sopsError, UsageError
from k8sops.inventory.spec import ClusterSpec
from k8sops.operations import operation
from k8sops.operations.apply import applying, risks_beyond
from k8sops.operations.inputs import load_spec
from k8sops.operations.operation import Report
from k8sops.operations.request import Request
from k8sops.operations.runs import run_document
from k8sops.operations.view import Quiet, View

__all__ = [
    "ClusterSpec",
    "FakeHost",
    "Filters",
    "HostState",
    "K8sopsError",
    "Plan",
    "Report",
    "Request",
    "apply",
    "load_inventory",
    "plan",
    "read_run",
]


def load_inventory(path: Path | str) -> ClusterSpec:
    """The cluster that this inventory describes; K8sopsError, with file and line, where it is invalid."""
    return load_spec(Path(path))


def plan(request: Request, *, view: View | None = None, connect: Connect | None = None) -> Plan:
    """What would change on every host, as the hosts are now; nothing is changed.

    `connect`: hosts by name; None: over SSH.
    """
    return operation.preview(applying(request), view or Quiet(), connect=connect).plan


def apply(
    request: Request,
    *,
    approve: Callable[[Plan], bool] | None = None,
    allow: Set[str] = frozenset(),
    view: View | None = None,
    connect: Connect | None = None,
) -> Report:
    """The changes of a plan that is made now, carried out; `Report.ok` says whether all of them were.

    `approve` is called with a plan that has changes, and Cancelled is raised where it returns False. Without it, only
    files and packages may change, and what `allow` names: restart, drain, delete. UsageError where that is not enough.
    """

    def confirm(plan: Plan) -> None:
        missing = [] if approve else risks_beyond(plan, allow)
        if missing:
            raise UsageError(f"not allowed: {', '.join(missing)}", remedy=f"allow={set(missing)}, or approve=…")
        if approve and not approve(plan):
            raise Cancelled("the plan was not approved; nothing was changed")

    return operation.perform(applying(request), view or Quiet(), confirm, connect=connect)


def read_run(run: str = "last") -> dict[str, Any]:
    """What an earlier run did, as `k8sops runs show -o json` prints it (docs/json.md, RunRecord).

    `run`: its id, a unique beginning of it, or `last`.
    """
    path = find_run(state_dir() / "runs", run)
    return run_document(path.stem, list(read(path)))
