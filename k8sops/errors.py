"""Every error that a user can meet; its type says who must act, its exit code what a script may conclude.

    K8sopsError              1  a bug in k8sops (nothing else exits 1)
    |-- InputError           5  inventory, playbook or flag is wrong: nothing was sent to any host
    |-- UsageError          64  the command line itself
    |-- PreflightError       6  preflight failed; all findings at once
    |-- LockedError          7  another run has locked the cluster or a host
    |-- HostError            3  a step failed on a host
    |   `-- UnreachableError 4  the host is unreachable, or its host key has changed
    `-- Cancelled          130  Ctrl-C

Exit code 2 is not an error: `check` and `plan --detailed-exitcode` use it for "changes pending".
"""

from __future__ import annotations

from dataclasses import dataclass

SHOWN = 12
"""Names that an error or a finding lists at most."""


@dataclass(frozen=True)
class Where:
    """A place in a file that a user wrote; `line` and `column` count from 1, 0 is "the file as a whole"."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class K8sopsError(Exception):
    """What went wrong (`what`), where, and what to do about it (`remedy`)."""

    exit_code = 1

    def __init__(self, what: str, *, where: Where | None = None, remedy: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.remedy = what, where, remedy

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.remedy}" if self.remedy else head


class InputError(K8sopsError):
    """A file or a value that a user wrote is wrong; found before any host was contacted."""

    exit_code = 5


class UsageError(K8sopsError):
    """The command line is wrong."""

    exit_code = 64


class PreflightError(K8sopsError):
    """Preflight failed: hosts do not meet the requirements."""

    exit_code = 6


class LockedError(K8sopsError):
    """Another run has locked the cluster or a host."""

    exit_code = 7


class HostError(K8sopsError):
    """A command or a step failed on one host; `host` is its inventory name."""

    exit_code = 3

    def __init__(self, host: str, what: str, *, remedy: str = "") -> None:
        super().__init__(f"{host}: {what}", remedy=remedy)
        self.host = host


class UnreachableError(HostError):
    """The host is unreachable, refused the login, or showed an unknown or changed host key."""

    exit_code = 4


class Cancelled(K8sopsError):
    """The user pressed Ctrl-C."""

    exit_code = 130
