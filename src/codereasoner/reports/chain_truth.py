"""How many claims of a model's chain are true, and where it first says something that did not happen."""

from __future__ import annotations

from dataclasses import dataclass

from codereasoner.chains.claim_audit import Audit, audit, audit_search
from codereasoner.errors import DataError
from codereasoner.records import Run
from codereasoner.task import Question


@dataclass(frozen=True)
class Checked:
    """What an audit says of one completion."""

    true: int
    checked: int
    false: dict[str, object] | None  # {"start", "end", "why"}: the characters of the first false claim

    @property
    def share(self) -> float | None:
        """The share of claims that are true, 0 to 1; None where there are none."""
        return self.true / self.checked if self.checked else None


def check_claims(question: Question, text: str, run: Run | None) -> Checked:
    """Audit a completion against the run it is about: that of the prompt's call, or of the call that it predicts.

    A chain that looks for a call follows others on its way; only what it says of the call it settles on is checked.
    """
    found = _audit(question, text, run)
    if found is None:
        return Checked(0, 0, None)
    if found.first_false is None or found.first_false_at is None:
        return Checked(found.true, found.checked, None)
    start, end = found.first_false_at
    why = f"{found.first_false}; {found.true} of the {found.checked} claims are true"
    return Checked(found.true, found.checked, {"start": start, "end": end, "why": why})


def _audit(question: Question, text: str, run: Run | None) -> Audit | None:
    if run is None or not run.steps or question.facts.get("call", run.call) != run.call:
        return None
    try:
        return (
            audit(text, run)
            if "call" in question.facts
            else audit_search(text, {run.call: run}, question.facts["value"])
        )
    except DataError:  # the trace is not whole, so nothing can be called false
        return None
