"""What a run writes down: secrets never, whenever they came to be known, and in whatever pieces they are printed."""

from __future__ import annotations

from pathlib import Path

from k8sops.engine.journal import Journal
from k8sops.engine.shell import Secret

KEY = "-----BEGIN KEY-----\nMHcCAQEEIOdy'\"x\nshort\n-----END KEY-----\n"


def test_every_line_of_a_secret_is_struck_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path, [Secret("token", "0123456789abcdef")])
    assert journal.write({"type": "output", "line": "it is 0123456789abcdef"})["line"] == "it is ***"
    journal.strike([Secret("key", KEY)])
    told = [journal.write({"type": "output", "line": line})["line"] for line in ["got: MHcCAQEEIOdy'\"x", KEY]]
    journal.close()
    assert told[0] == "got: ***"
    assert "MHcCAQ" not in journal.path.read_text() + told[1]
