"""Confirmation by the user: a typed yes, or the cluster's name where nodes or data are at stake."""

from __future__ import annotations

import sys

import typer

from k8sops.errors import Cancelled, UsageError

PREVIEW = "Use --yes, or --check to preview."
CONFIRM = "Use --confirm CLUSTER, or --check to preview."


def refuse_without_terminal(confirmed: bool, remedy: str = PREVIEW) -> None:
    """UsageError where the user did not confirm on the command line, and there is no terminal to ask on."""
    if not confirmed and not sys.stdin.isatty():
        raise UsageError("Not a terminal: cannot ask for confirmation.", remedy=remedy)


def require_yes() -> None:
    """Cancelled unless the user types yes."""
    _require("yes", "\nApply these changes? Type yes to confirm")


def require_name(cluster: str, consequence: str) -> None:
    """Cancelled unless the user types the cluster's name, which the question shows."""
    _require(cluster, f'\nThis {consequence} cluster "{cluster}". Type {cluster} to confirm')


def _require(expected: str, question: str) -> None:
    try:
        answer = str(typer.prompt(question, default="", show_default=False)).strip()
    except typer.Abort:
        # Below the command line, Ctrl-C is what Python makes of it.
        raise KeyboardInterrupt from None
    if answer == expected:
        return
    declined = answer.lower() in ("", "n", "no")
    accepted = "" if declined else f' (only "{expected}" is accepted)'
    raise Cancelled(f"Cancelled{accepted}. Nothing was changed.")
