"""Where people look: a console on which the text of others is text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.text import Text

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal would obey instead of show, or cannot encode: control characters, directions, half letters."""


class Screen(Console):
    """Shows names, answers and programs as they are: nothing in them is markup or an order to the terminal."""

    def __init__(self, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False)

    def render(self, renderable: Any, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, with a picture in the place of each character that cannot be shown."""
        for segment in super().render(renderable, options):
            if segment.control is None and _UNSEEN.search(segment.text):
                yield Segment(visible(segment.text), segment.style)
            else:
                yield segment


def styled(style: str, text: str, rest: str = "") -> Text:
    """Return a text in a style, followed by plain text."""
    return Text.assemble((text, style), rest)


def visible(text: str) -> str:
    """Return a text in which each character that cannot be shown is a picture of itself."""
    return _UNSEEN.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"
