"""What the shell is offered: read from files on this machine, never asked of a host, and without the heavy libraries.

A file that cannot be read offers nothing: completion is no place for an error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import typer


def hosts(context: typer.Context, incomplete: str) -> list[str]:
    """Hosts and groups of the inventory, after the last comma of a pattern."""
    before, comma, word = incomplete.rpartition(",")
    names = ["all", "control_plane", "workers", *_names(context)]
    return [f"{before}{comma}{name}" for name in dict.fromkeys(names) if name.startswith(word)]


def host(context: typer.Context, incomplete: str) -> list[str]:
    """Hosts of the inventory."""
    return [name for name in _names(context, groups=False) if name.startswith(incomplete)]


def tasks(context: typer.Context, incomplete: str) -> list[str]:
    """Names of tasks, those of the user's own too."""
    before, comma, word = incomplete.rpartition(",")
    found = _stems("tasks", ".py", _inventory(context).parent, *(Path(__file__).parents[1] / "roles").iterdir())
    names = [name.replace("_", "-") for name in found if not name.startswith("_")]
    return [f"{before}{comma}{name}" for name in names if name.startswith(word)]


def playbooks(context: typer.Context, incomplete: str) -> list[str]:
    """Names of playbooks."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "_data" if (package / "_data").is_dir() else package.parent
    return [
        name
        for name in _stems("playbooks", ".yaml", _inventory(context).parent, shipped)
        if name.startswith(incomplete)
    ]


def runs(incomplete: str) -> list[str]:
    """Ids of runs, the newest first."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    there = sorted((path.stem for path in (Path(home) / "k8sops" / "runs").glob("*.jsonl")), reverse=True)
    return [name for name in ["last", *there[:100]] if name.startswith(incomplete)]


def _stems(folder: str, suffix: str, *where: Path) -> list[str]:
    return sorted({path.stem for one in where for path in (one / folder).glob(f"*{suffix}")})


def _inventory(context: typer.Context) -> Path:
    return Path(context.params.get("inventory") or os.environ.get("K8SOPS_INVENTORY") or "inventory.yaml")


def _names(context: typer.Context, *, groups: bool = True) -> list[str]:
    import yaml

    from k8sops.inventory.ranges import expand

    try:
        data: Any = yaml.load(
            _inventory(context).read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
        found = []
        for name, group in data["groups"].items():
            found += [name] if groups else []
            found += [one for pattern in group["hosts"] for one in expand(pattern)]
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        return []
    return found
