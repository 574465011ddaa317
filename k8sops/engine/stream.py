"""What a play's script prints, as it streams in: events for the journal, and the host's outcome."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from k8sops.engine.facts import HostFacts
from k8sops.engine.journal import Emit
from k8sops.engine.plan import Outcome, Step
from k8sops.engine.shell import Marker, parse_line
from k8sops.errors import HostError, UnreachableError

KEPT_LINES = 20
WARNING = re.compile(r"\s*\[WARNING [^]]*\].*")
"""What kubeadm prints of what it only warns of, and what a step of k8sops prints like it (shell.sh: warning)."""


@dataclass(frozen=True)
class Failure:
    """A step that failed: for which host, what it was, what was run, what it printed last; `executor`: where it ran."""

    host: str
    task: str
    resource: str
    why: str
    lines: tuple[str, ...] = ()
    command: str = ""
    executor: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "executor", self.executor or self.host)


@dataclass
class Ran:
    """What a play's scripts for one host came to."""

    ok: int = 0
    changed: int = 0
    failure: Failure | None = None
    unreachable: bool = False
    stopped: bool = False
    """Whether it ended early because it was told to."""
    facts: dict[str, HostFacts] = field(default_factory=dict)
    """Of the hosts that the scripts ran on, as they are now."""

    def add(self, other: Ran) -> None:
        """What the next script came to is part of it."""
        self.ok += other.ok
        self.changed += other.changed
        self.failure, self.unreachable, self.stopped = other.failure, other.unreachable, other.stopped
        self.facts |= other.facts


class Reader:
    """Turns a play script's output into events as it streams in, and into the host's outcome."""

    def __init__(self, emit: Emit, host: str, steps: Sequence[Step]) -> None:
        self.emit, self.host, self.steps = emit, host, steps
        self.executor = steps[0].executor if steps else host
        self.ran, self.ended = Ran(), False
        self.facts: list[str] = []
        self._said: list[str] = []
        self._why = ""
        """The reason that the step itself gave (shell.sh: fail)."""
        self._warned: set[str] = set()
        self._at: Step | None = None
        self._since = 0.0
        self._in_facts = False

    def take(self, mark: str, line: str) -> None:
        marker = parse_line(mark, line)
        if marker is not None:
            self._marker(marker)
        elif self._in_facts:
            self.facts.append(line)
        elif self._at and line.strip():
            self._said.append(line)
            warning = WARNING.match(line)
            if warning and warning[0] not in self._warned:
                self._warned.add(warning[0])
                self.emit({"type": "warning", "host": self.host, "resource": self._at.resource.id, "line": warning[0]})
            self.emit({"type": "output", "host": self.host, "resource": self._at.resource.id, "line": line})

    def _marker(self, marker: Marker) -> None:
        word = marker.word
        if word == "begin":
            self._at, self._said, self._why, self._since = self.steps[marker.index], [], "", time.time()
            self._tell("begin")
        elif word == "checked":
            self._checked(int(marker.args[1]))
        elif word in ("apply", "wait"):
            if not (self._at and self._at.withheld):
                self._tell(word)
        elif word == "settled":
            self.ran.changed += self._at.resource.apply is not None if self._at else 0
            self.ran.ok += 1
            self._tell("changed" if self._at and self._at.resource.apply is not None else "holds")
        elif word == "failed":
            self._fail("failed", self._why or f"ended with exit code {marker.args[1]}")
        elif word == "why":
            self._why = "; ".join(marker.text().splitlines())
        elif word == "unsettled":
            self._fail("unsettled", self._unsettled())
        elif word == "locked":
            self.emit(
                {"type": "waiting", "host": self.executor, "for": f"still running there: {' '.join(marker.args)}"}
            )
        elif word == "held":
            why = f"another run is still active on {self.executor}: {' '.join(marker.args)}"
            self.ran.failure = self.failure("lock", why)
        elif word == "unwritable":
            why = f"cannot write {' '.join(marker.args)}: set `ssh.become: true`, or log in as root"
            self.ran.failure = self.failure("lock file", why)
        elif word == "stopped":
            self.ran.stopped = True
        elif word == "facts":
            self._in_facts = True
        elif word == "end":
            self.ended = True

    def _checked(self, code: int) -> None:
        outcome = Outcome.of(code)
        if outcome is Outcome.HOLDS:
            self.ran.ok += 1
            self._tell("holds")
        elif outcome is Outcome.UNKNOWN:
            self._fail("unknown", "its state could not be determined")
        elif outcome is Outcome.BROKEN:
            self._fail("broken", f"its check failed with exit code {code}")

    def _unsettled(self) -> str:
        if self._at and self._at.withheld:
            return self._at.withheld
        settle, gate = (self._at.resource.settle, self._at.resource.apply is None) if self._at else (0, False)
        if gate:
            return f"timed out after {settle:.0f} s"
        return f"still differs{f' {settle:.0f} s' if settle else ''} after it was applied"

    def _tell(self, state: str) -> None:
        step = self._at
        assert step is not None
        seconds = round(time.time() - self._since, 3)
        self.emit(
            {
                "type": "step",
                "host": self.host,
                "executor": self.executor,
                "task": step.task,
                "resource": step.resource.id,
                "state": state,
                "seconds": seconds,
            }
        )

    def _fail(self, state: str, why: str) -> None:
        step = self._at
        assert step is not None
        self._tell(state)
        command = step.resource.apply if state in ("failed", "unsettled") else step.resource.check
        shown = command or step.resource.check
        self.ran.failure = Failure(self.host, step.task, step.resource.id, why, self._last(), shown, self.executor)

    def failure(self, resource: str, why: str, lines: tuple[str, ...] = ()) -> Failure:
        """One that is no step's."""
        return Failure(self.host, "", resource, why, lines, executor=self.executor)

    def _last(self) -> tuple[str, ...]:
        """The last lines; one that comes again with every look at what is waited for, where it was last."""
        return tuple(list(dict.fromkeys(reversed(self._said)))[KEPT_LINES - 1 :: -1])

    def lost(self, error: HostError) -> None:
        task, resource = (self._at.task, self._at.resource.id) if self._at else ("", "")
        # Where another host is lost that works for this host, this host can be reached all the same.
        self.ran.unreachable = isinstance(error, UnreachableError) and self.executor == self.host
        self.ran.failure = Failure(self.host, task, resource, str(error), self._last(), executor=self.executor)
