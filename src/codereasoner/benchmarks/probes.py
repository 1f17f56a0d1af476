"""The sources of jobs that watch a program from inside."""

from __future__ import annotations

from functools import cache
from pathlib import Path

OWN_FRAMES = Path(__file__).with_name("comprehension_frames.py")
_FUTURE = "from __future__ import annotations\n"


@cache
def probe_text(*files: Path) -> str:
    """Return the texts of files that are never imported, one after another, as one source."""
    return _FUTURE + "".join(file.read_text(encoding="utf-8").partition(_FUTURE)[2] for file in files)
