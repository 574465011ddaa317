"""The status of etcd members as one report: dead members and fault tolerance."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from k8sops.engine.fakes import FakeHost
from k8sops.engine.host import Result
from k8sops.engine.session import Session
from k8sops.errors import InputError, UnreachableError
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.report.etcd import members_line
from k8sops.roles.etcd.members import ask

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {"cp[1:3]": {address: "10.0.0.[1:3]"}}}
"""
IDS = {"cp1": 0xA1, "cp2": 0xA2, "cp3": 0xA3}


def spec(text: str = INVENTORY) -> ClusterSpec:
    return make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))


def status(name: str, **more: Any) -> dict[str, Any]:
    header = {"cluster_id": 0xC0FFEE, "member_id": IDS[name], "revision": 812}
    own = {"version": "3.6.8", "dbSize": 8 << 20, "dbSizeInUse": 4 << 20, "leader": 0xA1, "raftTerm": 3, "raftIndex": 9}
    return {"Endpoint": "https://127.0.0.1:2379", "Status": {"header": header, **own, **more}}


def member(name: str, **more: Any) -> dict[str, Any]:
    at = f"https://10.0.0.{name[-1]}"
    return {"ID": IDS[name], "name": name, "peerURLs": [f"{at}:2380"], "clientURLs": [f"{at}:2379"], **more}


def answering(**parts: Any) -> Any:
    def handler(script: str) -> Result:
        mark = re.search(r"^MARK=(\S+)$", script, re.M)
        assert mark
        say = mark[1].strip("'")
        lines = [f"{say} part {name}\n{json.dumps(value)}" for name, value in parts.items()]
        return Result(0, "\n".join([*lines, f"{say} part end"]), "")

    return handler


def dead(script: str) -> Result:
    raise UnreachableError("cp", "does not answer")


def asked(**handlers: Any) -> dict[str, Any]:
    hosts = {name: FakeHost(name, handler) for name, handler in handlers.items()}
    return ask(Session(hosts.__getitem__, lambda event: None), spec())


def healthy(name: str, alive: list[str], **more: Any) -> Any:
    return answering(
        health=[{"endpoint": "x", "health": True, "took": "1.5ms"}],
        own=[status(name)],
        all=[status(one) for one in alive],
        members={"members": [member(one) for one in IDS]},
        alarms=more.get("alarms", {}),
    )


def test_three_members_may_lose_one() -> None:
    found = asked(**{name: healthy(name, list(IDS)) for name in IDS})
    assert (found["healthy"], found["failureTolerance"], found["leader"]) == (True, 1, "cp1")
    assert [(row["host"], row["latencySeconds"]) for row in found["members"]] == [(name, 0.0015) for name in IDS]
    assert members_line(found) == "3/3 members healthy, tolerates 1 failure, 8 MiB"


def test_a_dead_member_is_named_and_nobody_more_may_be_lost() -> None:
    found = asked(cp1=healthy("cp1", ["cp1", "cp2"]), cp2=healthy("cp2", ["cp1", "cp2"]), cp3=dead)
    assert (found["healthy"], found["failureTolerance"], found["hasQuorum"]) == (False, 0, True)
    assert [row["name"] for row in found["members"] if not row["alive"]] == ["cp3"]
    assert "does not answer" in found["members"][2]["why"]
    assert members_line(found) == "2/3 members healthy, dead: cp3, tolerates 0 failures, 8 MiB"


def test_a_member_whose_host_is_silent_is_alive_where_another_member_reaches_it() -> None:
    found = asked(cp1=healthy("cp1", list(IDS)), cp2=healthy("cp2", list(IDS)), cp3=dead)
    assert (found["failureTolerance"], [row["alive"] for row in found["members"]]) == (1, [True] * 3)


def test_a_member_of_an_etcd_that_was_left_behind_by_a_restore_is_named() -> None:
    two = {"members": [member("cp1"), member("cp2")]}
    here = answering(own=[status("cp1")], all=[status("cp1"), status("cp2")], members=two)
    found = asked(cp1=here, cp2=here, cp3=healthy("cp3", ["cp3"]))
    assert (found["clusterIdMismatch"], found["healthy"]) == ({"cp3": "c0ffee"}, False)
    assert "cp3 runs a member of another etcd cluster" in members_line(found)


def test_a_lost_quorum_is_said_although_nobody_can_list_the_members() -> None:
    alone = answering(health=[{"health": False, "took": "3s"}], own=[status("cp1", leader=0)], all=None, members=None)
    found = asked(cp1=alone, cp2=dead, cp3=dead)
    assert (found["hasQuorum"], found["failureTolerance"], found["leader"]) == (False, 0, None)
    assert [(row["name"], row["alive"]) for row in found["members"]] == [("cp1", True), ("cp2", False), ("cp3", False)]
    assert "quorum lost" in members_line(found)


def test_a_learner_does_not_vote_and_an_alarm_is_no_health() -> None:
    said = healthy("cp1", list(IDS), alarms={"alarms": [{"memberID": 0xA2, "alarm": 1}]})
    found = asked(cp1=said, cp2=said, cp3=said)
    assert found["alarms"] == [{"member": "a2", "alarm": "NOSPACE"}]
    assert not found["healthy"]
    members = {"members": [member("cp1"), member("cp2", isLearner=True)]}
    found = asked(
        cp1=answering(own=[status("cp1")], all=[status("cp1"), status("cp2")], members=members), cp2=dead, cp3=dead
    )
    assert (found["quorum"], found["failureTolerance"]) == (1, 0)


def test_hosts_without_an_etcd_are_no_lost_quorum() -> None:
    def bare(script: str) -> Result:
        return Result(3, "", "no etcd on this host")

    found = asked(cp1=bare, cp2=bare, cp3=dead)
    assert (members_line(found), found["healthy"]) == ("unreachable", False)


def test_nobody_answers_and_an_etcd_of_ones_own_is_not_asked() -> None:
    with pytest.raises(UnreachableError, match="no control plane is reachable"):
        asked(cp1=dead, cp2=dead, cp3=dead)
    own = INVENTORY + "etcd: {external: {endpoints: ['https://e:2379'], ca: a, cert: b, key: c}}\n"
    with pytest.raises(InputError, match="etcd is external"):
        ask(Session(lambda name: FakeHost(name, dead), lambda event: None), spec(own))
