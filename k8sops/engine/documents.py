"""What all JSON that k8sops prints has in common: apiVersion and kind, and times as RFC 3339 has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from k8sops.errors import HostError, K8sopsError

API_VERSION = "k8sops/v1"


def document(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """An object for machines; docs/json.md says what each kind holds."""
    return {"apiVersion": API_VERSION, "kind": kind, **fields}


def rfc3339(seconds: float | None) -> str | None:
    """A time given in seconds since the epoch, in UTC, to the millisecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error_document(error: K8sopsError) -> dict[str, Any]:
    """An error: what went wrong, where, what to do about it, and the exit code of the command."""
    where = error.where
    return document(
        "Error",
        {
            "message": error.what,
            "where": {"file": where.file, "line": where.line, "column": where.column} if where else None,
            "host": error.host if isinstance(error, HostError) else None,
            "remedy": error.remedy or None,
            "exitCode": error.exit_code,
        },
    )
