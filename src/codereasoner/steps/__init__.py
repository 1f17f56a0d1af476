"""What the trace of a run says: which lines ran, in which order, and what the locals were before and after each.

`visits` reads a trace as this project's tasks do; `reval` reads it as REval's ground truth does, quirks included.
"""

from codereasoner.steps.reval import (
    RevalState,
    reval_covered,
    reval_next_lines,
    reval_states,
    reval_values,
)
from codereasoner.steps.source import (
    chance,
    has_inlined_loops,
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
    "RevalState",
    "Visit",
    "chance",
    "has_inlined_loops",
    "numbered",
    "plain_lines",
    "read_source",
    "refuse_unknown",
    "reval_covered",
    "reval_next_lines",
    "reval_states",
    "reval_values",
    "runs_text",
    "split_lines",
    "statements",
    "visits",
]
