"""Where a model's chain first says something that did not happen."""

from __future__ import annotations

from codereasoner.records import Run


def first_false_claim(text: str, run: Run) -> dict[str, object] | None:
    """{"start", "end", "why"}: the characters of the first false claim; None: none was found."""
    return None
