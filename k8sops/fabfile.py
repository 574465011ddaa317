"""Every task and every playbook of k8sops as a Fabric task: `fab -r k8sops --list`, `fab -r k8sops swap -H w1 --check`.

They run as `k8sops apply --tags TASK --limit HOST` would: planned, shown, asked for. Hosts are those of the
inventory (K8SOPS_INVENTORY, or inventory.yaml), by name or address; without -H a task is about all of them.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from fabric import task
from invoke.collection import Collection
from invoke.exceptions import Exit

from k8sops.cli import run
from k8sops.cli.common import load_spec
from k8sops.cli.options import DEFAULT_INVENTORY
from k8sops.engine.playbook import load_playbook
from k8sops.engine.render import data_path
from k8sops.engine.task import load_task, task_names

HELP = {
    "inventory": "The inventory.",
    "playbook": "The playbook that has the task; default: site, else the first one that has it.",
    "told": "Playbook variables: NAME=VALUE, comma-separated.",
    "check": "Only show what would change.",
    "yes": "Do not ask for confirmation.",
    "allow": "What --yes may also do: restart, drain, delete (comma-separated).",
}


def _inventory(given: str) -> Path:
    return Path(given or os.environ.get("K8SOPS_INVENTORY") or DEFAULT_INVENTORY)


def _host(path: Path, name: str) -> str:
    """The inventory's name of a host that Fabric knows by name or address."""
    spec = load_spec(path)
    return next((one.name for one in spec.hosts if name in (one.name, one.address, one.ssh.host)), name)


@cache
def _playbook_with(task: str) -> str:
    """The playbook that this task stands in."""
    books = [load_playbook(path) for path in sorted(data_path("playbooks").glob("*.yaml"))]
    found = [book.name for book in books if task in book.tasks]
    return "site" if "site" in found else next(iter(found), "site")


def _task(name: str, title: str, tags: tuple[str, ...] = ()) -> Any:
    """`tags`: the one task to run; none: a whole playbook."""

    def body(
        context: Any,
        inventory: str = "",
        playbook: str = "",
        told: str = "",
        check: bool = False,
        yes: bool = False,
        allow: str = "",
    ) -> None:
        path = _inventory(inventory)
        limit = _host(path, context.original_host) if hasattr(context, "original_host") else "all"
        book = playbook or (_playbook_with(name) if tags else name)
        argv = ["apply", "-i", str(path), "-p", book, *tags, "-l", limit, "--allow", allow]
        argv += [word for one in told.split(",") if one for word in ("-e", one)]
        code = run([*argv, *(["--check"] if check else []), *(["--yes"] if yes else [])])
        if code:
            raise Exit(code=code)

    body.__doc__ = f"{title[0].upper()}{title[1:]}."
    return task(name=name, help=HELP)(body)


def _collection() -> Collection:
    folder = _inventory("").resolve().parent
    books = {
        path.stem: path.read_text(encoding="utf-8").splitlines()[0] for path in data_path("playbooks").glob("*.yaml")
    }
    # A playbook and a task of one name are one: the playbook, whole.
    loaded = [load_task(name, folder) for name in task_names(folder) if name not in books]
    whole = [_task(name, head.strip("# .")) for name, head in sorted(books.items())]
    return Collection(*whole, *(_task(one.name, one.title, ("-t", one.name)) for one in loaded))


namespace = _collection()
