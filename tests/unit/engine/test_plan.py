"""What a plan shows of a change, and nothing that is not one."""

from __future__ import annotations

from pathlib import Path

from bash import bash

from k8sops.engine.plan import Step, diff
from k8sops.engine.resource import Resource
from k8sops.engine.shell import new_mark, survey_script
from k8sops.engine.survey import read_survey
from k8sops.resources.files import file


def shown(resource: Resource, folder: Path) -> list[str]:
    """The lines that a plan shows of this resource, as its check sees it now."""
    mark = new_mark()
    seen = read_survey(mark, bash(survey_script(mark, [resource.fragment]), folder).out.splitlines())[0]
    return diff(Step(0, "w1", "task", resource), seen)


def test_a_files_change_is_shown_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "f"
    wanted = file(str(path), "one\ntwo\n", owner=f"{tmp_path.owner()}:{tmp_path.group()}")
    assert shown(wanted, tmp_path) == ["--- absent", "+++ wanted", "@@ -0,0 +1,2 @@", "+one", "+two"]
    path.write_text("one\n2\n")
    path.chmod(0o644)
    assert shown(wanted, tmp_path) == ["--- now", "+++ wanted", "@@ -1,2 +1,2 @@", " one", "-2", "+two"]


def test_a_mode_alone_is_shown_as_a_mode_alone(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("one\ntwo\n")
    path.chmod(0o600)
    owner = f"{path.owner()}:{path.group()}"
    assert shown(file(str(path), "one\ntwo\n", owner=owner), tmp_path) == [f"mode 0600 {owner}, wanted 0644 {owner}"]
