"""The cluster at a glance: one script on one control plane, and the status of every etcd member."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from k8sops.engine.host import Host
from k8sops.engine.session import Session
from k8sops.engine.shell import QUERY_SECONDS, envelope, json_of, new_mark, parts
from k8sops.errors import HostError, UnreachableError
from k8sops.inventory.spec import ClusterSpec
from k8sops.report.etcd import members_line
from k8sops.report.terminal import table
from k8sops.roles.etcd import members
from k8sops.roles.health import health
from k8sops.roles.health.health import Problem

SCRIPT = r"""
mark part health
%s
mark part api; kubectl get --raw=/readyz --request-timeout=5s 2>&1; echo
mark part nodes; kubectl get nodes -o json --request-timeout=10s
mark part pods; kubectl -n kube-system get pods -l tier=control-plane -o json --request-timeout=10s
mark part version; kubectl version -o json --request-timeout=10s
mark part backup; kubectl -n kube-system get configmap k8sops-backup-marker -o json --request-timeout=10s
mark part certificates; kubeadm certs check-expiration -o json
mark part end
"""
SOON_DAYS = 30
"""Days before its expiry from which on a certificate is reported."""


def ask(connect: Callable[[str], Host], spec: ClusterSpec) -> dict[str, Any]:
    """The cluster as a control plane reports it, and the status of the etcd members."""
    found = _query_control_plane(connect, spec)
    if not spec.settings.etcd.external:
        found["etcd"] = members.ask(Session(connect, lambda event: None), spec)
        found["healthy"] = found["healthy"] and found["etcd"]["healthy"]
    return found


def _query_control_plane(connect: Callable[[str], Host], spec: ClusterSpec) -> dict[str, Any]:
    """The report of the first control plane whose API is ready, else of the first that is reachable."""
    silent: list[HostError] = []
    found: list[dict[str, Any]] = []
    for host in spec.control_planes:
        mark = new_mark()
        try:
            result = connect(host.name).run(
                envelope(mark, [f"({SCRIPT % health.script(spec)}) 2>/dev/null"]), timeout=QUERY_SECONDS
            )
        except HostError as error:
            silent.append(error)
            continue
        found.append(summarise(spec, host.name, parts(mark, result.out)))
        if found[-1]["api"] == "ready":
            return found[-1]
    if found:
        return found[0]
    raise UnreachableError(
        spec.control_planes[0].name, "no control plane is reachable", remedy="\n  ".join(map(str, silent))
    )


def summarise(spec: ClusterSpec, asked: str, said: dict[str, str]) -> dict[str, Any]:
    """The parts as one report; what is not available is None."""
    data = {part: json_of(text) for part, text in said.items()}
    nodes, pods = data.get("nodes") or {"items": []}, data.get("pods") or {"items": []}
    certificates = data.get("certificates") or {}
    dates = [one["expirationDate"] for one in certificates.get("certificates", []) if one.get("expirationDate")]
    api = said.get("api", "") == "ok"
    rows = [_node(one) for one in nodes["items"]]
    names = {row["name"] for row in rows}
    missing = sorted({host.name for host in spec.hosts} - names)
    planes = [host.name for host in spec.control_planes if host.name in names]
    expiry, version = min(dates) if dates else None, (data.get("version") or {}).get("serverVersion") or {}
    problems = [
        *_of_nodes(spec, rows, missing, version.get("gitVersion")),
        *health.problems(spec, health.parse(said.get("health", "").splitlines()), planes),
        *_of_certificates(certificates),
    ]
    ignored = {name.lower() for name in spec.preflight_ignore}
    broken = [one for one in problems if one.broken and one.name.lower() not in ignored]
    return {
        "apiVersion": "k8sops/v1",
        "kind": "Status",
        "cluster": spec.cluster,
        "reportedBy": asked,
        "api": "ready" if api else "notReady",
        "serverVersion": version.get("gitVersion"),
        "desiredVersion": f"v{spec.version}",
        "nodes": rows,
        "missing": missing,
        "controlPlane": {
            one["metadata"]["name"]: all(c.get("ready") for c in one["status"].get("containerStatuses", [{}]))
            for one in pods["items"]
        },
        "etcd": None,
        "externalEtcd": list(external.endpoints) if (external := spec.settings.etcd.external) else None,
        "nextExpiry": expiry,
        "lastBackup": ((data.get("backup") or {}).get("data") or {}).get("done", "").removeprefix("done/") or None,
        "problems": [vars(one) for one in problems],
        "healthy": api and not missing and not broken,
    }


def _of_nodes(
    spec: ClusterSpec, rows: list[dict[str, Any]], missing: list[str], server: str | None
) -> Iterator[Problem]:
    for row in rows:
        if not row["ready"]:
            yield Problem("NodeNotReady", row["name"], f"NotReady: {row['why']}")
        if server and row["kubelet"] != server:
            what = f"kubelet is {row['kubelet']}, the API server is {server}"
            yield Problem("VersionSkew", row["name"], what, broken=False)
    # Where the API lists no node at all, that is the problem.
    for name in missing if rows else ():
        yield Problem("NodeMissing", name, "in the inventory, but not a node of the cluster")
    if server and server != f"v{spec.version}":
        what = f"the API server is {server}, the inventory says v{spec.version}"
        yield Problem("VersionSkew", "", what, broken=False)


def _of_certificates(said: dict[str, Any]) -> Iterator[Problem]:
    """Certificates of the queried control plane that have expired, or will soon."""
    for one in [*said.get("certificates", []), *said.get("certificateAuthorities", [])]:
        if one.get("missing") or not one.get("expirationDate"):
            continue
        days = _days_left(one["expirationDate"])
        if days < 0:
            yield Problem("Certificate", "", f"certificate {one['name']} expired on {one['expirationDate'][:10]}")
        elif days < SOON_DAYS:
            what = f"certificate {one['name']} expires on {one['expirationDate'][:10]}, in {days} days"
            yield Problem("Certificate", "", what, broken=False)


def _node(node: dict[str, Any]) -> dict[str, Any]:
    conditions = node["status"].get("conditions", [])
    ready = next((one for one in conditions if one["type"] == "Ready"), {"status": "Unknown"})
    roles = [key.rpartition("/")[2] for key in node["metadata"]["labels"] if key.startswith("node-role.kubernetes.io/")]
    info = node["status"]["nodeInfo"]
    address = [one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP"]
    return {
        "name": node["metadata"]["name"],
        "ready": ready["status"] == "True",
        "why": None if ready["status"] == "True" else ready.get("message", "its kubelet has not reported yet"),
        "conditions": [one["type"] for one in conditions if one["type"] != "Ready" and one["status"] == "True"],
        "schedulable": not node["spec"].get("unschedulable", False),
        "roles": ",".join(roles) or "worker",
        "address": (address or [""])[0],
        "kubelet": info["kubeletVersion"],
        "runtime": info["containerRuntimeVersion"],
    }


def print_status(console: Console, found: dict[str, Any]) -> None:
    """The report, for people."""
    server, desired = found["serverVersion"], found["desiredVersion"]
    skew = "" if server in (None, desired) else f" (inventory: {desired})"
    api = "ready" if found["api"] == "ready" else "not ready"
    rows = [("cluster", found["cluster"]), ("API", f"{api}, {server or 'version unknown'}{skew}")]
    pods = found["controlPlane"]
    down = [name for name, ready in pods.items() if not ready]
    rows.append(("control plane", f"{len(pods) - len(down)} of {len(pods)} pods ready {' '.join(down)}".strip()))
    etcd = found["etcd"]
    if etcd:
        rows.append(("etcd", members_line(etcd)))
    else:
        rows.append(("etcd", "external"))
    rows.append(
        ("certificates", _validity(found["nextExpiry"]) if found["nextExpiry"] else "unknown")
    )
    rows.append(("last backup", found["lastBackup"] or "never"))
    table(console, ("", ""), rows)
    console.print()
    title = ("NODE", "STATUS", "ROLES", "ADDRESS", "KUBELET", "RUNTIME")
    nodes = [
        (
            one["name"],
            ",".join(
                [
                    "Ready" if one["ready"] else "NotReady",
                    *one["conditions"],
                    *([] if one["schedulable"] else ["SchedulingDisabled"]),
                ]
            ),
            one["roles"],
            one["address"],
            one["kubelet"],
            one["runtime"],
        )
        for one in found["nodes"]
    ]
    table(console, title, [*nodes, *((name, "not a node", "", "", "", "") for name in found["missing"])])
    if found["problems"]:
        console.print("\n[bold]PROBLEMS[/bold]", highlight=False)
    for one in sorted(found["problems"], key=lambda one: not one["broken"]):
        line = f"{one['node']}: {one['what']}" if one["node"] else one["what"]
        style = "red" if one["broken"] else "yellow"
        console.print(f"  {line}", style=style, highlight=False, markup=False, soft_wrap=True)


def _days_left(date: str) -> int:
    return (datetime.fromisoformat(date) - datetime.now(UTC)).days


def _validity(date: str) -> str:
    """Of the certificates, by the date on which the first of them expires."""
    days = _days_left(date)
    return f"valid; the first expires {date[:10]}, in {days} days" if days >= 0 else f"expired on {date[:10]}"
