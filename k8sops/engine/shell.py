"""Scripts that travel to a host, and the marker lines that come back.

A script is one bash compound command, and bash has read all of it before the first child runs; a child that reads
stdin gets /dev/null, never what comes behind the script. Its stdout is the output of what runs, interrupted by
marker lines `<nonce> <word> <args>`; the nonce is new for every script, so nothing that a host prints by itself
(a banner, a noisy .bashrc, a hostile file name) can be taken for a marker.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

BEAT = 5.0
"""Seconds between two beats to a script that listens; it ends between two resources after 30 s without one."""
LOCK_SECONDS = 600
"""For how long a script waits for another one on its host."""
QUERY_SECONDS = 90
"""For a script that only asks the API or etcd."""
RUN_LOCK = "/run/k8sops-run.lock"
RUN_LOCK_SECONDS = 4
"""For how long after the last word of its holder nobody else can have the lock of a run."""
BASH = Path(__file__).with_name("bash")
LIBRARY = (BASH / "shell.sh").read_text(encoding="utf-8")
"""What every script begins with."""
PARTS = {name: (BASH / f"{name}.sh").read_text(encoding="utf-8") for name in ("apt", "repository")}
"""What a script begins with, too, if it names anything that is defined there."""
DEFINED = {
    name: re.compile(rf"\b(?:{'|'.join(re.findall(r'^([A-Za-z_]+)(?:[(][)]|=)', text, re.M))})\b")
    for name, text in PARTS.items()
}
HEALTH_SH = BASH / "health.sh"
READER = (
    'unset n s; LC_ALL=C; while IFS= read -r n && IFS= read -rN "$n" s; do eval "$s"; n=$?; [ $n = 0 ] || exit $n; done'
)
"""What bash does at the other end: it runs script after script, each behind a line with its length in bytes. By itself
it asks the kernel for each byte of a script that comes in by a pipe. `unset`: a variable that the login has exported
would carry the script, and with it its secrets, into the environment of all that it starts. (`eval … || exit` would
make `set -e` void.)"""

HOLDS, DRIFT, UNKNOWN = 0, 10, 11
"""What a check's exit code means; any other code says that the check itself is broken."""


def framed(script: str) -> bytes:
    """A script as READER wants it."""
    sent = script.encode()
    return b"%d\n%b" % (len(sent), sent)


