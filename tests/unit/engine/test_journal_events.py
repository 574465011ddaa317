"""docs/json.md lists every event of a journal with its keys: compared with what runs over fake hosts write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from checkout import ROOT
from test_runner import FACTS, INVENTORY, answering, names

from k8sops import __version__, cli
from k8sops.engine.fakes import FakeHost
from k8sops.engine.host import Result
from k8sops.engine.journal import Event, read
from k8sops.errors import UnreachableError
from k8sops.operations import work
from k8sops.operations.runs import run_document

BOOK = "- {name: One, hosts: all, tasks: [preflight, swap]}\n"
RESTARTS = "- {name: One, hosts: all, tasks: [kubernetes-packages, container-runtime]}\n"
Handler = Callable[[str], Result]


def documented() -> dict[str, set[str]]:
    """The keys of each event, by its type, as the table in docs/json.md has them."""
    section = (ROOT / "docs/json.md").read_text().partition("\n## Journal\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w.]+)` \| (.*?) \|", section, re.M)
    return {kind: set(re.findall(r"`(\w+)`", keys)) for kind, keys in rows}


def changing(script: str) -> Result:
    """A host that waits for an earlier run, drifts, and warns of something while it is put right."""
    mark = re.search(r"^MARK=(\S+)$", script, re.M)
    assert mark
    result = answering(lambda index: 10)(script)
    locked = f"{mark[1].strip(chr(39))} locked ann@laptop: swap\n" if "converge 0 " in script else ""
    out = result.out.replace("some output", "some output\n\t[WARNING Swap]: is on")
    return Result(result.code, f"{locked}{out}", "")


def small(script: str) -> Result:
    result = answering(lambda index: 10)(script)
    return Result(result.code, result.out.replace(FACTS, FACTS.replace("cpus=4", "cpus=1")), "")


def bare(script: str) -> Result:
    """A control plane to be: it has no kubeconfig for the operator yet."""
    result = answering(lambda index: 0)(script)
    return Result(result.code, result.out.replace("initialised=1\n", ""), "")


def dead(script: str) -> Result:
    raise UnreachableError("w3", "connection refused")


@pytest.fixture
def k8sops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Event]]:
    """A command over fake hosts; returns the events of its journal."""
    for name in ("XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    (tmp_path / "inventory.yaml").write_text(INVENTORY)

    def command(words: list[str], book: str, handlers: dict[str, Handler]) -> list[Event]:
        (tmp_path / "book.yaml").write_text(book)
        hosts = {name: FakeHost(name, handlers.get(name, answering(lambda index: 0))) for name in names()}

        @contextmanager
        def connections(*_: object, **__: object) -> Iterator[Callable[[str], FakeHost]]:
            yield hosts.__getitem__

        monkeypatch.setattr(work, "connections", connections)
        before = set(tmp_path.glob("k8sops/runs/*.jsonl"))
        cli.run([*words, "-i", str(tmp_path / "inventory.yaml"), "-p", str(tmp_path / "book.yaml")])
        (journal,) = set(tmp_path.glob("k8sops/runs/*.jsonl")) - before
        return list(read(journal))

    return command


def test_every_event_of_a_run_is_documented_with_its_keys(k8sops: Callable[..., list[Event]]) -> None:
    failing = answering(lambda index: 10, lambda index: "failed")
    everywhere: dict[str, Handler] = dict.fromkeys(names(), small)
    runs = [
        k8sops(["apply", "--yes"], BOOK, {"cp1": bare, "w1": changing, "w2": failing, "w3": dead}),
        k8sops(["plan"], BOOK, everywhere),
        k8sops(["apply", "--yes"], RESTARTS, everywhere),
    ]
    schema = documented()
    written: dict[str, set[str]] = {}
    for event in [event for run in runs for event in run]:
        keys = set(event) - {"at", "type"}
        assert keys == written.setdefault(event["type"], keys), f"{event['type']} has other keys than before"
    assert written == schema
    states = {event["state"] for run in runs for event in run if event["type"] == "step"}
    assert states <= set(re.findall(r"`(\w+)`", (ROOT / "docs/json.md").read_text()))


def test_the_first_event_says_which_k8sops_wrote_it(k8sops: Callable[..., list[Event]]) -> None:
    first, *rest = k8sops(["plan"], BOOK, {})
    assert (first["type"], first["version"]) == ("run.start", __version__)
    assert all(event["type"] != "run.start" for event in rest)
    assert run_document(first["run"], [first, *rest])["version"] == __version__


def test_every_event_that_the_code_writes_is_documented() -> None:
    code = "".join(path.read_text() for path in sorted((ROOT / "k8sops").rglob("*.py")))
    found: Any = re.findall(r'emit\(\s*\{\s*"type": "([\w.]+)"', code)
    assert set(found) == set(documented())
