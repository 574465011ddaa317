"""Every command has a short summary, and examples that can be typed; the help fits a terminal of 80 columns."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from test_cli import k8sops

from k8sops import __version__
from k8sops.cli import app
from k8sops.cli.examples import EXAMPLES, commands

ROOT: Any = typer.main.get_command(app)


def walk(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, f"{path} {name}".strip())


COMMANDS = {path: command for path, command in walk(ROOT) if not command.hidden}


def parse(command: Any, words: list[str], parent: Any = None) -> None:
    """The words, parsed as the command line would be; nothing is carried out."""
    context = command.make_context(command.name, list(words), parent=parent)
    rest = [*context._protected_args, *context.args]
    if rest and hasattr(command, "commands"):
        name, child, others = command.resolve_command(context, rest)
        assert name
        parse(child, others, context)


def test_a_former_name_still_works_and_is_not_listed() -> None:
    former = dict(walk(ROOT))["etcd back"]
    assert former.hidden
    assert former.callback.__name__ == COMMANDS["etcd rollback"].callback.__name__


def test_every_command_has_examples_and_nothing_else_has() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()


@pytest.mark.parametrize("path", COMMANDS)
def test_examples_parse_and_are_about_their_command(path: str) -> None:
    lines = commands(path)
    assert any(line.startswith(f"k8sops {path}".strip()) for line in lines)
    for line in lines:
        program, *words = shlex.split(line.partition(">")[0], comments=True)
        assert program == "k8sops"
        parse(ROOT, words)


@pytest.mark.parametrize("path", [path for path in COMMANDS if path])
def test_summaries_are_short(path: str) -> None:
    summary = COMMANDS[path].get_short_help_str(200)
    assert 0 < len(summary) <= 60
    assert summary[0].isupper() or summary.startswith("etcd")


@pytest.mark.parametrize("path", ["", "etcd", "plan", "apply", "etcd restore"])
def test_help_fits_80_columns(path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = help_of(path, capsys)
    assert "Examples:" in shown
    assert "..." not in shown.partition("Commands:")[2]
    description = shown.partition("Examples:")[0]
    assert max(map(len, description.splitlines())) <= 80
    assert not re.search(r"<(str|path|int)", shown)
    assert "--no-" not in shown.replace("--no-diff", "").replace("--no-verify", "")


def test_help_uses_a_wider_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    narrow = help_of("plan", capsys)
    monkeypatch.setenv("COLUMNS", "118")
    assert len(help_of("plan", capsys).splitlines()) < len(narrow.splitlines())


def help_of(path: str, capsys: pytest.CaptureFixture[str]) -> str:
    app([*path.split(), "--help"], standalone_mode=False, prog_name="k8sops")
    return capsys.readouterr().out


def test_version_is_known_without_an_inventory(tmp_path: Any) -> None:
    assert k8sops("--version", cwd=tmp_path).stdout == f"k8sops {__version__}\n"
    assert k8sops("version", cwd=tmp_path).stdout.startswith(f"k8sops {__version__} (Python 3.")
