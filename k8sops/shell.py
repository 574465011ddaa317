"""Scripts that travel to a host, and the marker lines that come back.

A script is one bash compound command, so that bash has read all of it before the first child runs; a child that
reads stdin gets /dev/null, never the rest of the script. Its stdout is the output of what runs, interrupted by
marker lines `<nonce> <word> <args>`; the nonce is new for every script, so nothing that a host prints by itself
(a banner, a noisy .bashrc, a hostile file name) can be taken for a marker.
"""

from __future__ import annotations

import base64
import secrets
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

BEAT = 5.0
"""Seconds between two beats to a script that listens; it ends between two resources after 30 s without one."""
LOCK_SECONDS = 600
"""For how long a script waits for another one on its host."""
RUN_LOCK = "/run/k8sops-run.lock"
LIBRARY = Path(__file__).with_suffix(".sh").read_text(encoding="utf-8")

HOLDS, DRIFT, UNKNOWN = 0, 10, 11
"""What a check's exit code means; any other code says that the check itself is broken."""


class Secret:
    """A value that cannot be printed by accident.

    A script names it as the shell variable `$SECRET_<NAME>`; only the envelope, which travels on stdin, sets it.
    """

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name, self._value = name, value

    @property
    def variable(self) -> str:
        return f"SECRET_{self.name.upper()}"

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.name}=***)"


def quote(value: str | int) -> str:
    """The text as one word of a POSIX shell."""
    return shlex.quote(str(value))


def new_mark() -> str:
    return f"@k8sops:{secrets.token_hex(8)}"


def envelope(mark: str, body: Iterable[str], known: Iterable[Secret] = ()) -> str:
    """A whole script: the nonce, the secrets it uses, the library, then `body`."""
    variables = [f"{secret.variable}={quote(secret.reveal())}" for secret in known]
    lines = ["{", f"MARK={quote(mark)}", *variables, LIBRARY, *body, "exit 0", "} 8<&0 </dev/null", ""]
    return "\n".join(lines)


@dataclass(frozen=True)
class Fragment:
    """One resource as the shell sees it: `check`, `apply` (None: a gate, only waited for), `settle` seconds.

    `deadline`: seconds after which an apply is ended.
    """

    check: str
    apply: str | None
    settle: float
    name: str = ""
    deadline: float = 300


def define(fragments: Sequence[Fragment]) -> list[str]:
    """Shell functions check_0, apply_0, check_1, …"""
    lines: list[str] = []
    for index, fragment in enumerate(fragments):
        lines.append(f"check_{index}() {{\n{fragment.check}\n}}")
        if fragment.apply is not None:
            lines.append(f"apply_{index}() {{\n{fragment.apply}\n}}")
    return lines


def survey_script(mark: str, fragments: Sequence[Fragment]) -> str:
    """Every check once; nothing is changed."""
    return envelope(mark, [*define(fragments), *(f"survey {index}" for index in range(len(fragments)))])


def converge_script(
    mark: str, fragments: Sequence[Fragment], *, who: str, facts: str, known: Iterable[Secret] = ()
) -> str:
    """Check, apply on drift, check again, one after the other until one fails; then the facts, failure or not."""
    # No `&&` between them: in such a list bash forgets `set -e` in all that runs below.
    calls = [
        f"converge {at} {int(one.settle)} {int(one.deadline)} {quote(one.name)}; [ $? = 0 ] || return 0"
        for at, one in enumerate(fragments)
    ]
    work = ["work() {", *calls, "}"]
    tail = ["mark facts", f"(\n{facts}\n) 8<&- 9>&-", "mark end"]
    first = ["LISTENS=1", f"lock {quote(who)} {LOCK_SECONDS}", "work"]
    return envelope(mark, [*define(fragments), *work, *first, *tail], known)


def hold_script(mark: str, who: str) -> str:
    """Holds the run's lock on a host for as long as it is spoken to."""
    return envelope(mark, [f"hold {quote(who)} {RUN_LOCK}"])


@dataclass(frozen=True)
class Marker:
    """A marker line taken apart: its word and what follows it."""

    word: str
    args: tuple[str, ...]

    @property
    def index(self) -> int:
        return int(self.args[0])

    def text(self) -> str:
        """The content that a `was` marker carries."""
        return base64.b64decode(self.args[1] if len(self.args) > 1 else "").decode(errors="replace")


def parse_line(mark: str, line: str) -> Marker | None:
    """The marker in a line of output, or None when it is plain output."""
    if not line.startswith(mark + " "):
        return None
    word, *args = line[len(mark) + 1 :].split(" ")
    return Marker(word, tuple(args))
