"""Reading traces: which lines ran, in which order, and what the locals were before and after each."""

from codereasoner.steps.source import (
    chance,
    numbered,
    plain_lines,
    read_source,
    refuse_unknown,
    runs_text,
    split_lines,
    statements,
)
from codereasoner.steps.visits import Visit, visits

__all__ = [
    "Visit",
    "chance",
    "numbered",
    "plain_lines",
    "read_source",
    "refuse_unknown",
    "runs_text",
    "split_lines",
    "statements",
    "visits",
]
