"""Who watches an operation: a terminal, a notebook, or nobody."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from k8sops.engine.journal import Event

if TYPE_CHECKING:
    from k8sops.engine.plan import Plan
    from k8sops.engine.runner import Done


class View(Protocol):
    """Is shown each part of an operation as it is reached."""

    def showing(self, activity: str = "") -> AbstractContextManager[None]:
        """The activity is on display while the context is open; none given: what the events tell."""

    def event(self, event: Event) -> None:
        """An event of the journal, secrets struck out."""

    def note(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...

    def plan(self, plan: Plan) -> None: ...

    def done(self, done: Done) -> None:
        """The plan was carried out, as far as it went."""


class Quiet:
    """Shows nothing: the result is what counts. Base of views that show only a part."""

    def showing(self, activity: str = "") -> AbstractContextManager[None]:
        return nullcontext()

    def event(self, event: Event) -> None: ...

    def note(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...

    def plan(self, plan: Plan) -> None: ...

    def done(self, done: Done) -> None: ...
