"""One exec on an open channel: the script goes out while its output comes in, and silence is noticed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Any

import paramiko

from k8sops.engine.host import Result
from k8sops.engine.shell import BEAT, framed, new_mark, quote
from k8sops.errors import HostError, UnreachableError

GRACE = 10.0
IDLE, SILENCE = 10.0, 20.0
"""Seconds without output before the host is asked whether it is there, and for its answer."""


def start(channel: paramiko.Channel, command: str) -> None:
    """The command is asked for, and its stdin may follow at once: `exec_command` would wait a round trip for the yes.

    A no closes the channel, which whoever reads from it finds out.
    """
    request = paramiko.Message()
    request.add_byte(paramiko.common.cMSG_CHANNEL_REQUEST)
    request.add_int(channel.remote_chanid)
    request.add_string("exec")
    request.add_boolean(True)
    request.add_string(command)
    channel.get_transport()._send_user_message(request)  # type: ignore[attr-defined]


def receive(channel: paramiko.Channel, name: str, since: float, timeout: float) -> bytes:
    """The next bytes that a host prints, b"" at the end; HostError past the time given, UnreachableError in silence."""
    while True:
        if time.monotonic() > since + timeout:
            raise HostError(name, f"no answer within {timeout:.0f} s; the script is terminated there")
        try:
            return channel.recv(65536)
        except TimeoutError:
            if not answers(channel.get_transport(), SILENCE):
                raise UnreachableError(
                    name,
                    f"has been silent for {IDLE + SILENCE:.0f} s",
                    remedy="the script may still run there until its next step; run the same command again",
                ) from None


def exit_code(channel: paramiko.Channel, name: str, timeout: float) -> int:
    """How the command of this channel ended; an error where that was not by itself."""
    # Its word of that comes right behind the last output; a link may be lost in between.
    code = channel.recv_exit_status() if channel.status_event.wait(SILENCE) else -1
    if code == -1:
        raise EOFError("closed by the remote side")
    if code in (124, 137):
        what = f"timed out after {timeout:.0f} s and was terminated"
        raise HostError(name, what, remedy="run the same command again")
    return code


class Errors:
    """What comes on a channel's stderr, read while stdout is waited for: both share one window."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel, self._said, self._more = channel, b"", Condition()
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._channel.closed:
            try:
                chunk = self._channel.recv_stderr(65536)
            except TimeoutError:
                continue
            if not chunk:
                break
            with self._more:
                self._said += chunk
                self._more.notify()

    def until(self, mark: str, seconds: float = 5) -> str:
        """What was said before the line with this nonce, which is taken away with it."""
        line = f"{mark}\n".encode()
        with self._more:
            self._more.wait_for(lambda: line in self._said, seconds)
            said, _, self._said = self._said.partition(line)
        return said.decode(errors="replace")

    def all(self, seconds: float = 5) -> str:
        self._thread.join(seconds)
        return self._said.decode(errors="replace")


@dataclass
class Exec:
    """A script under way on one host; ended there after `timeout` seconds, given up here a little later."""

    name: str
    channel: paramiko.Channel
    timeout: float
    on_line: Callable[[str], None] | None = None
    stop: Event | None = None
    source: Iterable[bytes] = ()
    """What the script reads from descriptor 8, after itself."""
    sink: Callable[[bytes], object] | None = None
    """Takes what the script prints, as it comes, instead of lines."""
    since: float = field(default_factory=time.monotonic)
    _ended: Event = field(default_factory=Event)
    _broken: list[OSError] = field(default_factory=list)
    """Why the source could not be read to its end."""

    def run(self, stdin: bytes) -> Result:
        """Sends while it reads, so that neither side waits for the other's buffer."""
        self.channel.settimeout(IDLE)
        errors = Errors(self.channel)
        Thread(target=self._send, args=(stdin,), daemon=True).start()
        try:
            lines = self._read()
        finally:
            self._ended.set()
        if self._broken:
            raise HostError(self.name, f"cannot read the data to send: {self._broken[0]}")
        code = exit_code(self.channel, self.name, self.timeout)
        return Result(code, "\n".join(lines), errors.all(), time.monotonic() - self.since)

    def _send(self, stdin: bytes) -> None:
        # A host that stops reading has ended the script; its exit code says why.
        with suppress(OSError):
            self.channel.sendall(stdin)
            for chunk in self._chunks():
                self.channel.sendall(chunk)
            if self._broken:
                # What was sent in part is no whole; a script that takes files compares their hash.
                self.channel.close()
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

    def _chunks(self) -> Iterable[bytes]:
        try:
            yield from self.source
        except OSError as error:
            self._broken.append(error)

    def _read(self) -> list[str]:
        lines: list[str] = []
        rest = b""
        while chunk := receive(self.channel, self.name, self.since, self.timeout + GRACE):
            if self.sink:
                self.sink(chunk)
                continue
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


