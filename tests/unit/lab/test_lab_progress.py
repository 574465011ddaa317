"""A long build says what it compiles, for how long now, and how long it took before."""

from __future__ import annotations

import json
import os
import pty
import sys
import time
from pathlib import Path

import pytest

from k8sops.lab.build import detail, kubernetes
from k8sops.lab.machine import LabError, taking, watched
from k8sops.lab.progress import Ticker, line


def test_a_line_says_what_how_long_and_how_long_before() -> None:
    assert line("building x", 245, 120, "kubelet") == "building x (took 4 min 05 s before) … 2 min 00 s, kubelet"
    assert line("building x", None, 0, "") == "building x …"


def test_a_log_gets_few_lines(tmp_path: Path) -> None:
    said: list[str] = []
    with (tmp_path / "log").open("w") as log, Ticker(said.append, "building x", 240, stream=log, every=0.05) as ticker:
        ticker.detail = "kubelet"
        end = time.monotonic() + 20
        while not said[-1].endswith("kubelet") and time.monotonic() < end:
            time.sleep(0.01)
    assert said[0] == "building x (took 4 min 00 s before) …"
    assert said[-1].endswith("kubelet")
    assert len(said) >= 2
    with (tmp_path / "log").open("w") as log:
        assert Ticker(said.append, "x", None, stream=log).every == 30


def test_a_terminal_has_one_line_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    master, slave = pty.openpty()
    said: list[str] = []
    with os.fdopen(slave, "w") as terminal:
        shown = ""
        with Ticker(said.append, "building x", None, stream=terminal, every=0.05) as ticker:
            ticker.detail = "kubelet"
            while "kubelet" not in shown:
                shown += os.read(master, 10_000).decode()
        while not shown.endswith("\r\x1b[K"):
            shown += os.read(master, 10_000).decode()
    os.close(master)
    assert not said
    assert shown.count("\n") == 0
    assert "\r\x1b[Kbuilding x … kubelet" in shown


def test_durations_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said: list[str] = []
    with taking(said.append, "building x"):
        pass
    book = tmp_path / "k8sops" / "durations.json"
    assert 0 <= json.loads(book.read_text())["building x"] < 60
    book.write_text('{"building x": 245}')
    with taking(said.append, "building x"):
        pass
    assert said == ["building x …", "building x (took 4 min 05 s before) …"]


def test_what_go_prints_is_read_as_programs() -> None:
    build = kubernetes("1.36.3")
    assert detail(build, "k8s.io/kubernetes/cmd/kubelet/app/options") == "kubelet"
    assert detail(build, "k8s.io/kubernetes/cmd/kubelet") == "kubelet"
    assert detail(build, "k8s.io/api/core/v1") == "k8s.io/api/core/v1"
    assert detail(build, "go: downloading k8s.io/api v0.36.3") == "downloading k8s.io/api"
    assert detail(build, "# k8s.io/api: some error") == ""
    assert detail(build, "runtime") == ""


def test_a_command_that_is_watched_passes_its_lines_on_and_fails_with_the_last(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "import sys; print('a/b', file=sys.stderr); sys.exit(int(sys.argv[1]))"
    watched(sys.executable, "-c", script, "0", on_line=lines.append, cwd=tmp_path, env=dict(os.environ))
    assert lines == ["a/b"]
    with pytest.raises(LabError, match=r"exit code 3:\n  a/b"):
        watched(sys.executable, "-c", script, "3", on_line=lines.append, cwd=tmp_path, env=dict(os.environ))
