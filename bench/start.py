"""The command line alone: `--help`, and what a shell asks for at a press of the tab key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bench import measure
from bench.measure import BIN, Command
from bench.table import Row

# As the script that `--install-completion` installs for bash asks.
TAB = {"_K8SOPS_COMPLETE": "complete_bash", "COMP_WORDS": "k8sops apply --limit w", "COMP_CWORD": "3"}


def rows(inventory: Path, folder: Path, *, runs: int, say: Callable[[str], None]) -> Iterator[Row]:
    """The floor is a Python that imports Typer, which a command line made with it cannot do without."""
    floor = Command([str(BIN / "python"), "-c", "import typer"])
    asked = {
        "--help": Command([str(BIN / "k8sops"), "--help"]),
        "apply --help": Command([str(BIN / "k8sops"), "apply", "--help"]),
        "completion": Command([str(BIN / "k8sops")], {**TAB, "K8SOPS_INVENTORY": str(inventory)}),
    }
    for name, command in asked.items():
        samples = measure.in_turns({"floor": floor, "k8sops": command}, runs, lambda _: None)
        say(f"{name}: {measure.seconds(samples)['k8sops']}")
        yield Row(name, 0, 0, measure.seconds(samples), measure.mib(samples))
