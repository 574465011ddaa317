"""Status of etcd members as seen from every control plane, without the API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from k8sops.engine.session import Session
from k8sops.engine.shell import QUERY_SECONDS, envelope, json_of, new_mark, parts
from k8sops.errors import HostError, InputError, UnreachableError
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd import library

SCRIPT = r"""
etcd_tools || exit 3
for ask in 'health:endpoint health' 'own:endpoint status' 'all:endpoint status --cluster' members:'member list' \
  alarms:'alarm list'; do
  mark part "${ask%%:*}"
  # shellcheck disable=SC2086
  etcdctl ${ask#*:} -w json --command-timeout=3s --dial-timeout=2s 2>/dev/null
done
mark part end
"""
ALARMS = {1: "NOSPACE", 2: "CORRUPT"}
UNITS = {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


def ask(session: Session, spec: ClusterSpec) -> dict[str, Any]:
    """The status of all members, queried on all control planes; UnreachableError if none is reachable."""
    refuse_external(spec)
    planes = [host.name for host in spec.control_planes]

    def one(name: str) -> dict[str, Any]:
        mark = new_mark()
        result = session.connect(name).run(envelope(mark, [library("tools"), SCRIPT]), timeout=QUERY_SECONDS)
        if result.code == 3:
            raise HostError(name, result.err.strip() or "no etcd member")
        return {part: json_of(text) for part, text in parts(mark, result.out).items()}

    answers = session.each(planes, one)
    silent = {name: answer for name, answer in answers.items() if isinstance(answer, HostError)}
    if all(isinstance(why, UnreachableError) for why in silent.values()) and len(silent) == len(planes):
        raise UnreachableError(
            planes[0], "no control plane is reachable", remedy="\n  ".join(map(str, silent.values()))
        )
    said = {name: answer for name, answer in answers.items() if not isinstance(answer, HostError)}
    return summarise(spec.control_planes, said, {name: why.what for name, why in silent.items()})


def refuse_external(spec: ClusterSpec) -> None:
    """InputError if etcd is external: k8sops does not manage it."""
    if spec.settings.etcd.external:
        raise InputError("etcd is external (etcd.external)", remedy="use its own tools")


def summarise(
    planes: Sequence[HostEntry], said: Mapping[str, Mapping[str, Any]], silent: Mapping[str, str]
) -> dict[str, Any]:
    """The report from all answers; a member that nobody could reach is dead."""
    statuses = _statuses(said.values())
    lists = [one["members"]["members"] for one in said.values() if one.get("members")]
    # Without a quorum no member can list the members: the control planes of the inventory are used instead.
    known = lists[0] if lists else [_unknown(host, said) for host in planes]
    latency = {name: _seconds(one["health"][0]["took"]) for name, one in said.items() if one.get("health")}
    alarms = [
        {"member": _hex(alarm["memberID"]), "alarm": ALARMS.get(alarm.get("alarm"), "UNKNOWN")}
        for alarm in next((one["alarms"].get("alarms", []) for one in said.values() if one.get("alarms")), [])
    ]
    rows = [_row(one, statuses.get(one.get("ID", 0)), _host(planes, one), latency, silent) for one in known]
    voters = [row for row in rows if not row["learner"]]
    alive = [row for row in voters if row["alive"]]
    quorum = len(voters) // 2 + 1
    leaders = {row["name"] for row in rows if row["leader"]}
    known_ids = {row["id"] for row in rows}
    strangers = {name: _hex(own["header"]["cluster_id"]) for name, own in _own(said) if _member(own) not in known_ids}
    return {
        "apiVersion": "k8sops/v1",
        "kind": "EtcdStatus",
        "clusterId": next((_hex(one["header"]["cluster_id"]) for one in statuses.values()), None),
        "revision": max((one["header"].get("revision", 0) for one in statuses.values()), default=None),
        "members": rows,
        "alarms": alarms,
        "leader": next(iter(leaders), None),
        "quorum": quorum,
        "hasQuorum": len(alive) >= quorum and bool(leaders),
        "failureTolerance": max(0, len(alive) - quorum),
        "unreachable": dict(silent),
        "clusterIdMismatch": strangers,
        "healthy": len(alive) == len(rows)
        and len(leaders) == 1
        and not (alarms or strangers or any(row["errors"] for row in rows)),
    }


def _statuses(said: Iterable[Mapping[str, Any]]) -> dict[int, Any]:
    """The status of each member by its id, from whichever control plane it came."""
    found = [one["Status"] for answer in said for part in ("all", "own") for one in answer.get(part) or ()]
    return {one["header"]["member_id"]: one for one in found}


def _own(said: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, answer in said.items():
        for one in answer.get("own") or ():
            yield name, one["Status"]


def _member(status: Mapping[str, Any]) -> str:
    return _hex(status["header"]["member_id"])


def _unknown(host: HostEntry, said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    own = (said.get(host.name, {}).get("own") or [None])[0]
    member = own["Status"]["header"]["member_id"] if own else 0
    return {"ID": member, "name": host.name, "clientURLs": [f"https://{host.address}:2379"]}


def _host(planes: Sequence[HostEntry], member: Mapping[str, Any]) -> str | None:
    """The control plane that a member runs on: by the address of its peer URL, which it has before it has a name."""
    urls = " ".join([*member.get("peerURLs", ()), *member.get("clientURLs", ())])
    found = (one.name for one in planes if re.search(rf"//\[?{re.escape(one.address)}\]?:", urls))
    return next(found, None)


def _row(
    member: Mapping[str, Any],
    status: Mapping[str, Any] | None,
    host: str | None,
    latency: Mapping[str, float | None],
    silent: Mapping[str, str],
) -> dict[str, Any]:
    own = status or {}
    header = own.get("header", {})
    return {
        "id": _hex(member.get("ID", 0)),
        "name": member.get("name", ""),
        "host": host,
        "endpoint": (member.get("clientURLs") or [""])[0],
        "alive": status is not None,
        "why": "" if status else silent.get(host or "", "" if member.get("name") else "has never started"),
        "leader": bool(own.get("leader")) and own.get("leader") == header.get("member_id"),
        "learner": bool(member.get("isLearner")),
        "version": own.get("version"),
        "dbBytes": own.get("dbSize"),
        "dbInUseBytes": own.get("dbSizeInUse"),
        "quotaBytes": own.get("dbSizeQuota"),
        "raftTerm": own.get("raftTerm"),
        "raftIndex": own.get("raftIndex"),
        "latencySeconds": latency.get(host or ""),
        "errors": list(own.get("errors") or ()),
    }


def _hex(number: int) -> str:
    return f"{number:x}"


def _seconds(text: str) -> float | None:
    """`1.2345ms`, as Go prints a duration, in seconds."""
    found = re.findall(r"([0-9.]+)(ns|µs|us|ms|s|m)", text)
    return round(sum(float(number) * UNITS[unit] for number, unit in found), 6) if found else None
