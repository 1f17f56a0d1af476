"""Prove rewrites by running: the same outcome, value, exception and output, under two hash seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from codereasoner.records import Job, Run
from codereasoner.task import Runner

PROVABLE = ("ok", "raised")  # ends of a run that another one can repeat; a limit is not


@dataclass(frozen=True)
class Claim:
    """A program, another one that should mean the same, and the calls that shall show it."""

    source: str
    rewritten: str
    entry: str
    calls: tuple[str, ...]
    origin: str = ""  # programs of one origin may share a process, as in Job
    more: tuple[str, ...] = ()  # calls that count only where the program returns or raises; others may never end


def refute(claims: Sequence[Claim], runner: Runner, again: Runner) -> list[str]:
    """Return for each claim why it does not hold, "" where every call proves it; `again` has another hash seed.

    Raises:
        InfrastructureError: by the runner. A run that failed for our own reasons proves nothing; its reason says so.
    """
    pairs = [(number, call) for number, claim in enumerate(claims) for call in (*claim.calls, *claim.more)]
    jobs = [
        Job(claims[number].source, claims[number].entry, call, origin=claims[number].origin) for number, call in pairs
    ]
    runs = list(zip(pairs, jobs, runner(jobs), strict=True))
    ended = [(number, job) for (number, _), job, run in runs if run.outcome in PROVABLE]
    new_jobs = [replace(job, source=claims[number].rewritten) for number, job in ended]
    others = zip(again([job for _, job in ended]), runner(new_jobs), again(new_jobs), strict=True)
    found = ["" if claim.calls else "no call" for claim in claims]
    for (number, call), _, old in runs:
        reason = f"the call {old.outcome}" if call in claims[number].calls else ""
        if old.outcome in PROVABLE:
            reason = _difference(old, *next(others))
        elif old.outcome == "error" and reason:
            reason = "infrastructure error"
        found[number] = found[number] or reason
    return found


def _difference(old: Run, old_again: Run, new: Run, new_again: Run) -> str:
    if "error" in (old_again.outcome, new.outcome, new_again.outcome):
        return "infrastructure error"
    if old.outcome == "ok" and old.value is None:
        return "the value has no literal"
    if _seen(old) != _seen(old_again):
        return "not deterministic"
    for what, mine, first, second in zip(
        ("outcome", "value", "exception", "output"), *map(_seen, (old, new, new_again)), strict=True
    ):
        if not mine == first == second:
            return f"another {what}"
    return ""


def _seen(run: Run) -> tuple[str, str | None, str, str]:
    """Return the observable results of a run."""
    return run.outcome, run.value, run.exception, run.stdout
