"""The public interface: what `import k8sops` offers, and that docs/api.md shows it as it is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from checkout import ROOT

import k8sops
from k8sops.engine.session import Connect
from k8sops.errors import Cancelled, UsageError
from k8sops.operations import api, work
from k8sops.resources.files import file

GREETING = file("/etc/greeting", "hello\n")
FACTS = "now=1\nos=debian\nos_version=12\narch=x86_64\ncpus=4\nmemory_kib=4000000"


class Fleet:
    """Fake hosts of the inventory above."""

    def __init__(self, **drift: Any) -> None:
        self.states = {
            name: k8sops.HostState([GREETING], FACTS, {GREETING.id: drift.get(name, "holds")}) for name in ("cp1", "w1")
        }
        self.hosts = {name: k8sops.FakeHost(name, state) for name, state in self.states.items()}
        self.connect: Connect = self.hosts.__getitem__


def test_every_name_is_there_and_documented() -> None:
    assert {*k8sops.__all__} - {"__version__"} == {*api.__all__}
    assert dir(k8sops) == sorted(k8sops.__all__)
    page = (ROOT / "docs/api.md").read_text()
    for name in api.__all__:
        assert getattr(k8sops, name) is getattr(api, name)
        assert f"`{name}" in page
    with pytest.raises(AttributeError, match="no attribute 'plans'"):
        k8sops.plans  # noqa: B018


def test_the_package_is_imported_without_what_it_offers() -> None:
    code = "import sys, k8sops; print(*sorted(name for name in sys.modules if name.startswith('k8sops.')))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded.split() == []


def test_an_inventory_is_a_cluster(request_: k8sops.Request) -> None:
    assert [host.name for host in k8sops.load_inventory("inventory.yaml").hosts] == ["cp1", "w1"]


def test_a_plan_changes_nothing(request_: k8sops.Request) -> None:
    fleet = Fleet(w1="drifts")
    plan = k8sops.plan(request_, connect=fleet.connect)
    assert [(step.host, step.resource.id) for step in plan.changes] == [("w1", GREETING.id)]
    assert fleet.states["w1"].applied == []


def test_changes_are_made_once_and_are_in_the_journal(request_: k8sops.Request) -> None:
    fleet = Fleet(w1="drifts")
    report = k8sops.apply(request_, connect=fleet.connect)
    assert (report.ok, report.code, fleet.states["w1"].applied) == (True, 0, [GREETING.id])
    run = k8sops.read_run(report.run)
    assert (run["playbook"], run["exitCode"], run["hosts"]["w1"]["changed"]) == ("greeting", 0, 1)
    assert k8sops.apply(request_, connect=fleet.connect).done.changed == 0  # type: ignore[union-attr]


def test_a_plan_that_is_not_approved_is_not_carried_out(request_: k8sops.Request) -> None:
    fleet = Fleet(w1="drifts")
    with pytest.raises(Cancelled, match="not approved"):
        k8sops.apply(request_, approve=lambda plan: False, connect=fleet.connect)
    assert fleet.states["w1"].applied == []
    assert k8sops.read_run()["exitCode"] == Cancelled.exit_code


def test_a_restart_is_allowed_by_name(request_: k8sops.Request, tmp_path: Path) -> None:
    own = tmp_path / "tasks/greeting.py"
    own.write_text(own.read_text().replace("[GREETING]", '[replace(GREETING, risk="drain")]'))
    fleet = Fleet(w1="drifts")
    with pytest.raises(UsageError, match="not allowed: drain"):
        k8sops.apply(request_, connect=fleet.connect)
    assert k8sops.apply(request_, allow={"drain"}, connect=fleet.connect).ok


def test_a_host_that_fails_is_in_the_report(request_: k8sops.Request) -> None:
    report = k8sops.apply(request_, connect=Fleet(w1="fails").connect)
    assert report.done
    assert (report.ok, report.code, [failure.host for failure in report.done.failures]) == (False, 3, ["w1"])


def test_the_page_shows_what_works(
    request_: k8sops.Request, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = re.findall(r"```python\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.S)
    names: dict[str, Any] = {"GREETING": GREETING}

    @contextmanager
    def connections(*_: object, **__: object) -> Iterator[Connect]:
        yield Fleet(w1="drifts").connect

    monkeypatch.setattr(work, "connections", connections)
    exec(first, names)
    assert capsys.readouterr().out.splitlines() == ["w1 file:/etc/greeting", "True 1", "greeting 0"]
    exec(second, names)
