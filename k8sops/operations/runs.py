"""Earlier runs, from their journals."""

from __future__ import annotations

from typing import Any

from k8sops.engine.documents import document, rfc3339
from k8sops.engine.journal import Event


def run_document(run: str, events: list[Event]) -> dict[str, Any]:
    """A run for machines: its beginning and end, its recap, and every event of its journal."""

    def first(kind: str) -> Event:
        return next((event for event in events if event["type"] == kind), {})

    start, end = first("run.start"), first("run.end")
    fields = {
        "run": run,
        "cluster": start.get("cluster"),
        "playbook": start.get("playbook"),
        "inventory": start.get("inventory"),
        "user": start.get("who"),
        "version": start.get("version"),
        "started": rfc3339(start.get("at")),
        "ended": rfc3339(end.get("at")),
        "seconds": end.get("seconds"),
        "exitCode": end.get("code"),
        "hosts": first("recap").get("hosts", {}),
        "events": [{**event, "at": rfc3339(event["at"])} for event in events],
    }
    return document("RunRecord", fields)
