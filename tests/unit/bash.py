"""Scripts run for real, by this machine's bash, below a folder of the test."""

from __future__ import annotations

import subprocess
from pathlib import Path

from k8sops.host import Result
from k8sops.resource import Resource
from k8sops.shell import converge_script, new_mark, parse_line, survey_script
from k8sops.survey import read_survey


def bash(script: str, folder: Path) -> Result:
    """The script's result; its lock lies in the folder."""
    script = script.replace("LOCK=/run/k8sops.lock", f"LOCK={folder}/lock")
    done = subprocess.run(["bash", "-s"], input=script.encode(), capture_output=True, check=False, cwd=folder)
    return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def check(resource: Resource, folder: Path) -> int:
    """The exit code of the resource's check."""
    mark = new_mark()
    result = bash(survey_script(mark, [resource.fragment]), folder)
    return read_survey(mark, result.out.splitlines())[0].code


def converge(resources: list[Resource], folder: Path) -> list[str]:
    """The marker words of a play script, in order, with their arguments."""
    mark = new_mark()
    known = [secret for one in resources for secret in one.secrets]
    script = converge_script(mark, [one.fragment for one in resources], who="test", facts="true", known=known)
    markers = [parse_line(mark, line) for line in bash(script, folder).out.splitlines()]
    return [" ".join([one.word, *one.args]) for one in markers if one]
