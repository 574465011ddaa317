"""One exec on an open channel: the script goes out while its output comes in, and silence is noticed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import paramiko

from k8sops.errors import HostError, UnreachableError
from k8sops.host import Result
from k8sops.shell import BEAT

GRACE = 10.0
IDLE, SILENCE = 10.0, 20.0
"""Seconds without output before the host is asked whether it is there, and for its answer."""


@dataclass
class Exec:
    """A script under way on one host; ended there after `timeout` seconds, given up here a little later."""

    name: str
    channel: paramiko.Channel
    timeout: float
    on_line: Callable[[str], None] | None = None
    stop: Event | None = None
    since: float = field(default_factory=time.monotonic)
    _errors: list[bytes] = field(default_factory=list)
    _ended: Event = field(default_factory=Event)

    def run(self, stdin: bytes) -> Result:
        """Sends while it reads, so that neither side waits for the other's buffer."""
        self.channel.settimeout(IDLE)
        sender = Thread(target=self._send, args=(stdin,), daemon=True)
        errors = Thread(target=self._read_errors, daemon=True)
        for thread in (sender, errors):
            thread.start()
        try:
            lines = self._read()
        finally:
            self._ended.set()
        # Its word of how the script ended comes right behind the last output; a link may be lost in between.
        code = self.channel.recv_exit_status() if self.channel.status_event.wait(SILENCE) else -1
        errors.join(5)
        if code == -1:
            raise EOFError("the other side closed it")
        if code in (124, 137):
            what = f"was not done within {self.timeout:.0f} s and was ended"
            raise HostError(self.name, what, remedy="run the same command again")
        err = b"".join(self._errors).decode(errors="replace")
        return Result(code, "\n".join(lines), err, time.monotonic() - self.since)

    def _send(self, stdin: bytes) -> None:
        # A host that stops reading has ended the script; its exit code says why.
        with suppress(OSError):
            self.channel.sendall(stdin)
            if self.stop is None:
                self.channel.shutdown_write()
                return
            told = False
            while not self._ended.is_set():
                # Once told to stop, only the end is waited for.
                (self._ended if told else self.stop).wait(BEAT)
                if self.stop.is_set() and not told:
                    told = True
                    self.channel.sendall(b"stop\n")
                self.channel.sendall(b"%d\n" % int(time.monotonic() - self.since))

    def _read_errors(self) -> None:
        while not self._ended.is_set():
            try:
                chunk = self.channel.recv_stderr(65536)
            except TimeoutError:
                continue
            if not chunk:
                return
            self._errors.append(chunk)

    def _read(self) -> list[str]:
        lines: list[str] = []
        rest = b""
        while chunk := self._chunk():
            *full, rest = (rest + chunk).split(b"\n")
            for raw in full:
                self._take(lines, raw)
        if rest:
            self._take(lines, rest)
        return lines

    def _take(self, lines: list[str], raw: bytes) -> None:
        lines.append(raw.decode(errors="replace"))
        if self.on_line:
            self.on_line(lines[-1])

    def _chunk(self) -> bytes:
        while True:
            if time.monotonic() - self.since > self.timeout + GRACE:
                raise HostError(self.name, f"no answer within {self.timeout:.0f} s; the script was ended there")
            try:
                return self.channel.recv(65536)
            except TimeoutError:
                if not answers(self.channel.get_transport(), SILENCE):
                    raise UnreachableError(
                        self.name,
                        f"has been silent for {IDLE + SILENCE:.0f} s",
                        remedy="what was sent may still run there until its next marker; run the same command again",
                    ) from None


def answers(transport: Any, seconds: float) -> bool:
    """Whether the other end's sshd answers, end to end, behind jump hosts too (keepalive@openssh.com)."""

    def ask() -> None:
        with suppress(Exception):
            transport.global_request("keepalive@openssh.com", wait=True)

    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive() and bool(transport.is_active())


def begin(channel: paramiko.Channel, command: str, seconds: float) -> None:
    """The host's sshd has taken up the command; TimeoutError when it does not (paramiko would wait for ever)."""
    failures: list[Exception] = []

    def ask() -> None:
        try:
            channel.exec_command(command)
        except Exception as error:
            failures.append(error)

    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"its sshd did not answer within {seconds:.0f} s")
    for failure in failures:
        raise failure


class Conversation:
    """A `Dialogue` on an open channel."""

    def __init__(self, channel: paramiko.Channel, stdin: bytes) -> None:
        self.channel, self._rest = channel, b""
        channel.sendall(stdin)

    def send(self, line: str) -> None:
        self.channel.settimeout(2)
        self.channel.sendall(f"{line}\n".encode())

    def receive(self, seconds: float) -> str | None:
        end = time.monotonic() + seconds
        while b"\n" not in self._rest:
            self.channel.settimeout(max(0.01, end - time.monotonic()))
            try:
                chunk = self.channel.recv(4096)
            except (TimeoutError, OSError):
                return None
            if not chunk:
                return None
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace")

    def close(self) -> None:
        self.channel.close()