def bare(text: str) -> str:
    """The lines of bash that are no comment: those need not travel."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.name, self._value) == (other.name, other._value)

    def __hash__(self) -> int:
        return hash((self.name, self._value))


def quote(value: str | int) -> str:
    """The text as one word of a POSIX shell."""
    return shlex.quote(str(value))


def new_mark() -> str:
    return f"@k8sops:{secrets.token_hex(8)}"


def parts_for(text: str) -> list[str]:
    """The names of the PARTS that this text needs, and that those need."""
    needed: set[str] = set()
    while more := {name for name in PARTS.keys() - needed if DEFINED[name].search(text)}:
        needed |= more
        text = "\n".join(bare(PARTS[name]) for name in more)
    return [name for name in PARTS if name in needed]


def envelope(mark: str, body: Iterable[str], known: Iterable[Secret] = ()) -> str:
    """A whole script: the nonce, the secrets it uses, the parts of the library that it needs, then `body`."""
    variables = [f"{secret.variable}={quote(secret.reveal())}" for secret in known]
    work = "\n".join(body)
    library = "".join([LIBRARY, *(PARTS[name] for name in parts_for(work))])
    lines = ["{", f"MARK={quote(mark)}", *variables, bare(library), work, "exit 0", "} 8<&0 </dev/null", ""]
    return "\n".join(lines)


Ask = tuple[str, ...]
"""What a check wants to know: a word of shell.sh (`file`, `unit`, `package`, `nodes`, `objects`, `health`), and about
what."""


@dataclass(frozen=True)
class Fragment:
    """One resource as the shell sees it: `check`, `apply` (None: a gate, only waited for), `settle` seconds.

    `deadline`: seconds after which an apply is ended.
    """

    check: str
    apply: str | None
    settle: float
    name: str = ""
    asks: tuple[Ask, ...] = ()
    deadline: float = 300


WORDS = {"health": bare(HEALTH_SH.read_text(encoding="utf-8"))}
"""Words that few scripts use: what defines them travels only where they are asked."""
OF_API = ("nodes", "objects", "health")
"""What is asked of the API: this takes longest, so it is asked first and heard last."""


def asking(asks: Iterable[Ask], meanwhile: Sequence[str] = ()) -> list[str]:
    """Shell lines that find all of this out: one line a word, each thing once; `meanwhile`: while the API is asked."""
    about: dict[str, dict[str, None]] = {}
    for word, *things in asks:
        about.setdefault(word, {}).update(dict.fromkeys(things))

    def lines(words: Iterable[str]) -> list[str]:
        return [" ".join([f"ask_{word}", *map(quote, about[word])]) for word in words]

    of_api = [word for word in about if word in OF_API]
    others = [word for word in about if word not in OF_API]
    defined = [WORDS[word] for word in about if word in WORDS]
    return [*defined, *lines(of_api), *meanwhile, *lines(others), *(["hear_api"] if of_api else [])]


def _check(index: int, fragment: Fragment) -> str:
    return "\n".join([f"check_{index}() {{", *asking(fragment.asks), fragment.check, "}"])


def _apply(index: int, fragment: Fragment) -> str:
    return "" if fragment.apply is None else f"apply_{index}() {{\n{fragment.apply}\n}}"


def define(fragments: Sequence[Fragment]) -> list[str]:
    """Shell functions check_0, apply_0, check_1, …"""
    return [text for at, one in enumerate(fragments) for text in (_check(at, one), _apply(at, one)) if text]


def survey_script(mark: str, fragments: Sequence[Fragment], facts: str = "") -> str:
    """Every check once, behind the facts, where they are asked; nothing is changed.

    What several checks want to know is found out once, before them.
    """
    # Within them it is known by then.
    checks = [_check(index, replace(one, asks=())) for index, one in enumerate(fragments)]
    told = ["mark facts", f"(\n{facts}\n)", "mark end"] if facts else []
    asks = asking((ask for one in fragments for ask in one.asks), meanwhile=told)
    return envelope(mark, [*checks, *asks, *([f"survey {len(checks)}"] if checks else [])])


def converge_script(
    mark: str, fragments: Sequence[Fragment], *, who: str, facts: str, known: Iterable[Secret] = ()
) -> str:
    """Check, apply on drift, check again, one after the other until one fails; then the facts, failure or not."""
    # No `&&` between them: in such a list bash forgets `set -e` in all that runs below.
    calls = [
        f"converge {at} {int(one.settle)} {int(one.deadline)} {quote(one.name)}; [ $? = 0 ] || return 0"
        for at, one in enumerate(fragments)
    ]
    work = [*define(fragments), "work() {", *(calls or [":"]), "}"]
    tail = ["mark facts", f"(\n{facts}\n) 8<&- 9>&-", "at_rest", "mark end"]
    first = ["LISTENS=1", f"lock {quote(who)} {LOCK_SECONDS}", "work"]
    return envelope(mark, [*work, *first, *tail], known)


def hold_script(mark: str, who: str) -> str:
    """Holds the run's lock on a host for as long as it is spoken to."""
    return envelope(mark, [f"hold {quote(who)} {RUN_LOCK} {RUN_LOCK_SECONDS}"])


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


def parts(mark: str, out: str) -> dict[str, str]:
    """What was printed behind each marker `part NAME`, by its name."""
    found: dict[str, list[str]] = {}
    at = ""
    for line in out.splitlines():
        marker = parse_line(mark, line)
        if marker and marker.word == "part":
            at = marker.args[0]
        elif at:
            found.setdefault(at, []).append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def json_of(text: str) -> Any:
    """The document that a program printed; None where it printed none."""
    try:
        return json.loads(text)
    except ValueError:
        return None
