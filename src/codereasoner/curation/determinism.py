"""Run a call a second time, under another hash seed, with the assertion that the first run gives.

CodeReasoner (arXiv:2507.17548) keeps a program when the assertion made of its call and its value passes. Here the same
run also shows what the order of sets decides: the value, or a step on the way to it.
"""

from codereasoner.records import Job, Run

_ENTRY = "_call_and_assert"
UNSETTLED_STEPS = "steps not deterministic"  # but the value is


def second_job(run: Run) -> Job:
    """Return the job that runs a call once more, traced, and compares its value with the first one."""
    harness = (
        f"def {_ENTRY}(*values, **named):\n"
        f"    found = {run.entry}(*values, **named)\n"
        f"    return found, found == {run.value}\n"
    )
    return Job(run.source, _ENTRY, run.call, "trace" if run.steps else "value", harness, origin=run.shared)


def second_reason(run: Run, again: Run) -> str | None:
    """Return how the second run differs from the first, or that its assertion fails; None: it agrees."""
    if again.outcome == "error":
        return "infrastructure error"
    if run.outcome != "ok":
        is_same = (again.outcome, again.exception, again.stdout) == (run.outcome, run.exception, run.stdout)
        return None if is_same and again.steps == run.steps else "not deterministic"
    if again.outcome != "ok" or again.stdout != run.stdout:
        return "not deterministic"
    if again.value == f"({run.value}, False)":
        return "assertion fails"
    if again.value != f"({run.value}, True)":
        return "not deterministic"
    return None if again.steps == run.steps else UNSETTLED_STEPS
