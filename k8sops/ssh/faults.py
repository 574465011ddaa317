"""What faults of a connection are called, and what to do about them."""

from __future__ import annotations

import errno
import socket
from typing import Any

import paramiko

TRANSIENT = (
    ConnectionRefusedError,
    ConnectionResetError,
    TimeoutError,
    EOFError,
    paramiko.ssh_exception.NoValidConnectionsError,
)
NO_ROUTE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)


def reason(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__


def no_connection(error: BaseException, place: str, seconds: float) -> tuple[str, str]:
    """What kept a TCP connection from being made, and a remedy. `place`: `10.0.0.1 port 22`."""
    causes: list[Any] = list(getattr(error, "errors", {}).values()) or [error]
    cause = causes[0]
    number = getattr(cause, "errno", None)
    if isinstance(cause, ConnectionRefusedError):
        return f"connection refused on {place}", "Does sshd run there, on this port?"
    if number in NO_ROUTE:
        return f"no route to {place}", "Is the address right, and the host up?"
    if isinstance(cause, socket.timeout | TimeoutError):
        return f"{place} timed out after {seconds:.0f} s", "Is the host up, and does a firewall drop packets?"
    if isinstance(cause, ConnectionResetError | EOFError):
        return f"{place} closed the connection", "Is it an SSH server, and does it accept this machine?"
    return f"cannot connect to {place}: {reason(cause)}", "Is the host up?"


def no_ssh(error: BaseException, place: str, seconds: float) -> tuple[str, str, bool]:
    """What went wrong on a connection that was made, a remedy, and whether trying again may help."""
    text = reason(error)
    if "No existing session" in text:
        # So paramiko says that no keys were agreed upon in time.
        silent = f"{place} accepts connections, but sent no SSH banner within {seconds:.0f} s"
        return silent, "Is the host overloaded or hung?", True
    if "banner" in text:
        what = f"{place} accepts connections, but sent no SSH banner"
        return what, "Is it an SSH server? Is it overloaded?", True
    if isinstance(error, paramiko.ChannelException) or "ChannelException" in text or "Connect failed" in text:
        return f"the jump host cannot reach {place}: {text}", "Can the jump host reach it?", False
    if "Timeout opening channel" in text:
        return f"the jump host did not reach {place} in time", "Can the jump host reach it?", True
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return (
            f"{place} and k8sops have no algorithm in common: {text}",
            "Is sshd there very old, or restricted?",
            False,
        )
    return f"{place}: {text}", "", False
