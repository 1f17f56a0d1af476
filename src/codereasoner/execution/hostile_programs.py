"""Read the list of hostile programs, each with its permitted outcomes; the tests and the doctor run them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codereasoner.execution.pool import Limits
from codereasoner.records import Job, Run

LIST = Path(__file__).with_name("hostile.txt")
LIMITS = Limits(cpu_seconds=0.15, wall_seconds=1.0, memory_bytes=200 << 20, output_bytes=20_000, result_chars=20_000)
"""Tight, so that the whole list takes seconds: what has to come to its own end takes a quarter of these."""

_PLACEHOLDERS = {
    "{NUL}": "\0",
    "{DEEP}": "(" * 5_000 + ")" * 5_000,
    "{SIGNS}": "-" * 100_000,
    "{LINES}": "x = 1\n" * 50_000,
    "{HUGE}": "x" * 1_000_000,
    "{SURROGATE}": "\udc80",
    "\\n": "\n",
}


GUARDS = {
    "A": {"empty root", "seccomp", "last filter", "resource limits"},
    "B": {"Landlock", "seccomp", "last filter", "resource limits"},
    "C": {"seccomp", "last filter", "resource limits"},
    "D": {"resource limits"},
}
"""The layers of each isolation level that hold attacks."""


@dataclass(frozen=True)
class Attack:
    """A hostile program, the layers of which any one holds it, and its permitted outcomes."""

    name: str
    guards: tuple[str, ...]  # none where the worker itself is enough
    job: Job
    outcomes: tuple[str, ...]
    value: str  # the literal that is right where the outcome is ok; several are parted by " or "; "": any

    def missing(self, level: str) -> str:
        """Return the layers without which it is not run at this level, as words; "" where it is held."""
        return "" if not self.guards or GUARDS[level] & set(self.guards) else " or ".join(self.guards)

    def fault(self, run: Run) -> str:
        """Return what is wrong with the run of this attack, in a sentence; "" if it was contained."""
        if run.outcome not in self.outcomes:
            return f"{self.name}: the outcome is {run.outcome} ({run.reason}), not {' or '.join(self.outcomes)}"
        if run.outcome == "ok" and self.value and run.value not in self.value.split(" or "):
            return f"{self.name}: the value is {run.value!s:.100}, not {self.value}"
        if run.outcome != "ok" and not run.reason:
            return f"{self.name}: the outcome {run.outcome} gives no reason"
        return ""


def attacks() -> list[Attack]:
    """Return all attacks, in the order of the list."""
    _, *texts = LIST.read_text(encoding="utf-8").split("\n==== ")
    return [_read(text) for text in texts]


def neighbour(number: int) -> Job:
    """An ordinary program that runs after an attack and must not notice it; each number is another program."""
    return Job(f"def f(words):\n    print(len(words))\n    return sorted(words)  # {number}", "f", "['b', 'a']")


def jobs(attacked: Sequence[Attack]) -> list[Job]:
    """Return each attack, and after each a neighbour."""
    return [job for number, attack in enumerate(attacked) for job in (attack.job, neighbour(number))]


def neighbour_fault(attack: Attack, run: Run) -> str:
    """Return what is wrong with the run after an attack, in a sentence; "" if it is unharmed."""
    if (run.outcome, run.value, run.stdout) == ("ok", "['a', 'b']", "2\n"):
        return ""
    return f"{attack.name}: the run after it is harmed: {run.outcome} {run.value} {run.stdout!r:.60} {run.reason}"


def _read(text: str) -> Attack:
    header, _, source = text.partition("\n")
    name, guards, outcomes, value, call = (part.strip() for part in header.split("|", 4))
    for word, stands_for in _PLACEHOLDERS.items():
        call = call.replace(word, stands_for)
        source = source.replace(word, stands_for) if word != "\\n" else source
    held_by = tuple(guards.split(", ")) if guards else ()
    return Attack(name, held_by, Job(source, "f", call), tuple(outcomes.split()), value)
