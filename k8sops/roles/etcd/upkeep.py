"""Maintenance of all etcd members from one control plane, without the API."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.roles.etcd import library

WASTE_PERCENT = 10
"""Percentage of free pages in a database file from which a defragmentation is worth its pause."""


def defragmented() -> Resource:
    """etcd defragmented, if more than a tenth of a database file is free.

    One member at a time, the leader last; a member does not respond meanwhile, so all others must be healthy.
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
    """Alarms cleared. An alarm whose cause remains is raised again by the next write."""
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
    """Revisions before the last ones compacted; their space is free for new writes, but not returned to the disk.

    `keep` of them are left; compacted again once there are twice as many.
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
    """The member with this id (hex) removed, if it is dead and a quorum remains: both checked right before."""
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
    """The member of a node that leaves removed from etcd: found by its peer URL, removed by its exact id."""
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
    """Shell lines that remove the members with these peer URLs from etcd."""
    return f"""{library("tools", "upkeep")}
gone=$(members_at {" ".join(map(quote, peers))})
for one in $gone; do remove_member "$one"; done"""
