"""Where a model's chain first says something that did not happen."""

from __future__ import annotations

from codereasoner.chains.audit import audit
from codereasoner.errors import DataError
from codereasoner.records import Run
from codereasoner.task import Question


def first_false_claim(question: Question, text: str, run: Run | None) -> dict[str, object] | None:
    """{"start", "end", "why"}: the characters of the first false claim; None where there is none, or none can be found.

    Only where the prompt gave the call that was traced: a chain that looks for a call of its own follows another run.
    """
    if run is None or not run.steps or question.facts.get("call") != run.call:
        return None
    try:
        found = audit(text, run)
    except DataError:  # the trace is not whole, so nothing can be called false
        return None
    if found.first_false is None or found.first_false_at is None:
        return None
    start, end = found.first_false_at
    shares = f"{found.true} of the {found.checked} claims are true"
    return {"start": start, "end": end, "why": f"{found.first_false}; {shares}"}
