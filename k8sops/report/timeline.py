"""A run as one HTML file that needs no network: hosts as rows, resources as bars, what was said behind a click."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from k8sops.engine.journal import Event
from k8sops.engine.render import data_path

KEPT_LINES = 200


@dataclass
class Bar:
    """Something that took a host from `start` to `end`, in seconds since the run began; `play` counts from 0."""

    host: str
    name: str
    state: str
    start: float
    end: float
    play: int = -1
    task: str = ""
    lines: list[str] = field(default_factory=list)
    diff: list[str] = field(default_factory=list)
    critical: bool = False


def bars_of(events: Iterable[Event]) -> tuple[list[Bar], list[dict[str, Any]]]:
    """The bars of a run, and its plays: (name, start, end)."""
    bars: list[Bar] = []
    plays: list[dict[str, Any]] = []
    said: dict[tuple[str, str], list[str]] = {}
    diffs: dict[tuple[str, str], list[str]] = {}
    open_bars: dict[str, Bar] = {}
    zero: float | None = None
    for event in events:
        zero = event["at"] if zero is None else zero
        now, kind, host = round(event["at"] - zero, 3), event["type"], event.get("host", "")
        if kind == "play.start":
            plays.append({"name": event["play"], "start": now, "end": now})
        elif kind == "play.end" and plays:
            plays[-1]["end"] = now
        elif kind == "planned":
            diffs[host, event["resource"]] = event["diff"]
        elif kind == "output":
            said.setdefault((host, event["resource"]), []).append(event["line"])
        elif kind in ("facts", "survey"):
            name = "surveying" if event.get("checks") else "asking"
            bars.append(Bar(host, name, "asked", now - event["seconds"], now))
        elif kind == "step":
            _step(event, now, len(plays) - 1, open_bars, bars)
        elif kind == "failed" and host in open_bars:
            # The line was lost in the middle of a step: no marker told its end.
            bar = open_bars.pop(host)
            bar.end, bar.state = now, "failed"
            said.setdefault((host, bar.name), []).append(event["why"])
            bars.append(bar)
    for bar in bars:
        if bar.state != "asked":
            bar.lines = said.get((bar.host, bar.name), [])[-KEPT_LINES:]
            bar.diff = diffs.get((bar.host, bar.name), [])
    return bars, plays


def _step(event: Event, now: float, play: int, open_bars: dict[str, Bar], bars: list[Bar]) -> None:
    host, state = event["host"], event["state"]
    if state == "begin":
        open_bars[host] = Bar(host, event["resource"], "holds", now, now, play, event["task"])
    elif state == "wait" and host in open_bars:
        open_bars[host].state = "waited"
    elif state != "apply":
        bar = open_bars.pop(host, None)
        if bar:
            waited = bar.state == "waited" and state == "holds"
            bar.end, bar.state = max(now, bar.start), "waited" if waited else state
            bars.append(bar)


def mark_critical(bars: Sequence[Bar]) -> float:
    """Marks the chain of bars that the run's length comes from; the seconds that it took.

    Backwards from the bar that ended last: what it waited for is the bar that ended last before it began, on its own
    host in the same play, else at the barrier before it; all hosts are asked before anything else begins.
    """
    done = [bar for bar in bars if bar.end > bar.start]
    at, total = max(done, key=lambda bar: bar.end, default=None), 0.0
    while at:
        at.critical = True
        total += at.end - at.start
        before = [one for one in done if one.end <= at.start + 0.05 and not one.critical]
        own = [one for one in before if (one.host, one.play) == (at.host, at.play) and at.state != "asked"]
        at = max(own or before, key=lambda bar: bar.end, default=None)
    return round(total, 1)


def _natural(name: str) -> list[tuple[int, str]]:
    """w2 before w10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def data_of(run: str, events: Sequence[Event]) -> Mapping[str, Any]:
    """All that the page shows."""
    bars, plays = bars_of(events)
    critical = mark_critical(bars)
    start = next((one for one in events if one["type"] == "run.start"), {})
    end = next((one for one in events if one["type"] == "run.end"), {})
    seconds = max([bar.end for bar in bars] + [one["end"] for one in plays], default=0.0)
    hosts = sorted({bar.host for bar in bars}, key=_natural)
    return {
        "run": run,
        "cluster": start.get("cluster", ""),
        "playbook": start.get("playbook", ""),
        "who": start.get("who", ""),
        "at": start.get("at", 0),
        "code": end.get("code"),
        "seconds": round(seconds, 3),
        "critical": critical,
        "hosts": hosts,
        "plays": plays,
        "bars": [asdict(bar) for bar in bars],
    }


def html(run: str, events: Sequence[Event]) -> str:
    """The page."""
    text = data_path("templates", "report", "timeline.html").read_text(encoding="utf-8")
    # In a script element only `<` can end what is data (HTML, 13.2.5.15 and following).
    data = json.dumps(data_of(run, events), ensure_ascii=False).replace("<", "\\u003c")
    return text.replace("{}/*DATA*/", data, 1)
