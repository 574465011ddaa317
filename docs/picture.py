"""What a terminal showed, as an SVG: `tmux capture-pane -e -p -S - | python docs/picture.py TITLE FILE`."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text


def svg(ansi: str, title: str) -> str:
    """The picture, without anything that it would have to load from elsewhere."""
    lines = ansi.rstrip().splitlines()
    width = max(len(Text.from_ansi(line)) for line in lines)
    console = Console(record=True, width=width + 1, file=io.StringIO(), force_terminal=True)
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=True, highlight=False)
    text = console.export_svg(title=title)
    return re.sub(r"@font-face \{.*?\}", "", text, flags=re.S).replace("Fira Code", "ui-monospace")


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(svg(sys.stdin.read(), sys.argv[1]), encoding="utf-8")
