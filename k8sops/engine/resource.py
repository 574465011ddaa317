"""The noun on which everything turns: one desired state of a host, as two fragments of bash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from k8sops.engine.shell import Ask, Fragment, Secret, quote

Risk = Literal["file", "restart", "drain", "delete"]
"""What a change may disturb: nothing (files, packages, objects), a service, the pods of a node, data."""


@dataclass(frozen=True)
class Resource:
    """One desired state.

    `check` runs on the host as root and ends with 0 = holds, 10 = drift, 11 = cannot be told before an earlier step
    holds; any other code says that the check itself is broken, and nothing is applied. It gives a true answer on a
    bare host too. What it prints on drift is shown to the user as the difference.
    `apply` brings the state about (`set -euo pipefail` holds); None makes a gate, which is only waited for.
    `settle`: for how many seconds the check may go on saying drift after apply.
    `want`: the content wanted, for the right side of a diff.
    `secrets`: values that the fragments name as shell variables.
    `after`: ids of resources whose change makes this one due, although its check passes now. They come before it: on
    the same host, or anywhere where this is work on the cluster itself or the host has no such resource.
    `asks`: what the check wants to know, in words of shell.sh; a survey finds it out once for all checks of a host.
    `about`: the node that is disturbed, where it is not the host that this runs on.
    `in_use`: a restart disturbs somebody although the host is not a node yet.
    `transient`: a state that lasts only while later steps of the same play change the same host: due where one of them
    is, and not expected afterwards. What has its id in `after` takes it back, and makes it due nowhere.
    `deadline`: seconds after which apply is given up.
    """

    id: str
    check: str
    apply: str | None
    settle: float = 0
    want: str | None = None
    secrets: tuple[Secret, ...] = ()
    risk: Risk = "file"
    after: tuple[str, ...] = ()
    deadline: float = 300
    about: str = ""
    in_use: bool = False
    transient: bool = False
    asks: tuple[Ask, ...] = ()

    @property
    def fragment(self) -> Fragment:
        return Fragment(self.check, self.apply, self.settle, self.id, self.asks, self.deadline)


def later(id: str, because: str, *, want: str | None = None) -> Resource:
    """A state that can only be described once an earlier play has run; `because` says what is waited for."""
    return Resource(id=id, check=f"unknown {quote(because)}", apply="false", want=want)


def cannot_tell(id: str, because: str) -> Resource:
    """A state that must not be brought about before a person has looked: its check is broken, which stops the plan."""
    return Resource(id=id, check=f"printf '%s\\n' {quote(because)}; exit 12", apply="false")
