"""Helpers of the tasks about one call: its facts, the line that shows it, and the reasons to ask nothing."""

from __future__ import annotations

from collections.abc import Mapping

from codereasoner.records import Run
from codereasoner.steps import chance


def call_facts(run: Run) -> dict[str, object]:
    """Return the facts of a question about a call: those of CallFacts."""
    return {"source": run.source, "entry": run.entry, "call": run.call}


def invocation(facts: Mapping[str, object]) -> str:
    """Return the call as a prompt shows it; a benchmark may have it in words of its own."""
    return str(facts["invocation"]) if "invocation" in facts else f"{facts['entry']}({facts['call']})"


def unfit_value(run: Run) -> str:
    """Return the reason why the value of a run cannot be asked about, or ""."""
    if run.outcome != "ok":
        return f"the call {run.outcome}"
    return "the value has no literal" if run.value is None else depends_on_chance(run)


def unfit_trace(run: Run) -> str:
    """Return the reason why the steps of a run cannot be asked about, or ""."""
    if run.outcome != "ok":
        return f"the call {run.outcome}"
    if run.cut:
        return f"the trace was cut ({run.cut})"
    return depends_on_chance(run) if run.lines else "no line is traced"


def depends_on_chance(run: Run) -> str:
    """Return the reason why another run could differ from this one, or ""."""
    name = chance(run.source)
    return f"the program depends on chance, time or the machine ({name})" if name else ""
