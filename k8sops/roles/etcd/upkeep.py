"""What the members of etcd hold together, brought about from one control plane, without the API."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.roles.etcd import library

WASTE_PERCENT = 10
"""How much of a database's file may be free pages before a defragmentation is worth its pause."""


def defragmented() -> Resource:
    """No member's database wastes more than a tenth of its file.

    One member at a time, the leader last; a member cannot answer meanwhile, so none may be missing.
    """
    return Resource(
        id="etcd:defragmented",
        check=f"""{library("tools", "upkeep")}
every_member_answers || exit 12
has=$(wasteful_members {WASTE_PERCENT}) || exit 12
[ -z "$has" ] || drift "$(cut -f 3 <<<"$has")" """,
        apply=f"""{library("tools", "upkeep")}
wasteful_members {WASTE_PERCENT} | while IFS=$'\\t' read -r endpoint leads said; do
  every_member_answers
  [ "$leads" = 0 ] || said="$said; the leader, last"
  echo "$said"
  ETCDCTL_ENDPOINTS=$endpoint etcdctl defrag --command-timeout=240s </dev/null
  wait_for_members 60
done""",
        want=f"at most {WASTE_PERCENT} % of each database file is free",
        deadline=1800,
    )


def disarmed() -> Resource:
    """No alarm is on. An alarm that has its cause still comes back with the next write."""
    return Resource(
        id="etcd:disarmed",
        check=f"""{library("tools")}
has=$(etcdctl alarm list --command-timeout=5s) || exit 12
[ -z "$has" ] || drift "$has" """,
        apply=f"""{library("tools", "upkeep")}
refuse_full
etcdctl alarm disarm --command-timeout=10s""",
        want="no alarm",
    )


def compacted(keep: int) -> Resource:
    """The history before the last revisions is gone; its space is free for new writes, not for the disk.

    `keep` of them are left; it holds until there are twice as many.
    """
    return Resource(
        id="etcd:compacted",
        check=f"""{library("tools", "upkeep")}
at=$(oldest_wanted {2 * keep}) || exit 12
is_compacted "$at" || drift "revision $at is not compacted" """,
        apply=f"""{library("tools", "upkeep")}
etcdctl compact "$(oldest_wanted {keep})" --physical --command-timeout=240s""",
        want=f"a history of the last {keep} revisions",
    )


def member_gone(member: str) -> Resource:
    """etcd has no member with this id (hex). It is dead, and a quorum is left without it: both asked right before."""
    one = quote(member)
    return Resource(
        id=f"etcd:member-gone:{member}",
        check=f"""{library("tools")}
has=$(etcd_members) || exit 12
! grep -q ^{one}$'\\t' <<<"$has" || drift "$(grep ^{one}$'\\t' <<<"$has")" """,
        apply=f"""{library("tools", "upkeep")}
refuse_alive {one}
remove_member {one}""",
        want=f"no member {member}",
        risk="delete",
        settle=20,
    )


def member_left(name: str, *, peer: str) -> Resource:
    """etcd has no member with the peer URL of this node, which leaves the cluster; it is removed by its exact id."""
    return Resource(
        id=f"etcd-member-gone:{name}",
        check=f"""need_api
{library("tools", "upkeep")}
has=$(members_at {quote(peer)}) || exit 12
[ -z "$has" ] || drift "$(etcd_members | grep "^$has"$'\\t')" """,
        apply=removing_members([peer]),
        want=f"no member at {peer}",
        risk="delete",
        settle=20,
        about=name,
    )


def removing_members(peers: Sequence[str]) -> str:
    """Shell lines after which etcd has no member with one of these peer URLs."""
    return f"""{library("tools", "upkeep")}
gone=$(members_at {" ".join(map(quote, peers))})
for one in $gone; do remove_member "$one"; done"""
