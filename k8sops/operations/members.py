"""Dead members of etcd: removed by id, or replaced on their host."""

from __future__ import annotations

from typing import Any

from k8sops.engine.session import Session
from k8sops.errors import InputError
from k8sops.inventory.spec import ClusterSpec
from k8sops.operations.apply import applying
from k8sops.operations.connections import Password, connections
from k8sops.operations.inputs import load_spec
from k8sops.operations.operation import Operation
from k8sops.operations.request import Request
from k8sops.operations.reset import resetting
from k8sops.roles.etcd.members import ask, refuse_external


def members_of(spec: ClusterSpec, password: Password | None = None) -> dict[str, Any]:
    """What the members of etcd say of themselves; the API need not be available."""
    with connections(spec, password=password) as connect:
        return ask(Session(connect, lambda event: None), spec)


def removing(request: Request, id: str) -> Operation:
    """The dead member of this id removed; refused where no quorum would be left."""
    spec = load_spec(request.inventory)
    refuse_external(spec)
    found = members_of(spec, request.password)
    members = {row["id"]: row for row in found["members"]}
    if id not in members:
        shown = ", ".join(f"{row['id']} ({row['name'] or row['host']})" for row in found["members"])
        raise InputError(f"no member `{id}`", remedy=f"members: {shown}")
    if members[id]["alive"]:
        raise InputError(
            f"{id} ({members[id]['name']}) is alive", remedy=f"to remove the node: `k8sops reset {members[id]['host']}`"
        )
    return Operation(request.playing("etcd-member-remove", member=id), f"removes etcd member {id} from")


def replacing(request: Request, node: str) -> tuple[Operation, Operation]:
    """The host of a dead member reset, and then joined again, as two operations in this order."""
    spec = load_spec(request.inventory)
    if node not in [host.name for host in spec.control_planes]:
        raise InputError(f"no control plane `{node}`", remedy="`k8sops etcd status` shows members and their hosts")
    found = members_of(spec, request.password)
    if not found["hasQuorum"]:
        raise InputError("quorum lost", remedy="recover with `k8sops etcd restore`")
    if any(row["alive"] for row in found["members"] if row["host"] == node):
        raise InputError(f"the member on {node} is alive", remedy=f"to remove the node: `k8sops reset {node}`")
    return resetting(request, [node]), applying(request.playing("site", node))
