"""What was measured: rows of seconds, as one table for people and the same as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOOLS = ("floor", "k8sops", "pyinfra", "ansible")


@dataclass(frozen=True)
class Row:
    """One benchmark: seconds of each run of each tool, and the largest memory of k8sops in MiB, where it counts."""

    name: str
    hosts: int
    rtt_ms: int
    seconds: Mapping[str, Sequence[float]]
    mib: float | None = None
    note: str = ""

    def median(self, tool: str) -> float | None:
        return statistics.median(self.seconds[tool]) if self.seconds.get(tool) else None

    def ratio(self, tool: str, of: str) -> float | None:
        """Median of the ratios of runs that were made side by side, so that a busy machine disturbs both alike."""
        pairs = list(zip(self.seconds.get(tool, ()), self.seconds.get(of, ()), strict=False))
        return statistics.median(a / b for a, b in pairs) if pairs else None

    def data(self) -> dict[str, Any]:
        tools = {tool: _spread(runs) for tool, runs in self.seconds.items() if runs}
        ratios = {
            "k8sops_to_floor": self.ratio("k8sops", "floor"),
            "pyinfra_to_k8sops": self.ratio("pyinfra", "k8sops"),
            "ansible_to_k8sops": self.ratio("ansible", "k8sops"),
        }
        found = {"name": self.name, "hosts": self.hosts, "rtt_ms": self.rtt_ms, **tools}
        found |= {name: round(value, 2) for name, value in ratios.items() if value is not None}
        return found | ({"mib": round(self.mib)} if self.mib else {}) | ({"note": self.note} if self.note else {})


@dataclass(frozen=True)
class Results:
    """All rows of one call of the benchmarks, and the machine that they were measured on."""

    machine: Mapping[str, Any]
    rows: Sequence[Row] = field(default_factory=tuple)


def _spread(runs: Sequence[float]) -> dict[str, Any]:
    spread = {"min": min(runs), "median": statistics.median(runs), "max": max(runs)}
    return {name: round(value, 3) for name, value in spread.items()} | {"runs": [round(one, 3) for one in runs]}


def text(rows: Iterable[Row]) -> str:
    """Medians in seconds with the spread behind them; a Markdown table, which a terminal shows as well."""
    head = ["benchmark", "hosts", "RTT ms", *TOOLS, "k8sops / floor", "pyinfra / k8sops", "ansible / k8sops", "MiB"]
    lines = [head, *([_cell(value) for value in _cells(row)] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    shown = [f"| {' | '.join(line)} |" for line in padded]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([shown[0], rule, *shown[1:]])


def _cells(row: Row) -> list[str | int | float | None]:
    ratios = (row.ratio("k8sops", "floor"), row.ratio("pyinfra", "k8sops"), row.ratio("ansible", "k8sops"))
    mib = round(row.mib) if row.mib else None
    return [row.name, row.hosts, row.rtt_ms, *(_seconds(row, tool) for tool in TOOLS), *ratios, mib]


def _seconds(row: Row, tool: str) -> str | None:
    runs = row.seconds.get(tool)
    return f"{statistics.median(runs):.2f} ({min(runs):.2f}-{max(runs):.2f})" if runs else None


def _cell(value: str | int | float | None) -> str:
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def write(path: Path, results: Results) -> None:
    data = {"machine": results.machine, "rows": [row.data() for row in results.rows]}
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
