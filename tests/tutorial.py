"""The tutorial for plugin authors as data: its files, commands and statements, in the order of the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[1] / "docs" / "plugins.md"

_BLOCK = re.compile(
    r"(?:^`(?P<file>[\w./-]+)`:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


class Block(NamedTuple):
    """A block of code: its language, its text, and the file that it is the content of, if it is one's."""

    language: str
    text: str
    file: str | None


def blocks() -> list[Block]:
    """Return the blocks of the page."""
    return [
        Block(found["language"], found["text"], found["file"]) for found in _BLOCK.finditer(PAGE.read_text())
    ]


def write_files(folder: Path) -> None:
    """Write all files as they are at the end of the page."""
    for block in blocks():
        if block.file:
            (folder / block.file).write_text(block.text)
