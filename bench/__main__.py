"""`python -m bench`: all benchmarks, or those that are named; one table, and the same in results.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import first, many, nothing, start
from bench.fleet import Fleet
from bench.measure import BIN
from bench.table import Results, Row, text, write

NAMES = ("start", "nothing", "first", "many")
LAB = "bench"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was with other things before."""
    info = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpus": os.cpu_count(),
        "cpu": {key.strip(): value.strip() for key, value in info.items()}.get("model name", platform.machine()),
        "memory_gib": round(memory),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def lab_up(lab: str, folder: Path, control_planes: int, workers: int, *words: str) -> Fleet:
    """Bare hosts, or those that are up already under this name."""
    inventory = folder / f"{lab}.yaml"
    sizes = ["--control-planes", str(control_planes), "--workers", str(workers)]
    argv = [str(BIN / "k8sops"), "lab", "up", lab, *sizes, "--inventory", str(inventory), "--mirror", *words]
    subprocess.run(argv, check=True, stdout=sys.stderr)
    return Fleet.load(inventory)


def lab_down(lab: str) -> None:
    subprocess.run([str(BIN / "k8sops"), "lab", "down", lab], check=True, stdout=sys.stderr)


def rows(asked: argparse.Namespace, folder: Path) -> Iterator[Row]:
    if "many" in asked.only:
        yield from many.rows(folder, sizes=asked.sizes, runs=asked.runs, say=say)
    if "first" in asked.only:
        yield from first.rows(folder, lab_up, lab_down, runs=asked.runs, say=say)
    if "nothing" in asked.only or "start" in asked.only:
        fleet = lab_up(LAB, folder, 1, 7)
        if "start" in asked.only:
            yield from start.rows(fleet.inventory, folder, runs=4 * asked.runs, say=say)
        if "nothing" in asked.only:
            yield from nothing.rows(LAB, fleet, folder, runs=asked.runs, rtts=asked.rtt, tools=asked.tools, say=say)
        if not asked.keep:
            lab_down(LAB)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("only", nargs="*", default=NAMES, help=f"of {', '.join(NAMES)}")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rtt", type=int, nargs="+", default=[0, 100], help="milliseconds")
    parser.add_argument("--sizes", type=int, nargs="+", default=[25, 50, 100, 200], help="hosts of `many`")
    parser.add_argument("--tools", nargs="*", default=["pyinfra", "ansible"], help="rivals of `nothing`")
    parser.add_argument("--keep", action="store_true", help="leave the lab standing")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.json"))
    asked = parser.parse_args()
    about = machine()
    with tempfile.TemporaryDirectory(prefix="k8sops-bench.") as folder:
        found: list[Row] = []
        for row in rows(asked, Path(folder)):
            found.append(row)
            write(asked.out, Results(about, found))
    print(f"{json.dumps(about)}\n\n{text(found)}")


if __name__ == "__main__":
    main()
