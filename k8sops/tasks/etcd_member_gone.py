"""A dead member has left etcd, by its exact id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8sops.errors import InputError
from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.etcd import member_gone
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    member = fleet.parameters.get("member", "")
    if not re.fullmatch("[0-9a-f]{1,16}", member):
        raise InputError(f"`{member}` is no id of a member", remedy="`k8sops etcd status` shows them")
    yield member_gone(member)


TASK = Task(name="etcd-member-gone", title="the dead member is gone", resources=_resources, parameters=("member",))
