"""A `Host` over SSH: scripts as root, each whole on stdin of a plain session, many in one shell that is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from threading import Event
from typing import Any

import paramiko
from fabric import Connection

from k8sops.engine.host import Dialogue, Result
from k8sops.engine.shell import READER, framed
from k8sops.errors import UnreachableError
from k8sops.ssh import privileges
from k8sops.ssh.execution import GRACE, Conversation, Exec, Shell, start
from k8sops.ssh.faults import reason
from k8sops.ssh.login import hang_up, login
from k8sops.ssh.way import SSHSettings

SITTING = 600.0
"""Seconds for which a shell is kept; what hangs in it is ended then, at the latest."""
BEGIN = "# k8sops begin"


class SSHHost:
    """A `Host` over one SSH connection, made by the first `run`."""

    def __init__(self, settings: SSHSettings, password: Callable[[], str] | None = None) -> None:
        self.settings, self._password = settings, password
        self._connection: Connection | None = None
        self._dialled: Future[Connection] | None = None
        self._shell: Shell | None = None

    @property
    def name(self) -> str:
        return self.settings.name

    def dial(self, pool: Executor) -> None:
        """The login is begun in the background; whoever runs something first waits for it, or gets its error."""
        self._dialled = pool.submit(login, self.settings)

    def run(
        self,
        script: str,
        *,
        timeout: float = 60,
        on_line: Callable[[str], None] | None = None,
        stop: Event | None = None,
    ) -> Result:
        """bash runs it as root, from stdin: one that listens in an exec of its own, any other in one that is kept."""
        if stop is None:
            return self._guarded(lambda: self._ask(script, timeout, on_line))
        return self._guarded(lambda: self._exec(script, timeout, on_line=on_line, stop=stop))

    def stream(
        self,
        script: str,
        *, source: Iterable[bytes] = (), sink: Callable[[bytes], object] | None = None, timeout: float = 3600,
    ) -> Result:  # fmt: skip
        """One exec that carries bytes, never all of them in memory."""
        return self._guarded(lambda: self._exec(script, timeout, source=source, sink=sink))

    def _guarded(self, work: Callable[[], Result]) -> Result:
        """What became of it, with faults of the line and refusals of sudo as errors of this host."""
        since = time.monotonic()
        try:
            result = work()
            refused = privileges.refusal(self.name, self._user, result, asked=self._password is not None)
            if refused:
                raise refused
            return result
        except UnreachableError:
            self.close()
            raise
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise self._lost(since, error) from None

    def talk(self, script: str) -> Dialogue:
        """A script that goes on running and is spoken to; a day at most."""
        self._rise()
        channel = self._open()
        try:
            start(channel, self._command(86400))
            return Conversation(channel, self._first() + framed(script))
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise self._lost(time.monotonic(), error) from None

    def close(self) -> None:
        """The connection and those of its gateways are closed."""
        dialled, self._dialled = self._dialled, None
        if dialled and not dialled.cancel():
            dialled.add_done_callback(lambda one: None if one.exception() else hang_up(one.result()))
        if self._connection:
            hang_up(self._connection)
        self._shell = self._connection = None

    def _open(self) -> paramiko.Channel:
        dialled, self._dialled = self._dialled, None
        if self._connection is None or not self._connection.is_connected:
            self._connection = dialled.result() if dialled else login(self.settings)
        try:
            return self._connection.client.get_transport().open_session(timeout=self.settings.answer)  # type: ignore[no-any-return]
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise self._lost(time.monotonic(), error) from None

    def _exec(self, script: str, timeout: float, **how: Any) -> Result:
        """In an exec of its own, ended on the host itself after `timeout` seconds."""
        self._rise()
        channel = self._open()
        try:
            start(channel, self._command(timeout))
            return Exec(self.name, channel, timeout, **how).run(self._first() + framed(script))
        finally:
            channel.close()

    def _ask(self, script: str, timeout: float, on_line: Callable[[str], None] | None) -> Result:
        """In the shell that is kept for this; ended on the host itself when that is, `SITTING` seconds after its start.

        While another thread asks here, too, each has a shell of its own.
        """
        before, shell, self._shell = b"", self._shell, None
        if shell is None or not shell.lasts(timeout):
            if shell:
                shell.end()
            length = max(timeout + GRACE, SITTING)
            shell, before = Shell(self.name, self._open(), time.monotonic() + length), self._first()
            start(shell.channel, self._command(length))
        try:
            result = shell.run(script, timeout, on_line, before)
        except BaseException:
            shell.channel.close()
            raise
        if self._shell is None and shell.lasts(0):
            self._shell = shell
        else:
            shell.channel.close()
        return result

    def _rise(self) -> None:
        """The kept shell is given up: sshd may allow two sessions and no more (MaxSessions)."""
        shell, self._shell = self._shell, None
        if shell:
            shell.end()

    def _command(self, timeout: float) -> str:
        """Plain words and single quotes only: the login shell may be any."""
        bash = f"timeout -k 10 {int(timeout)} bash -c"
        if not self._becomes:
            return f"{bash} '{privileges.NEEDS_ROOT}; {READER}'"
        # What sudo says is read here: in English, whatever the host speaks.
        if not self._password:
            return f"env LC_ALL=C sudo -n -H -- {bash} '{READER}'"
        # Where sudo asks for no password it leaves the line to us: it is passed over, never run.
        skip = f'while IFS= read -r n; do [ "$n" = "{BEGIN}" ] && break; done'
        return f"env LC_ALL=C sudo -S -p '' -H -- {bash} '{skip}; {READER}'"

    @property
    def _becomes(self) -> bool:
        return self._user != "root" if self.settings.become is None else self.settings.become

    @property
    def _user(self) -> str:
        return self._connection.user if self._connection else "root"

    def _first(self) -> bytes:
        """What comes ahead of the first script: the password that sudo reads."""
        return f"{self._password()}\n{BEGIN}\n".encode() if self._password and self._becomes else b""

    def _lost(self, since: float, error: BaseException) -> UnreachableError:
        self.close()
        after = time.monotonic() - since
        return UnreachableError(
            self.name,
            f"the connection was lost after {after:.0f} s: {reason(error)}",
            remedy="the script may still run there until its next step; run the same command again",
        )