def answers(transport: Any, seconds: float) -> bool:
    """Whether the other end's sshd answers, end to end, behind jump hosts too (keepalive@openssh.com)."""

    def ask() -> None:
        with suppress(Exception):
            transport.global_request("keepalive@openssh.com", wait=True)

    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive() and bool(transport.is_active())


class Shell:
    """One bash that takes script after script, so that asking twice costs one exec; its host ends it at `until`.

    Only for scripts that do not listen on stdin. Each runs in a subshell, and its end is a line with a nonce.
    """

    def __init__(self, name: str, channel: paramiko.Channel, until: float) -> None:
        self.name, self.channel, self.until = name, channel, until
        self._errors, self._rest = Errors(channel), b""
        channel.settimeout(IDLE)

    def lasts(self, seconds: float) -> bool:
        """Whether a script that may take so long can still be run here."""
        return not self.channel.closed and time.monotonic() + seconds < self.until

    def run(self, script: str, timeout: float, on_line: Callable[[str], None] | None, before: bytes = b"") -> Result:
        """How the script ended; `before` goes out ahead of it."""
        since, mark = time.monotonic(), new_mark()
        end = f"code=$?; printf '%s\\n' {quote(mark)} >&2; printf '\\n%s %s\\n' {quote(mark)} $code"
        # Nothing of it runs, and so prints, before all of it has gone out.
        self.channel.sendall(before + framed(f"(\n{script}\n)\n{end}\n"))
        lines: list[str] = []
        for line in self._lines(since, timeout):
            if line.startswith(f"{mark} "):
                # The line end before the nonce is ours.
                out = "\n".join(lines[:-1] if lines[-1:] == [""] else lines)
                return Result(int(line.split()[1]), out, self._errors.until(mark), time.monotonic() - since)
            lines.append(line)
            if on_line:
                on_line(line)
        self.until = 0
        code = exit_code(self.channel, self.name, timeout)
        return Result(code, "\n".join(lines), self._errors.all(), time.monotonic() - since)

    def end(self) -> None:
        """The bash at the other end is gone, so that its session counts no more (sshd's MaxSessions)."""
        with suppress(OSError, EOFError, paramiko.SSHException):
            self.channel.shutdown_write()
            self.channel.status_event.wait(GRACE)
        self.channel.close()

    def _lines(self, since: float, timeout: float) -> Iterator[str]:
        while chunk := receive(self.channel, self.name, since, timeout):
            *full, self._rest = (self._rest + chunk).split(b"\n")
            yield from (line.decode(errors="replace") for line in full)
        if self._rest:
            yield self._rest.decode(errors="replace")


class Conversation:
    """A `Dialogue` on an open channel."""

    def __init__(self, channel: paramiko.Channel, stdin: bytes) -> None:
        self.channel, self._rest, self._ended = channel, b"", False
        channel.sendall(stdin)

    @property
    def ended(self) -> bool:
        return self._ended or self.channel.closed

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
                self._ended = True
                return None
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace")

    def close(self) -> None:
        self.channel.close()
