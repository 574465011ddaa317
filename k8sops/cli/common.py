"""What commands do alike: read options, ask for a password, print."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sops.cli.options import Color, HostOptions, Output
from k8sops.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from k8sops.engine.session import Connect
    from k8sops.inventory.spec import ClusterSpec


def console(color: Color = Color.auto, *, stderr: bool = False) -> Console:
    """--color, then NO_COLOR, then FORCE_COLOR, then the terminal; in CI never a spinner."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    plain = not stream.isatty() or bool(os.environ.get("CI"))
    # A log is not a terminal of 80 columns: its lines are left whole.
    width = None if stream.isatty() else 200
    if color is Color.auto:
        forced = False if plain and not os.environ.get("FORCE_COLOR") else None
        return Console(stderr=stderr, force_terminal=forced, width=width)
    on = color is Color.always
    return Console(stderr=stderr, no_color=not on, color_system="truecolor" if on else None, width=width)


def load_spec(path: Path) -> ClusterSpec:
    """The cluster of an inventory file."""
    from k8sops.operations.inputs import load_spec

    return load_spec(path)


def connections(
    spec: ClusterSpec, *, ask_password: bool = False, dial: Sequence[str] = (), forks: int = 20
) -> AbstractContextManager[Connect]:
    """Hosts by name, connected when they are first used."""
    from k8sops.operations.connections import connections

    return connections(spec, password=sudo_password if ask_password else None, dial=dial, forks=forks)


def sudo_password() -> str:
    """The password that the user types; it is not echoed."""
    return getpass.getpass("sudo password: ")


def print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, default=str, ensure_ascii=False))


def answer(found: dict[str, Any], options: HostOptions, show: Callable[[Console, dict[str, Any]], None]) -> int:
    """Prints what was found out, as JSON or as `show` does for people; the exit code: 0 where it is healthy."""
    if options.output is Output.json:
        print_json(found)
    else:
        show(console(options.color), found)
    return 0 if found["healthy"] else 3


def assignments(given: list[str] | None) -> dict[str, str]:
    """What -e said, by name."""
    pairs = [one.partition("=") for one in given or ()]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise UsageError(f"-e {name}: expected NAME=VALUE")
    return {name: value for name, _, value in pairs}


def words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())
