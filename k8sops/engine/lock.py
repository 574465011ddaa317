"""One run at a time changes a cluster: a kernel lock on every reachable control plane, which dies with its holder.

It is held by a script at the far end of a channel, spoken to every second: when this process or its machine dies, the
script ends and the kernel frees the lock (flock(2)). Nothing has to be cleaned up, ever. All runs ask the control
planes in the order of the inventory, so of two that start together one gets the first of them. Where nothing is heard
for some seconds, as on a busy machine or a bad link, the lock is given away only to somebody who asks for it, and
nothing is begun here until it is known to be ours still.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread

from k8sops.engine.host import Dialogue, Host
from k8sops.engine.shell import RUN_LOCK_SECONDS, hold_script, new_mark, parse_line
from k8sops.errors import HostError, LockedError

BEAT, PATIENCE = 1.0, 45.0
"""Seconds between two beats, and for how long an answer is waited for before the lock counts as lost."""
ANSWER = 30.0


@dataclass
class _Held:
    name: str
    mark: str
    dialogue: Dialogue
    heard: float = field(default_factory=time.monotonic)
    """When the last beat that was answered had been sent: the other end counts from no earlier time."""
    _sent: deque[float] = field(default_factory=deque)

    def beat(self) -> None:
        """Speaks, and listens for what was answered to the last words."""
        with suppress(OSError):
            self._sent.append(time.monotonic())
            self.dialogue.send("beat")
            # All that has come is read: an answer left over would be taken later for one that is new.
            while (line := self.dialogue.receive(0.05)) is not None:
                if parse_line(self.mark, line) and self._sent:
                    self.heard = self._sent.popleft()


@dataclass
class ClusterLock:
    """The lock of a run."""

    held: list[_Held]
    _over: Event = field(default_factory=Event)

    def start(self) -> None:
        Thread(target=self._keep, daemon=True).start()

    def _keep(self) -> None:
        while not self._over.wait(BEAT):
            for one in self.held:
                one.beat()

    def ours(self) -> bool:
        """Whether it is ours, which is waited for while no control plane answers; once lost, it stays so."""
        until = time.monotonic() + PATIENCE
        while not self._over.is_set():
            now = time.monotonic()
            # Of those that answered of late nobody else can have got one.
            if any(now - one.heard < RUN_LOCK_SECONDS for one in self.held):
                return True
            if now > until or all(one.dialogue.ended for one in self.held):
                self._over.set()
            time.sleep(0.1)
        return False

    def release(self) -> None:
        self._over.set()
        for one in self.held:
            with suppress(OSError):
                one.dialogue.send("release")
            one.dialogue.close()


def take(connect: Callable[[str], Host], names: Sequence[str], who: str) -> ClusterLock:
    """The lock on all these hosts; LockedError, with what the holder said of itself, when one of them is held."""
    held: list[_Held] = []
    try:
        for name in names:
            one = _ask(connect(name), who)
            if one:
                held.append(one)
    except BaseException:
        ClusterLock(held).release()
        raise
    if not held:
        raise HostError(names[0] if names else "", "cannot lock any control plane", remedy="Is one of them up?")
    lock = ClusterLock(held)
    lock.start()
    return lock


def cannot_lock(host: str, what: str) -> HostError:
    """The error of a lock file that cannot be written: `what` names the file, the user and the reason."""
    return HostError(host, f"cannot write {what.strip()}", remedy="set `ssh.become: true`, or log in as root")


def wait_for(
    connect: Callable[[str], Host], names: Sequence[str], who: str, seconds: float, say: Callable[[str], None]
) -> ClusterLock:
    """The lock, asked for again every second, `seconds` long; `say` is told who holds it, when that changes."""
    until, told = time.monotonic() + seconds, ""
    while True:
        try:
            return take(connect, names, who)
        except LockedError as error:
            if time.monotonic() >= until:
                raise
            if error.what != told:
                told = error.what
                say(told)
            time.sleep(1)


def _ask(host: Host, who: str) -> _Held | None:
    """The lock of one host; None when it cannot be reached."""
    mark = new_mark()
    try:
        dialogue = host.talk(hold_script(mark, who))
    except HostError:
        return None
    until = time.monotonic() + ANSWER
    while time.monotonic() < until:
        line = dialogue.receive(until - time.monotonic())
        if line is None:
            break
        marker = parse_line(mark, line)
        if marker and marker.word == "taken":
            return _Held(host.name, mark, dialogue)
        if marker and marker.word == "unwritable":
            dialogue.close()
            raise cannot_lock(host.name, " ".join(marker.args))
        if marker and marker.word == "held":
            dialogue.close()
            holder = " ".join(marker.args).strip() or "another run"
            raise LockedError(
                f"the cluster is locked on {host.name} by {holder}", remedy="use --wait SECONDS to wait for it"
            )
    dialogue.close()
    return None
