"""The named retry policies; nothing else retries anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

T = TypeVar("T")


def connecting(connect: Callable[[], T], transient: tuple[type[BaseException], ...], *, seconds: float = 20) -> T:
    """What `connect` returns, tried again for `seconds` on transport faults only.

    A daemon that starts, or sshd's MaxStartups, drops a connection that it would take a moment later. Refused
    logins and host keys are answers, not faults, and a script that was sent is never sent again.
    """
    policy = Retrying(
        retry=retry_if_exception_type(transient),
        stop=stop_after_delay(seconds),
        wait=wait_random_exponential(multiplier=0.3, max=3),
        reraise=True,
    )
    return policy(connect)
