"""Programs that must never be made, because a benchmark asks about them; excluded.txt holds a hash of each.

The hash is of the program with its own names numbered and layout and round brackets gone, so that it is known under
any names. The file holds the 800 programs of CRUXEval (arXiv:2401.03065).
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from codereasoner.curation.canonical import written
from codereasoner.grammar.draft import numbered
from codereasoner.records import content_id


def is_excluded(shape: str) -> bool:
    """Return whether a program of this shape is in a benchmark."""
    return _key(shape) in _keys()


def keys(sources: Iterable[str]) -> list[str]:
    """Return the lines of excluded.txt for some programs, in ascending order."""
    return sorted({_key(shape_of(source)) for source in sources})


def shape_of(source: str) -> str:
    """Return the shape of a program: its own names numbered in the order of their appearance.

    Raises:
        SyntaxError: it does not parse, or is nested too deeply to be written.
    """
    found = written(source)
    return numbered(found.plain, found.names)


def _key(shape: str) -> str:
    return content_id(re.sub(r"[\s()]", "", shape))[:12]


@cache
def _keys() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("excluded.txt").read_text(encoding="ascii").split())
