"""The jobs of k8sops as Fabric tasks, wherever k8sops is installed. A `fabfile.py` with one import makes them yours:

    from k8sops.fabfile import namespace

Then `fab --list`, `fab plan`, `fab apply -H w1`. Hosts are those of the inventory (K8SOPS_INVENTORY, or
inventory.yaml), by name or address; without -H a job is about all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fabric import task
from invoke.collection import Collection
from invoke.exceptions import Exit

from k8sops.cli import apply, backup, hosts, reset, restore, verify
from k8sops.cli import options as o
from k8sops.errors import K8sopsError
from k8sops.operations.inputs import load_spec

HELP = {
    "inventory": "The inventory.",
    "playbook": "The playbook; default: site.",
    "tags": "Only these tasks or tags, comma-separated.",
    "extra_vars": "Playbook variables: NAME=VALUE, comma-separated.",
    "check": "Only show what would change.",
    "yes": "Do not ask for confirmation.",
    "allow": "What --yes may also do: restart, drain, delete (comma-separated).",
    "confirm": "Confirm by the cluster's name, without being asked.",
    "nodes": "Nodes to remove: names or patterns, comma-separated; default: the hosts of -H.",
    "all_nodes": "Reset every node of the cluster.",
    "to": "Where to copy the backup, comma-separated; default: backup.to of the inventory.",
    "drill": "Also prove the backup by restoring it into a scratch etcd.",
    "name": "The backup, as `k8sops etcd list` shows it.",
    "source": "Where the backup is, if not on control planes.",
}


def _job(body: Callable[..., int]) -> Any:
    """The function as a Fabric task, which fails with its exit code; errors are printed as k8sops prints them."""
    names = body.__code__.co_varnames[1 : body.__code__.co_argcount]

    def job(context: Any, *given: Any, **named: Any) -> None:
        try:
            code = body(context, *given, **named)
        except K8sopsError as error:
            raise Exit(f"k8sops: {error}", error.exit_code) from None
        if code:
            raise Exit(code=code)

    job.__doc__, job.__name__ = body.__doc__, body.__name__
    job.__wrapped__ = body  # type: ignore[attr-defined]
    return task(help={name: HELP[name] for name in names})(job)


def _inventory(given: str) -> Path:
    return Path(given or os.environ.get("K8SOPS_INVENTORY") or o.DEFAULT_INVENTORY)


def _host(context: Any, path: Path) -> str | None:
    """The inventory's name of the host of -H, which Fabric knows by name or address; None: no host was named."""
    if not hasattr(context, "original_host"):
        return None
    name: str = context.original_host
    return next((host.name for host in load_spec(path).hosts if name in (host.name, host.address, host.ssh.host)), name)


def _options(context: Any, inventory: str, playbook: str, tags: str, extra_vars: str) -> o.PlanOptions:
    path = _inventory(inventory)
    given = [pair for pair in extra_vars.split(",") if pair]
    return o.PlanOptions(path, playbook=playbook, limit=_host(context, path) or "all", tags=tags, extra_vars=given)


@_job
def plan_(context: Any, inventory: str = "", playbook: str = "site", tags: str = "", extra_vars: str = "") -> int:
    """Show every change on every host, and change nothing."""
    return apply.plan(_options(context, inventory, playbook, tags, extra_vars))


@_job
def check_(context: Any, inventory: str = "", playbook: str = "site", tags: str = "", extra_vars: str = "") -> int:
    """Report what differs from the inventory (exit code 2)."""
    return apply.check(_options(context, inventory, playbook, tags, extra_vars))


@_job
def apply_(
    context: Any,
    inventory: str = "",
    playbook: str = "site",
    tags: str = "",
    extra_vars: str = "",
    check: bool = False,
    yes: bool = False,
    allow: str = "",
) -> int:
    """Show every change on every host, ask, and apply them."""
    options = _options(context, inventory, playbook, tags, extra_vars)
    return apply.apply(options, yes=yes, allow=allow, check=check)


@_job
def status_(context: Any, inventory: str = "") -> int:
    """Show nodes, control plane, etcd, certificates and backups."""
    return hosts.status(o.HostOptions(_inventory(inventory)))


@_job
def verify_(context: Any, inventory: str = "") -> int:
    """Test hosts and cluster: pods, Services, names."""
    return verify.verify(o.HostOptions(_inventory(inventory)))


@_job
def reset_(
    context: Any,
    inventory: str = "",
    nodes: str = "",
    all_nodes: bool = False,
    check: bool = False,
    confirm: str = "",
) -> int:
    """Remove nodes from the cluster, or the whole cluster."""
    path = _inventory(inventory)
    named = nodes or _host(context, path) or ""
    leaving = [name for name in named.split(",") if name]
    return reset.reset(o.PlayOptions(path, check=check), leaving, every=all_nodes, confirm=confirm)


@_job
def backup_(context: Any, inventory: str = "", to: str = "", drill: bool = False) -> int:
    """Back up etcd, with everything that a restore needs."""
    places = [place for place in to.split(",") if place] or None
    return backup.backup(o.PlayOptions(_inventory(inventory)), to=places, drill=drill)


@_job
def restore_(
    context: Any, name: str, inventory: str = "", source: str = "", check: bool = False, confirm: str = ""
) -> int:
    """Restore etcd from a backup, on every control plane."""
    return restore.restore(o.PlayOptions(_inventory(inventory), check=check), name, source=source, confirm=confirm)


JOBS = (plan_, check_, apply_, status_, verify_, reset_, backup_, restore_)
namespace = Collection()
for _made in JOBS:
    namespace.add_task(_made, name=_made.name.rstrip("_-"))
