"""The sources of jobs that watch a program from inside."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FUTURE = "from __future__ import annotations\n"


@cache
def probe_text(probe: Path) -> str:
    """Return the text of a probe, a file that is never imported, behind that of own_frames.py."""
    frames = Path(__file__).with_name("own_frames.py").read_text(encoding="utf-8")
    return frames + probe.read_text(encoding="utf-8").partition(_FUTURE)[2]
