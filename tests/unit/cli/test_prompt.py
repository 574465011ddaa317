"""What a user is asked says what is at stake, and anything but the answer it names changes nothing."""

from __future__ import annotations

import io

import pytest

from k8sops.cli.prompt import refuse_without_terminal, require_name, require_yes
from k8sops.errors import Cancelled, UsageError


def answering(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))


@pytest.mark.parametrize("answer", ["y", "Yes", "ok"])
def test_only_yes_is_accepted(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(Cancelled) as caught:
        require_yes()
    assert str(caught.value) == 'Cancelled (only "yes" is accepted). Nothing was changed.'


@pytest.mark.parametrize("answer", ["", "no", "n"])
def test_a_no_is_not_taken_for_a_misspelt_yes(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(Cancelled, match=r"^Cancelled\. Nothing was changed\.$"):
        require_yes()


def test_the_question_shows_the_name_that_is_to_be_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, "ux")
    require_name("ux", "removes w2 from")
    assert 'This removes w2 from cluster "ux". Type ux to confirm:' in capsys.readouterr().out
    answering(monkeypatch, "demo")
    with pytest.raises(Cancelled, match=r'only "ux" is accepted'):
        require_name("ux", "removes w2 from")


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "yes")
    with pytest.raises(UsageError, match="Not a terminal: cannot ask for confirmation"):
        refuse_without_terminal(confirmed=False)
    refuse_without_terminal(confirmed=True)
