"""etcd as a person reads it: its members, its backups, and what control planes do on their schedule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from k8sops.engine.summary import age
from k8sops.report.terminal import table
from k8sops.roles.etcd.backups import Found, in_order


def members_line(found: Mapping[str, Any]) -> str:
    """The members in one line."""
    if found["clusterId"] is None:
        return "unreachable"
    count, dead = len(found["members"]), [row["name"] or row["id"] for row in found["members"] if not row["alive"]]
    size = max((row["dbBytes"] or 0 for row in found["members"]), default=0) / 2**20
    parts = [f"{count - len(dead)}/{count} members healthy"]
    parts += [f"dead: {' '.join(dead)}"] if dead else []
    tolerated = found["failureTolerance"]
    tolerance = f"tolerates {tolerated} failure{'' if tolerated == 1 else 's'}"
    parts.append(tolerance if found["hasQuorum"] else "quorum lost")
    parts.append(f"{size:.0f} MiB")
    parts += [f"alarm {one['alarm']}" for one in found["alarms"]]
    parts += [f"{name} runs a member of another etcd cluster" for name in found["clusterIdMismatch"]]
    return ", ".join(parts)


def print_members(console: Console, found: Mapping[str, Any]) -> None:
    """The report as a person reads it."""
    title = ("MEMBER", "ID", "ROLE", "VERSION", "SIZE", "IN USE", "TERM", "INDEX", "LATENCY", "")
    rows = []
    for row in found["members"]:
        role = "leader" if row["leader"] else "learner" if row["learner"] else "follower"
        latency = f"{row['latencySeconds'] * 1000:.1f} ms" if row["latencySeconds"] is not None else ""
        said = "; ".join(row["errors"]) or row["why"].splitlines()[0] if row["errors"] or row["why"] else ""
        numbers = (_mib(row["dbBytes"]), _mib(row["dbInUseBytes"]), row["raftTerm"], row["raftIndex"], latency)
        shown = [row["version"] or "", *("" if one is None else str(one) for one in numbers)]
        rows.append((row["name"] or "?", row["id"], role if row["alive"] else "dead", *shown, said))
    table(console, title, rows)
    console.print()
    for alarm in found["alarms"]:
        console.print(f"alarm {alarm['alarm']} on {alarm['member']}", style="red", highlight=False)
    for name, cluster in found["clusterIdMismatch"].items():
        text = f"{name} runs a member of another etcd cluster, {cluster}: `k8sops reset {name}` removes it"
        console.print(text, style="red", highlight=False)
    count = len([row for row in found["members"] if not row["learner"]])
    if found["hasQuorum"]:
        text = f"Fault tolerance: {found['failureTolerance']} of {count} members. Revision {found['revision']}"
    else:
        text = f"Quorum lost: {found['quorum']} of {count} members must be healthy. Recover with `k8sops etcd restore`"
    console.print(text, highlight=False, style="bold" if found["hasQuorum"] else "bold red")


def _mib(size: int | None) -> str:
    return "" if size is None else f"{size / 2**20:.1f} MiB"


def print_backups(console: Console, found: Found, silent: Mapping[str, str]) -> None:
    """The list as a person reads it, the newest first."""
    now = datetime.now(UTC)
    rows = [
        (one.name, where, age((now - one.at).total_seconds()), size(one.size), str(one.revision), one.state)
        for where, one in in_order(found)
    ]
    if rows:
        table(console, ("NAME", "WHERE", "AGE", "SIZE", "REVISION", "DRILL"), rows)
    elif not silent:
        console.print("No backups yet. Take one with `k8sops etcd backup`.", highlight=False)
    for where, why in silent.items():
        console.print(f"{where}: {why}", style="red", highlight=False)


def size(count: int) -> str:
    """Bytes, as a person says them."""
    return f"{count / 2**20:.1f} MiB" if count < 2**30 else f"{count / 2**30:.1f} GiB"


def print_schedule(console: Console, found: dict[str, Any]) -> None:
    """The runs as a person reads them."""
    rows = []
    for host in found["hosts"]:
        for what in ("backup", "drill"):
            run = host[what]
            last = "running" if run["running"] else run["result"] or "never"
            since = f"{age(_seconds(run['at'], host['now']))} ago" if run["at"] else ""
            if run["next"]:
                following = f"in {age(_seconds(host['now'], run['next']))}"
            else:
                following = "by cron" if run["scheduled"] else "not scheduled"
            rows.append((host["host"], what, last, since, following, run["why"] or ""))
    table(console, ("HOST", "WHAT", "LAST", "WHEN", "NEXT", "WHY"), rows)
    for why in found["unreachable"].values():
        console.print(why, style="red", highlight=False)


def _seconds(before: str, after: str) -> float:
    return max(0.0, (datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds())
