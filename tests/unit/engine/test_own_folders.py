"""Playbooks, templates and tasks beside the inventory win over those of k8sops."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8sops.engine.facts import Fleet
from k8sops.engine.render import render
from k8sops.engine.task import load_task, task_names
from k8sops.errors import InputError
from k8sops.inventory.load import load_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.operations.inputs import load_named_playbook

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.11}}}
"""
TASK = """\
from k8sops.engine.render import render
from k8sops.resources.files import file
from k8sops.engine.task import Task


def _resources(spec, host, fleet):
    yield file("/etc/motd", render("motd.j2", spec=spec, host=host))


TASK = Task(name="own-motd", title="/etc/motd installed", resources=_resources)
"""


@pytest.fixture
def spec(tmp_path: Path) -> ClusterSpec:
    for name, text in (
        ("inventory.yaml", INVENTORY),
        ("tasks/own_motd.py", TASK),
        ("templates/motd.j2", "{{ host.name }} of {{ spec.cluster }}\n"),
        ("playbooks/greet.yaml", "- {name: Greeted, hosts: all, tasks: [own-motd, swap]}\n"),
        ("playbooks/reset.yaml", "- {name: Not ours, hosts: all, tasks: [swap]}\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return make_spec(load_inventory(tmp_path / "inventory.yaml"))


def test_a_task_of_ones_own_is_found_by_its_name_and_uses_its_template(spec: ClusterSpec) -> None:
    playbook = load_named_playbook("greet", spec.folder)
    (resource,) = playbook.tasks["own-motd"].resources(spec, spec.hosts[0], Fleet({}))
    assert resource.want == "cp1 of demo\n"
    assert {"own-motd", "swap"} <= set(task_names(spec.folder))
    assert "own-motd" not in task_names(Path("/nonexistent"))


def test_ones_own_wins_over_the_one_of_the_same_name(spec: ClusterSpec) -> None:
    assert [play.name for play in load_named_playbook("reset", spec.folder).plays] == ["Not ours"]
    own = spec.folder / "templates" / "runtimes" / "docker.conf.j2"
    own.parent.mkdir()
    own.write_text("mine\n")
    assert render("runtimes/docker.conf.j2", spec=spec) == "mine\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("TASK = Tusk()\n", "tasks/bad.py:1:1: cannot be loaded: NameError"),
        ("def f(:\n", "tasks/bad.py:1:"),
        ("x = 1\n", "defines no TASK"),
    ],
)
def test_a_task_that_cannot_be_loaded_is_named_with_its_line(text: str, said: str, spec: ClusterSpec) -> None:
    (spec.folder / "tasks" / "bad.py").write_text(text)
    with pytest.raises(InputError) as caught:
        load_task("bad", spec.folder)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one\n{{ missing }}\n", "bad.j2:2:1: 'missing' is undefined"),
        ("{% if %}\n", "bad.j2:1"),
    ],
)
def test_a_template_that_is_broken_is_named_with_its_line(text: str, said: str, spec: ClusterSpec) -> None:
    (spec.folder / "templates" / "bad.j2").write_text(text)
    with pytest.raises(InputError) as caught:
        render("bad.j2", spec=spec)
    assert said in str(caught.value)
    with pytest.raises(InputError, match=r"template none.* not found"):
        render("none.j2", spec=spec)
