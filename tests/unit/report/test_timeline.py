"""What a timeline shows, from events."""

from __future__ import annotations

from k8sops.report.timeline import Bar, bars_of, html, mark_critical


def step(at: float, host: str, name: str, state: str) -> dict[str, object]:
    return {"at": at, "type": "step", "host": host, "task": "t", "resource": name, "state": state, "seconds": 0}


def test_bars_say_what_took_how_long_and_how_it_ended() -> None:
    events = [
        {"at": 10.0, "type": "run.start"},
        {"at": 12.0, "type": "facts", "host": "w1", "seconds": 1.5},
        {"at": 12.0, "type": "planned", "host": "w1", "resource": "a", "diff": ["+x"]},
        {"at": 13.0, "type": "play.start", "play": "P", "hosts": ["w1"]},
        step(13.0, "w1", "a", "begin"), step(13.1, "w1", "a", "apply"), step(15.0, "w1", "a", "changed"),
        step(15.0, "w1", "gate", "begin"), step(15.1, "w1", "gate", "wait"), step(18.0, "w1", "gate", "holds"),
        step(18.0, "w1", "b", "begin"), step(18.1, "w1", "b", "apply"),
        {"at": 19.0, "type": "output", "host": "w1", "resource": "b", "line": "half"},
        {"at": 20.0, "type": "failed", "host": "w1", "why": "the connection was lost"},
    ]  # fmt: skip
    bars, plays = bars_of(events)
    assert [(bar.name, bar.state, bar.start, bar.end) for bar in bars] == [
        ("asking", "asked", 0.5, 2.0),
        ("a", "changed", 3.0, 5.0),
        ("gate", "waited", 5.0, 8.0),
        ("b", "failed", 8.0, 10.0),
    ]
    assert bars[1].diff == ["+x"]
    assert bars[3].lines == ["half", "the connection was lost"]
    assert plays == [{"name": "P", "start": 3.0, "end": 3.0}]


def test_facts_that_came_with_checks_are_a_survey() -> None:
    events = [
        {"at": 10.0, "type": "run.start"},
        {"at": 12.0, "type": "facts", "host": "w1", "seconds": 1.5, "checks": 0},
        {"at": 12.0, "type": "facts", "host": "w2", "seconds": 1.5, "checks": 19},
        {"at": 13.0, "type": "survey", "host": "w1", "seconds": 0.5, "checks": 19},
    ]
    assert [bar.name for bar in bars_of(events)[0]] == ["asking", "surveying", "surveying"]


def test_the_critical_path_goes_over_the_host_that_was_waited_for() -> None:
    bars = [
        Bar("w1", "quick", "changed", 0, 2, 0), Bar("w2", "slow", "changed", 0, 9, 0),
        Bar("w1", "next", "changed", 9, 12, 1), Bar("w2", "other", "changed", 9, 10, 1),
    ]  # fmt: skip
    assert mark_critical(bars) == 12.0
    assert [bar.name for bar in bars if bar.critical] == ["slow", "next"]


def test_the_critical_path_goes_through_the_plays_to_the_last_survey() -> None:
    bars = [
        Bar("w1", "asking", "asked", 0, 1), Bar("w2", "asking", "asked", 0, 2), Bar("w1", "surveying", "asked", 2, 3),
        Bar("w1", "a", "changed", 3, 9, 0), Bar("w1", "surveying", "asked", 9, 10),
    ]  # fmt: skip
    assert mark_critical(bars) == 10.0
    assert [(bar.host, bar.name) for bar in bars if not bar.critical] == [("w1", "asking")]


def test_nothing_that_a_host_printed_ends_the_page_early() -> None:
    line = "</script><script>alert(1)</script>"
    events = [{"at": 1.0, "type": "run.start"}, step(1.0, "w1", "a", "begin"), step(2.0, "w1", "a", "changed")]
    page = html(
        "run", [*events[:2], {"at": 1.5, "type": "output", "host": "w1", "resource": "a", "line": line}, events[2]]
    )
    assert line not in page
    assert page.count("</script>") == 2
