"""JSON is the same everywhere: apiVersion, kind, times in RFC 3339, and errors as objects on stdout."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from test_cli import k8sops
from test_summary import dead, plan

from k8sops.cli import run, wants_json
from k8sops.cli.play import report_data
from k8sops.engine.documents import rfc3339
from k8sops.engine.journal import Journal, read
from k8sops.operations.operation import Report
from k8sops.operations.outcome import unchanged
from k8sops.operations.runs import run_document
from k8sops.report.components import parse

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["plan"], 5, "inventory not found"),
        (["check"], 5, "inventory not found"),
        (["apply", "--yes"], 5, "inventory not found"),
        (["status"], 5, "inventory not found"),
        (["verify"], 5, "inventory not found"),
        (["etcd", "list"], 5, "inventory not found"),
        (["version", "--hosts"], 5, "inventory not found"),
        (["apply"], 64, "Not a terminal: cannot ask for confirmation."),
        (["runs", "show", "nothing"], 5, "no run `nothing`"),
        (["plan", "--no-such"], 64, "No such option: --no-such"),
    ],
)
def test_errors_are_objects_on_stdout(
    words: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert run([*words, "-o", "json"]) == code
    out, err = capsys.readouterr()
    error = json.loads(out)
    assert (error["apiVersion"], error["kind"], error["exitCode"]) == ("k8sops/v1", "Error", code)
    assert error["message"].startswith(message)
    assert error["remedy"]
    # People read stderr, which says the same.
    assert message in err


def test_an_error_has_its_place(tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text('kubernetes: "1.36.3"\ngroups: []\n')
    error = json.loads(k8sops("plan", "--output=json", cwd=tmp_path).stdout)
    assert error["where"] == {"file": "inventory.yaml", "line": 1, "column": 1}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("plan -o json", True), ("plan -ojson", True), ("plan --output json", True), ("plan --output=json", True),
        ("plan", False), ("plan -o table", False), ("lab ssh w1 kubectl get nodes -o json", False),
    ],
)  # fmt: skip
def test_json_is_recognised_on_a_command_line_that_cannot_be_parsed(line: str, wanted: bool) -> None:
    assert wants_json(line.split()) is wanted


def test_a_plan_that_cannot_be_applied_is_an_error() -> None:
    nobody = plan(**dict.fromkeys(["cp1", "w1", "w2", "w3", "w4"], dead))
    error = report_data(Report("run", nobody, 4))
    assert (error["kind"], error["exitCode"]) == ("Error", 4)
    assert error["message"] == "No plan: none of 5 hosts could be reached"
    assert "w1" in error["unreachable"]
    assert report_data(Report("run", plan(), 0))["kind"] == "Plan"
    assert report_data(Report("run", plan(), 0, unchanged(plan())))["kind"] == "Run"


def test_runs_are_documents_with_times_that_others_read(tmp_path: Path) -> None:
    state = tmp_path / "k8sops" / "runs"
    journal = Journal(state)
    start = {"run": journal.run, "cluster": "ux", "playbook": "site", "who": "ops@desk", "inventory": "inventory.yaml"}
    journal.write({"type": "run.start", **start})
    journal.write({"type": "run.end", "code": 3, "seconds": 1.5})
    journal.close()
    listed = json.loads(k8sops("runs", "list", "-o", "json", cwd=tmp_path, XDG_STATE_HOME=str(tmp_path)).stdout)
    assert (listed["kind"], listed["items"][0]["exitCode"]) == ("RunList", 3)
    shown = run_document(journal.run, list(read(journal.path)))
    assert (shown["kind"], shown["user"], shown["exitCode"]) == ("RunRecord", "ops@desk", 3)
    for text in (listed["items"][0]["started"], shown["started"], shown["ended"], shown["events"][0]["at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
        assert datetime.fromisoformat(text).tzinfo


def test_a_time_that_is_not_known_is_null() -> None:
    assert rfc3339(None) is None
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"


def test_components_are_read_from_what_programs_print() -> None:
    printed = """component kubelet Kubernetes v1.36.3
component kubeadm v1.36.3
component kubectl Client Version: v1.36.3
component containerd containerd github.com/containerd/containerd 1.7.24~ds1 1.7.24~ds1-6+b4
component docker Docker version 26.1.5+dfsg1, build a72d7cd
component kernel 6.12.48+deb13-amd64
component os Debian GNU/Linux 13 (trixie)
"""
    assert parse(printed) == {
        "kubelet": "1.36.3",
        "kubeadm": "1.36.3",
        "kubectl": "1.36.3",
        "containerd": "1.7.24~ds1",
        "docker": "26.1.5+dfsg1",
        "kernel": "6.12.48+deb13-amd64",
        "os": "Debian GNU/Linux 13 (trixie)",
    }
    assert parse("component kubelet \ncomponent docker ")["kubelet"] is None


def test_every_kind_is_documented() -> None:
    """docs/json.md has a section for each kind that the code prints."""
    page = (ROOT / "docs" / "json.md").read_text()
    kinds = set()
    for path in (ROOT / "k8sops").rglob("*.py"):
        text = path.read_text()
        kinds |= {*re.findall(r'document\(\s*"(\w+)"', text)}
        kinds |= {*re.findall(r'"apiVersion": (?:"k8sops/v1"|API_VERSION|API),\s*"kind": "(\w+)"', text)}
    assert len(kinds) > 10
    assert sorted(kind for kind in kinds if f"## {kind}\n" not in page) == []
