"""Fakes at the transport, for tests of k8sops and of what is built on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Literal

from k8sops.engine.host import Dialogue, Result
from k8sops.engine.resource import Resource
from k8sops.engine.shell import DRIFT, HOLDS, RUN_LOCK, UNKNOWN, asking

State = Literal["holds", "drifts", "fails", "stuck", "reverts", "unknown", "broken"]
"""Of a resource: `drifts` until it is applied; its apply `fails`; it is `stuck`, so that an apply changes nothing;
it holds for as long as the script that applied it runs, and `reverts`; its check is `unknown` or `broken`."""
CODES = {"holds": HOLDS, "unknown": UNKNOWN, "broken": 1}


class UnexpectedScript(AssertionError):
    """A host was sent what no script of k8sops says, or what is not about its own resources."""


@dataclass
class FakeHost:
    """A host that `handler` answers for; `scripts` keeps every script that was run, one entry an exec."""

    name: str
    handler: Callable[[str], Result]
    scripts: list[str] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)

    def run(
        self,
        script: str,
        *,
        timeout: float = 60,
        on_line: Callable[[str], None] | None = None,
        stop: Event | None = None,
    ) -> Result:
        self.scripts.append(script)
        result = self.handler(script)
        for line in result.out.splitlines():
            if on_line:
                on_line(line)
        return result

    def stream(
        self,
        script: str,
        *,
        source: Iterable[bytes] = (),
        sink: Callable[[bytes], object] | None = None,
        timeout: float = 3600,
    ) -> Result:
        """What came in is kept in `received`; what the handler prints goes to the sink."""
        self.scripts.append(script)
        self.received.append(b"".join(source))
        result = self.handler(script)
        if sink:
            sink(result.out.encode())
        return result

    def talk(self, script: str) -> Dialogue:
        return FakeDialogue(script)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class HostState:
    """The handler of a FakeHost that has these resources, and no others, each in a state.

    It reads what each check and apply of a script says, so it answers for the resource that was sent, not for the one
    that was meant. What it does not know it does not answer. `applied`: the ids of what was applied, in order.
    """

    resources: Sequence[Resource]
    facts: str = ""
    states: dict[str, State] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)

    def __call__(self, script: str) -> Result:
        mark = mark_of(script)
        surveyed = re.search(r"^survey (\d+)$", script, re.M)
        converged = re.findall(r"^converge (\d+) \d+ \d+ (.+); \[ \$\? = 0 \] \|\| return 0$", script, re.M)
        asked = "\nmark facts\n" in script
        if not (surveyed or converged or asked):
            raise UnexpectedScript("neither a survey, nor a play, nor a question for facts")
        lines = []
        for at in range(int(surveyed[1]) if surveyed else 0):
            lines += [f"begin {at}", f"checked {at} {self._check(self._sent(script, at)[0])}"]
        if converged:
            if not re.search(r"^lock .+\nwork$", script, re.M):
                raise UnexpectedScript("a play that does not take the lock of its host")
            lines += self._play(script, [(int(at), id.strip("'")) for at, id in converged])
        said = [f"{mark} {line}" for line in lines]
        return Result(0, "\n".join([*said, *([f"{mark} facts", self.facts, f"{mark} end"] if asked else [])]), "")

    def _sent(self, script: str, at: int) -> Sequence[Resource]:
        """The resources of this host that have the check sent at this index: one, unless it is in several plays."""
        _, begin, rest = script.partition(f"\ncheck_{at}() {{\n")
        # What a check that runs alone asks comes before it.
        known = [
            one
            for one in self.resources
            if rest.startswith((f"{one.check}\n}}\n", "\n".join([*asking(one.asks), one.check, "}", ""])))
        ]
        if not begin or not known:
            raise UnexpectedScript(f"check {at} is of no resource of this host: {rest[:200]}")
        return known

    def _check(self, resource: Resource) -> int:
        return CODES.get(self.states.get(resource.id, "holds"), DRIFT)

    def _play(self, script: str, steps: Sequence[tuple[int, str]]) -> Iterator[str]:
        reverting = []
        for at, id in steps:
            resource = self._sent(script, at)[0]
            if resource.id != id:
                raise UnexpectedScript(f"{id} is sent with the check of {resource.id}")
            code = self._check(resource)
            yield from (f"begin {at}", f"checked {at} {code}")
            if code == HOLDS:
                continue
            if code != DRIFT:
                break
            applies = f"\napply_{at}() {{\n" in script
            if applies and f"\napply_{at}() {{\n{resource.apply}\n}}\n" not in script:
                raise UnexpectedScript(f"{id} is sent with the apply of another resource")
            yield f"apply {at}" if applies else f"wait {at}"
            state = self.states[id]
            if applies:
                self.applied.append(id)
            if applies and state == "fails":
                yield f"failed {at} 1"
                break
            if not applies or state == "stuck":
                yield f"unsettled {at} {DRIFT}"
                break
            reverting += [id] * (state == "reverts")
            self.states[id] = "holds"
            yield f"settled {at}"
        self.states.update(dict.fromkeys(reverting, "drifts"))


def mark_of(script: str) -> str:
    """The nonce of a script as `envelope` makes it; anything else is refused."""
    found = re.match(r"\{\nMARK=(\S+)\n", script)
    if not found or not script.endswith("\nexit 0\n} 8<&0 </dev/null\n"):
        raise UnexpectedScript("not in the envelope that hosts are sent")
    return found[1].strip("'")


@dataclass
class FakeDialogue:
    """The lock of a run, which nobody else has: taken when it is asked for, and kept while it is spoken to."""

    script: str
    lines: list[str] = field(default_factory=list)
    ended: bool = False

    def __post_init__(self) -> None:
        self._mark = mark_of(self.script)
        if not re.search(rf"^hold .+ {re.escape(RUN_LOCK)} \d+$", self.script, re.M):
            raise UnexpectedScript("a dialogue that does not ask for the lock of a run")
        self.lines.append(f"{self._mark} taken")

    def send(self, line: str) -> None:
        if line not in ("beat", "release"):
            raise UnexpectedScript(f"{line!r} is no word of a lock")
        if line == "release":
            self.ended = True
        elif not self.ended:
            self.lines.append(f"{self._mark} beat")

    def receive(self, seconds: float) -> str | None:
        return self.lines.pop(0) if self.lines else None

    def close(self) -> None:
        """Nothing is open."""
