"""A task: data that says which resources a host needs. One file a task under tasks/, each exporting `TASK`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from k8sops.facts import Fleet, Probe
from k8sops.resource import Resource
from k8sops.spec import ClusterSpec, HostEntry


@dataclass(frozen=True)
class Finding:
    """Something that makes a host unfit; `name` is the word by which a user waives it."""

    host: str
    name: str
    what: str


Resources = Callable[[ClusterSpec, HostEntry, Fleet], Iterable[Resource]]


def _none(*_: object) -> Iterable[Resource]:
    return ()


def _no_findings(*_: object) -> Iterable[Finding]:
    return ()


def _no_probes(*_: object) -> Sequence[Probe]:
    return ()


@dataclass(frozen=True)
class Task:
    """`resources(spec, host, fleet)` yields what `host` must hold; `needs` names tasks that must stand before it.

    `findings(spec, fleet)` says what makes hosts unfit, all at once, before anything is applied; `probes(spec, host)`
    names the connections that are tried for it while facts are gathered.
    """

    name: str
    title: str
    resources: Resources = _none
    needs: tuple[str, ...] = ()
    findings: Callable[[ClusterSpec, Fleet], Iterable[Finding]] = _no_findings
    probes: Callable[[ClusterSpec, HostEntry], Sequence[Probe]] = _no_probes


def load_task(name: str) -> Task:
    """The task of this name, from the module `k8sops.tasks.<name with underscores>`; KeyError when there is none."""
    try:
        module = import_module(f"k8sops.tasks.{name.replace('-', '_')}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("k8sops.tasks."):
            raise KeyError(name) from None
        raise
    task: Task = module.TASK
    return task


def task_names() -> tuple[str, ...]:
    """All tasks there are, in the playbook's spelling."""
    files = (Path(__file__).parent / "tasks").glob("[a-z]*.py")
    return tuple(sorted(file.stem.replace("_", "-") for file in files))
