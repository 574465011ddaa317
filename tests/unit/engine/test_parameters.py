"""Parameters (`-e NAME=VALUE`) are refused before anything is sent, or are inert in every script of every task."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_values import BASE, FLEETS, NASTY, TOLD, bare, decided, read, run

from k8sops import cli
from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.parameters import TaskParameters
from k8sops.engine.resource import Resource
from k8sops.engine.task import load_task, task_names
from k8sops.errors import HostError, InputError
from k8sops.inventory.spec import ClusterSpec

HOSTILE = [*NASTY, *(f"demo-20260101T000000Z-cp1{one}" for one in NASTY), *(f"20260101T000000Z{one}" for one in NASTY)]
MODELS = {name: load_task(name, Path()).parameters for name in task_names(Path())}
GIVEN = sorted({(task, field) for task, model in MODELS.items() for field in model.model_fields})
DECIDED = ["restore", "bump", "begun", "node", "since"]
"""Texts in what tasks decide from the facts of hosts."""
NAMES = sorted({field for _, field in GIVEN} | set(DECIDED) | set(TOLD))
HOSTS = ("cp1", "cp2", "w1", "w2")


def demo(folder: Path) -> ClusterSpec:
    data = BASE | {"api_server": {"extra_args": {"encryption-provider-config": "/etc/kubernetes/enc.yaml"}}}
    return read(data, folder)


def scripts(spec: ClusterSpec, fleet: Fleet, tasks: list[str]) -> list[Resource]:
    """The resources of these tasks on all hosts; none of a task that refuses what the fleet says."""
    found: dict[tuple[str, str | None], Resource] = {}
    for name in tasks:
        for host in spec.hosts:
            try:
                for one in load_task(name, Path()).resources(spec, host, fleet):
                    found[one.check, one.apply] = one
            except (InputError, HostError, ValueError):
                continue
    return [one for one in found.values() if "Zz9" in f"{one.check}{one.apply}"]


class Watched(Fleet):
    """A fleet that notes when somebody looks at its parameters or decisions."""

    looked: ClassVar[list[str]] = []

    def __getattribute__(self, name: str) -> Any:
        if name in ("parameters", "decisions"):
            Watched.looked.append(name)
        return super().__getattribute__(name)


def dependent(spec: ClusterSpec, fleet: Fleet) -> list[str]:
    """The tasks that look at any parameter; what the others make is the same whatever the parameters are."""
    found = []
    for name in task_names(Path()):
        watched = Watched(fleet.facts, fleet.scope, fleet.parameters, decisions=fleet.decisions)
        Watched.looked.clear()
        scripts(spec, watched, [name])
        found += [name] if Watched.looked else []
    return found


def inert(resources: list[Resource], folder: Path) -> None:
    for one in resources:
        assert bare(f"{one.check}\n{one.apply}") == [], one.id
    run(resources, folder)
    assert not (folder / "sprung").exists()


def test_all_tasks_with_parameters_are_known_here() -> None:
    assert {field for _, field in GIVEN} == {
        "backup", "encrypt_to", "keep", "leaving", "manifest", "member", "restore", "super_admin", "to", "unverified",
        "whence", "without",
    }  # fmt: skip
    for task, field in GIVEN:
        assert MODELS[task].model_fields[field].description, f"{task}: {field} does not say what is expected"
        assert MODELS[task].model_fields[field].examples, f"{task}: {field} has no example"


@pytest.mark.parametrize(("task", "field"), GIVEN)
def test_a_hostile_value_is_refused_by_name(task: str, field: str) -> None:
    model: type[TaskParameters] = MODELS[task]
    for value in HOSTILE:
        if field == "whence" and not set(value) & set("\n\r\0"):
            continue  # Free text on one line, which the next test runs.
        with pytest.raises(InputError, match=f"`?{field}`?[:=].*expected") as caught:
            model.read({**TOLD, field: value})
        assert f"-e {field}=" in caught.value.remedy
        assert "\n" not in caught.value.what


@settings(max_examples=3, deadline=None, phases=[Phase.generate])
@given(st.permutations(HOSTILE))
def test_no_parameter_reaches_a_shell_unquoted_even_unchecked(values: list[str]) -> None:
    """As if no model had been there: every parameter, also those that tasks decide, holds a hostile value."""
    values = [one for one in values if "\0" not in one]
    told = dict(zip(NAMES, values, strict=False)) | {"bump": "1"}
    with TemporaryDirectory() as name:
        spec = demo(Path(name))
        found = []
        for fleet in FLEETS:
            tasks = dependent(spec, Fleet(fleet.facts, fleet.scope, TOLD, decisions=decided(TOLD)))
            assert {task for task, _ in GIVEN} <= set(tasks)
            # One that a task refuses hides the others: each also stands alone beside valid ones.
            for parameters in (told, *({**TOLD, key: told[key]} for key in told)):
                made = decided(parameters, cp1=("cp1", "https://10.0.0.11:2380"))
                hostile = Fleet(fleet.facts, fleet.scope, parameters, decisions=made)
                found += scripts(spec, hostile, tasks)
        assert found
        inert(list({(one.check, one.apply): one for one in found}.values()), Path(name))


@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(st.permutations(NASTY))
def test_no_fact_of_a_host_reaches_a_shell_unquoted(values: list[str]) -> None:
    values = [one for one in values if not set(one) & set("\0\n\r")]
    texts = iter(values * 3)

    def text() -> str:
        return next(texts)

    facts = {
        name: HostFacts(
            os=text(), hostname=text(), user=text(), home=f"/home/{text()}", endpoint=text(), cri_socket=text(),
            busy=text(), tokens=(text(),), left=(text(),), volumes=(text(),), admin_conf=text(), joined=True,
            packages={"containerd": text(), "kubelet": text()}, routes=(text(),), initialised=name != "cp2", api=True,
            nft_chains=(("inet", text(), text(), "input"),), addresses=(("eth0", text()),), ssh_ports=(22,),
            more={key: (text(),) for key in ("under-way", "member", "restored", "before", "etcd", "backup")},
        )
        for name in HOSTS
    }  # fmt: skip
    with TemporaryDirectory() as name:
        spec = demo(Path(name))
        found = scripts(spec, Fleet(facts, frozenset(HOSTS), TOLD, decisions=decided(TOLD)), task_names(Path()))
        assert found
        inert(found, Path(name))


@pytest.mark.parametrize(
    ("playbook", "parameters", "named"),
    [
        ("etcd-restore", ["backup=$(touch /tmp/x)"], "backup='$(touch /tmp/x)'"),
        ("etcd-restore", [], "missing parameter `backup`"),
        ("etcd-compact", ["keep=5"], "at least 100"),
        ("reset", ["leaving=w9"], "the inventory has no host `w9`"),
        ("site", ["backup=x"], "has no parameter `backup`"),
    ],
)
def test_a_wrong_parameter_ends_a_plan_before_any_host_is_contacted(
    playbook: str, parameters: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "inventory.yaml").write_text(yaml.safe_dump(BASE))
    words = [word for one in parameters for word in ("-e", one)]
    code = cli.run(["plan", "-i", str(tmp_path / "inventory.yaml"), "-p", playbook, *words])
    assert code == InputError.exit_code
    said = capsys.readouterr().err
    assert named in said
    assert "unreachable" not in said
