"""A task: data that says which resources a host needs. One file a task under tasks/, each exporting `TASK`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from typing import Literal

from k8sops.engine.facts import Fleet, Parameters, Probe
from k8sops.engine.findings import Finding
from k8sops.engine.parameters import TaskParameters
from k8sops.engine.resource import Resource
from k8sops.errors import InputError, Where
from k8sops.inventory.spec import ClusterSpec, HostEntry

PACKAGE = Path(__file__).resolve().parents[1]
Resources = Callable[[ClusterSpec, HostEntry, Fleet], Iterable[Resource]]


def _none(*_: object) -> Iterable[Resource]:
    return ()


def _no_findings(*_: object) -> Iterable[Finding]:
    return ()


def _no_reports(*_: object) -> Iterable[Finding]:
    return ()


def _no_probes(*_: object) -> Sequence[Probe]:
    return ()


def _no_questions(*_: object) -> str:
    return ""


def _no_decisions(*_: object) -> Iterable[object]:
    return ()


@dataclass(frozen=True)
class Task:
    """`resources(spec, host, fleet)` yields what `host` must hold; `needs` names tasks that must stand before it.

    `findings(spec, fleet)` says what makes hosts unfit, all at once, before anything is applied; `probes(spec, host)`
    names the connections that are tried for it while facts are gathered. `parameters`: the model of what can be set
    beside the inventory (`-e NAME=VALUE`); `MODEL.read(fleet.parameters)` returns it. `asks(spec, host, parameters)`:
    shell lines that print facts which only this task wants, read as `HostFacts.more`, at the beginning of a run.
    `reads(spec, host, fleet, lines)`: findings in what a check of its resources printed on that host, and passed.
    `asks_again`: they are printed at the end of each play's script, too, for later plays.
    `on`: where its resources run if not on the host that they are about: a drain runs by kubectl on a control plane.
    `decides(spec, fleet)`: values that are settled once, from the facts at the beginning, and hold to the end;
    `fleet.decided(TYPE)` returns them.
    """

    name: str
    title: str
    resources: Resources = _none
    needs: tuple[str, ...] = ()
    findings: Callable[[ClusterSpec, Fleet], Iterable[Finding]] = _no_findings
    probes: Callable[[ClusterSpec, HostEntry], Sequence[Probe]] = _no_probes
    parameters: type[TaskParameters] = TaskParameters
    asks: Callable[[ClusterSpec, HostEntry, Parameters], str] = _no_questions
    reads: Callable[[ClusterSpec, HostEntry, Fleet, Sequence[str]], Iterable[Finding]] = _no_reports
    asks_again: bool = False
    on: Literal["", "control_plane[any]"] = ""
    decides: Callable[[ClusterSpec, Fleet], Iterable[object]] = _no_decisions


def load_task(name: str, folder: Path) -> Task:
    """The task of this name: from tasks/ in this folder, else from the roles of k8sops; KeyError when there is none.

    Its module is the name with underscores. InputError, with its file and line, when a user's own cannot be loaded.
    """
    own = folder / "tasks" / f"{name.replace('-', '_')}.py"
    if own.is_file():
        task = _own_task(own)
        # Playbooks and filters know it by the name of its file.
        return task if task.name == name else replace(task, name=name)
    file = _files().get(name)
    if file is None:
        raise KeyError(name)
    module = import_module(".".join(("k8sops", *file.relative_to(PACKAGE).with_suffix("").parts)))
    shipped: Task = module.TASK
    return shipped


@cache
def _own_task(path: Path) -> Task:
    spec = spec_from_file_location(f"k8sops_own_tasks.{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise InputError(error.msg, where=Where(str(path), error.lineno or 0, error.offset or 0)) from None
    except Exception as error:
        lines = [frame.lineno or 0 for frame in extract_tb(error.__traceback__) if frame.filename == str(path)]
        what = f"cannot be loaded: {type(error).__name__}: {error}"
        raise InputError(what, where=Where(str(path), (lines or [0])[-1], 1)) from None
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task):
        raise InputError("defines no TASK", where=Where(str(path)), remedy="TASK = Task(name=…, title=…, resources=…)")
    if not (isinstance(task.parameters, type) and issubclass(task.parameters, TaskParameters)):
        remedy = "class Parameters(TaskParameters): …, as in k8sops/roles/etcd/tasks/etcd_compacted.py"
        raise InputError("`parameters` must be a model of them", where=Where(str(path)), remedy=remedy)
    return task


def task_names(folder: Path) -> tuple[str, ...]:
    """All tasks there are, in the playbook's spelling: those of k8sops, and the user's own in this folder."""
    own = {file.stem.replace("_", "-") for file in (folder / "tasks").glob("[a-z]*.py")}
    return tuple(sorted(own | set(_files())))


@cache
def _files() -> dict[str, Path]:
    """The tasks of k8sops by the names that playbooks use: roles/ROLE/tasks/NAME.py."""
    return {file.stem.replace("_", "-"): file for file in PACKAGE.glob("roles/*/tasks/[a-z]*.py")}
