"""A plan in a file: what was approved, and what it was approved against. It is refused once that has changed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from k8sops import __version__
from k8sops.engine.documents import rfc3339
from k8sops.engine.localfile import write_private
from k8sops.engine.plan import Filters, Outcome, Plan, Seen, Step
from k8sops.errors import InputError, Where
from k8sops.operations.data import plan_data
from k8sops.operations.request import Request

API, KIND = "k8sops/v1", "SavedPlan"
KEYS = {"version", "inventory", "playbook", "filters", "waived", "plan", "steps"}


@dataclass(frozen=True)
class SavedPlan:
    """`data` is the whole file, as JSON has it; no secret is in it."""

    path: Path
    data: Mapping[str, Any]

    @property
    def inventory(self) -> Path:
        return Path(self.data["inventory"]["path"])

    @property
    def playbook(self) -> str:
        return str(self.data["playbook"])

    @property
    def filters(self) -> Filters:
        one = self.data["filters"]
        sets = {name: frozenset(one[name]) for name in ("tags", "skip_tags", "picks")}
        return Filters(one["limit"], **sets, parameters=one.get("parameters", {}))

    def request(self, request: Request) -> Request:
        """The request that the plan was made for, with the connections of this one."""
        waived = frozenset(self.data["waived"])
        return replace(request, inventory=self.inventory, playbook=self.playbook, filters=self.filters, waived=waived)


def save(path: Path, plan: Plan, *, inventory: Path, playbook: str) -> None:
    """The file holds the plan, 0600; replaced whole or not at all."""
    filters = plan.filters
    data = {
        "apiVersion": API,
        "kind": KIND,
        "version": __version__,
        "made": rfc3339(time.time()),
        "inventory": {"path": str(inventory.resolve()), "sha256": _sha(inventory.read_bytes())},
        "playbook": playbook,
        "filters": {
            "limit": filters.limit,
            "tags": sorted(filters.tags),
            "skip_tags": sorted(filters.skip_tags),
            "picks": sorted(filters.picks),
            "parameters": dict(filters.parameters),
        },
        "waived": sorted(plan.waived),
        "plan": plan_data(plan),
        "steps": [_record(plan, step) for step in plan.steps],
    }
    write_private(path, json.dumps(data, indent=1, ensure_ascii=False))


def load(path: Path) -> SavedPlan:
    """The plan in this file; InputError when it holds none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        right = isinstance(data, dict) and data.get("apiVersion") == API and data.get("kind") == KIND
        right = right and data.keys() >= KEYS
    except FileNotFoundError:
        raise InputError("no such file", where=Where(str(path)), remedy="plan --out FILE writes one") from None
    except (OSError, ValueError):
        right = False
    if not right:
        raise InputError("not a saved plan", where=Where(str(path)), remedy="plan --out FILE writes one")
    return SavedPlan(path, data)


def refuse_other_inventory(saved: SavedPlan) -> None:
    """InputError when the inventory is not the one that the plan was made from."""
    path = saved.inventory
    if not path.exists() or _sha(path.read_bytes()) != saved.data["inventory"]["sha256"]:
        what = "has changed since the plan was made" if path.exists() else "no longer exists"
        raise InputError(f"the inventory {path} {what}", where=Where(str(saved.path)), remedy="plan again")


def refuse_stale(saved: SavedPlan, plan: Plan) -> None:
    """InputError, with what is different and where, when the plan made now is not the one in the file."""
    old = {_key(one): one for one in saved.data["steps"]}
    new = {_key(one): one for one in (_record(plan, step) for step in plan.steps)}
    changes = [line for key in {**old, **new} for line in _difference(key, old.get(key), new.get(key))]
    if saved.data["version"] != __version__:
        changes.insert(0, f"it was made by k8sops {saved.data['version']}, this is {__version__}")
    if changes:
        shown = "\n".join(f"  {line}" for line in changes[:20])
        more = f"\n  and {len(changes) - 20} more" if len(changes) > 20 else ""
        raise InputError(
            f"the approved plan is out of date:\n{shown}{more}",
            where=Where(str(saved.path)),
            remedy="plan again",
        )


def _difference(key: tuple[str, ...], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[str]:
    place = " / ".join(key[1:])
    if old is None or new is None:
        return [f"{place}: is new" if old is None else f"{place}: is no longer needed"]
    if old["resource_sha256"] != new["resource_sha256"]:
        return [f"{place}: the desired state has changed (inventory, template or facts of the host)"]
    if old["outcome"] != new["outcome"]:
        return [f"{place}: was “{old['outcome']}”, is “{new['outcome']}”"]
    return [f"{place}: the host's state has changed"] if old["seen_sha256"] != new["seen_sha256"] else []


def _key(record: Mapping[str, Any]) -> tuple[str, ...]:
    return str(record["play"]), record["host"], record["task"], record["resource"]


def _record(plan: Plan, step: Step) -> dict[str, Any]:
    """A step, as far as it must be the same when it runs: what it would do, and what its check saw."""
    seen = plan.seen.get(step.key, Seen(Outcome.UNKNOWN))
    one = step.resource
    # A token is new in every run.
    # What a check prints though it holds is a report, and may be another each time.
    said = () if seen.outcome is Outcome.HOLDS else seen.said
    fragments = "\0".join((one.check, one.apply or "", one.want or "")).replace(plan.fleet.secrets.token_id, "TOKEN1")
    return {
        "play": step.play,
        "host": step.host,
        "task": step.task,
        "resource": one.id,
        "resource_sha256": _sha(fragments.encode()),
        "outcome": plan.outcome(step).value,
        "seen_sha256": _sha("\0".join((str(seen.code), seen.was or "", *said)).encode()),
    }


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
