"""Prove rewrites by running: the same outcome, value, exception and output, under two hash seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    pairs = [(claim, call) for claim in claims for call in (*claim.calls, *claim.more)]
    texts = [(claim, call, text) for claim, call in pairs for text in (claim.source, claim.rewritten)]
    jobs = [Job(text, claim.entry, call, origin=claim.origin) for claim, call, text in texts]
    runs = list(zip(runner(jobs), again(jobs), strict=True))
    found = [""] * len(claims)
    place = 0
    for number, claim in enumerate(claims):
        if not claim.calls:
            found[number] = "no call"
        for call in (*claim.calls, *claim.more):
            (old, old_again), (new, new_again) = runs[place], runs[place + 1]
            place += 2
            if call in claim.calls or old.outcome in PROVABLE:
                found[number] = found[number] or _difference(old, old_again, new, new_again)
    return found


def _difference(old: Run, old_again: Run, new: Run, new_again: Run) -> str:
    if "error" in (old.outcome, old_again.outcome, new.outcome, new_again.outcome):
        return "infrastructure error"
    if old.outcome not in PROVABLE:
        return f"the call {old.outcome}"
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
    """Return what anybody can see of a run."""
    return run.outcome, run.value, run.exception, run.stdout
