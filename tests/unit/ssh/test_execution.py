"""The kept shell, over a real bash at the other end of pipes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Lock

import pytest

from k8sops.engine.shell import READER, envelope, framed, new_mark
from k8sops.errors import HostError
from k8sops.ssh.execution import Shell


class Pipes:
    """A channel whose other end is a bash of this machine."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self.bash = subprocess.Popen(["bash", "-c", READER], stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0)
        self.closed, self.reading = False, Lock()
        self.status_event = Event()
        self.status_event.set()

    def settimeout(self, seconds: float) -> None:
        """Never waits for long here."""

    def sendall(self, data: bytes) -> None:
        assert self.bash.stdin
        self.bash.stdin.write(data)

    def recv(self, size: int) -> bytes:
        assert self.bash.stdout
        return os.read(self.bash.stdout.fileno(), size)

    def recv_stderr(self, size: int) -> bytes:
        """In a thread of its own, which may still ask while the pipes are closed."""
        with self.reading:
            assert self.bash.stderr
            return b"" if self.closed else os.read(self.bash.stderr.fileno(), size)

    def recv_exit_status(self) -> int:
        return self.bash.wait()

    def end(self) -> None:
        self.closed = True
        self.bash.kill()
        self.bash.wait()
        assert self.bash.stdin
        assert self.bash.stdout
        assert self.bash.stderr
        # What bash has started ends when nobody takes what it prints.
        self.bash.stdin.close()
        self.bash.stdout.close()
        # Only when nobody reads: another test's pipe may get the same number, and be read instead.
        with self.reading:
            self.bash.stderr.close()


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    made = Pipes()
    yield made
    made.end()


@pytest.fixture
def shell(pipes: Pipes) -> Shell:
    return Shell("w1", pipes, time.monotonic() + 60)  # type: ignore[arg-type]


def test_script_after_script_runs_in_one_bash(shell: Shell) -> None:
    seen: list[str] = []
    first = shell.run("echo $$; exit 3", 10, seen.append)
    second = shell.run("echo $$; printf x; echo no >&2", 10, None)
    assert (first.code, first.err, second.code, second.err) == (3, "", 0, "no\n")
    assert seen[0] == first.out
    assert second.out == f"{first.out}\nx"


@pytest.mark.parametrize("out", ["", "a", "a\n", "a\n\n", "\n"])
def test_what_is_printed_comes_as_it_is(shell: Shell, out: str) -> None:
    said = shell.run(f"printf {out!r}" if out else "true", 10, None).out
    assert said == "\n".join(out.splitlines())


def test_one_script_leaves_nothing_to_the_next(shell: Shell) -> None:
    mark = new_mark()
    assert shell.run(envelope(mark, ["A=1; cd /; umask 077; cat; exit 7"]), 10, None).code == 7
    assert shell.run("echo ${A-none} $(umask)", 10, None).out == "none 0022"


def test_a_script_is_measured_in_bytes(shell: Shell) -> None:
    assert shell.run("printf %s '“ä” €😀'", 10, None).out == "“ä” €😀"
    assert shell.run("echo next", 10, None).out == "next"


def test_of_a_script_that_came_in_part_nothing_runs(tmp_path: Path) -> None:
    whole = framed(f"touch {tmp_path}/ran\ntrue")
    for sent, ran in ((whole[:-1], False), (whole, True)):
        done = subprocess.run(["bash", "-c", READER], input=sent, capture_output=True, check=False)
        assert (done.returncode, done.stderr, (tmp_path / "ran").exists()) == (0, b"", ran)


def test_a_script_is_in_no_environment_whatever_the_login_exports() -> None:
    sent = framed("SECRET_A=canary; env; exit 0")
    exported = {**os.environ, "s": "1", "n": "2"}
    done = subprocess.run(["bash", "-c", READER], input=sent, capture_output=True, check=True, env=exported)
    assert b"PATH=" in done.stdout
    assert b"canary" not in done.stdout


def test_a_shell_that_ended_takes_no_more_scripts(shell: Shell) -> None:
    done = shell.run("if", 10, None)
    assert done.code == 2
    assert "syntax error" in done.err
    assert not shell.lasts(0)


def test_a_large_noise_on_stderr_holds_nothing_up(shell: Shell) -> None:
    done = shell.run("head -c 3000000 /dev/zero >&2; echo done", 10, None)
    assert (done.out, len(done.err)) == ("done", 3000000)


def test_a_script_that_takes_too_long_is_given_up(shell: Shell, pipes: Pipes) -> None:
    with pytest.raises(HostError, match="no answer within 0 s"):
        shell.run("while echo .; do sleep 0.05; done", 0.1, None)
