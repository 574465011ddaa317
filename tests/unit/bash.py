"""Scripts run for real, by this machine's bash, below a folder of the test."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from k8sops.engine.host import Result
from k8sops.engine.resource import Resource
from k8sops.engine.shell import LOCK_SECONDS, READER, converge_script, framed, new_mark, parse_line, survey_script
from k8sops.engine.survey import read_survey


def bash(script: str, folder: Path) -> Result:
    """The script's result; its lock lies in the folder, and what waits looks again at once."""
    script = script.replace("LOCK=/run/k8sops.lock", f"LOCK={folder}/lock").replace("LISTENS=1", "LISTENS=")
    script = script.replace(f"lock test {LOCK_SECONDS}", "lock test 1")
    script = re.sub(r"^(.*\S &&)? *sleep [12](?=$| \|\|)", r"\1 sleep 0.1", script, flags=re.M)
    done = subprocess.run(["bash", "-c", READER], input=framed(script), capture_output=True, check=False, cwd=folder)
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


@contextmanager
def started(script: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A script under way, whose stdin stays open; ended, and its pipes closed, in the end."""
    with subprocess.Popen(["bash", "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder) as running:
        say(running, framed(script.replace("LOCK=/run/k8sops.lock", f"LOCK={folder}/lock")))
        try:
            yield running
        finally:
            running.kill()


def say(running: subprocess.Popen[bytes], text: bytes) -> None:
    assert running.stdin
    running.stdin.write(text)
    running.stdin.flush()


def hear(running: subprocess.Popen[bytes], word: str) -> None:
    """Reads lines until one has the word."""
    assert running.stdout
    while word not in (line := running.stdout.readline().decode()):
        assert line, f"it ended before it said {word}"


def play(mark: str, resources: list[Resource]) -> str:
    """A play script over these resources."""
    return converge_script(mark, [one.fragment for one in resources], who="test", facts="true")
