"""Programs that attack whoever runs them, and what is right to come of each: what the tests and the doctor run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codereasoner.execution.pool import Limits
from codereasoner.records import Job, Run

LIST = Path(__file__).with_name("hostile.txt")
LIMITS = Limits(cpu_seconds=0.3, wall_seconds=1.0, memory_bytes=200 << 20, output_bytes=20_000, result_chars=20_000)
"""Tight, so that the whole list takes seconds."""

_PLACEHOLDERS = {
    "{NUL}": "\0",
    "{DEEP}": "(" * 5_000 + ")" * 5_000,
    "{SIGNS}": "-" * 100_000,
    "{LINES}": "x = 1\n" * 50_000,
    "{HUGE}": "x" * 1_000_000,
    "{SURROGATE}": "\udc80",
    "\\n": "\n",
}


@dataclass(frozen=True)
class Attack:
    """One program that attacks, and what may come of it."""

    name: str
    job: Job
    outcomes: tuple[str, ...]
    value: str  # the literal that is right where the outcome is ok; several are parted by " or "; "": any

    def fault(self, run: Run) -> str:
        """What is wrong with the run of this attack, in a sentence; "" where it was contained."""
        if run.outcome not in self.outcomes:
            return f"{self.name}: the outcome is {run.outcome} ({run.reason}), not {' or '.join(self.outcomes)}"
        if run.outcome == "ok" and self.value and run.value not in self.value.split(" or "):
            return f"{self.name}: the value is {run.value!s:.100}, not {self.value}"
        if run.outcome != "ok" and not run.reason:
            return f"{self.name}: the outcome {run.outcome} gives no reason"
        return ""


def attacks() -> list[Attack]:
    """All attacks, in the order of the list."""
    _, *texts = LIST.read_text(encoding="utf-8").split("\n==== ")
    return [_read(text) for text in texts]


def neighbour(number: int) -> Job:
    """An ordinary program that runs after an attack and must not notice it; each number is another program."""
    return Job(f"def f(words):\n    print(len(words))\n    return sorted(words)  # {number}", "f", "['b', 'a']")


def jobs(attacked: Sequence[Attack]) -> list[Job]:
    """Each attack, and after each a neighbour."""
    return [job for number, attack in enumerate(attacked) for job in (attack.job, neighbour(number))]


def neighbour_fault(attack: Attack, run: Run) -> str:
    """What is wrong with the run that came after an attack, in a sentence; "" where it is unharmed."""
    if (run.outcome, run.value, run.stdout) == ("ok", "['a', 'b']", "2\n"):
        return ""
    return f"{attack.name}: the run after it is harmed: {run.outcome} {run.value} {run.stdout!r:.60} {run.reason}"


def faults(attacked: Sequence[Attack], runs: Sequence[Run]) -> list[str]:
    """What was not contained: `runs` are those of `jobs(attacked)`."""
    found = []
    for place, attack in enumerate(attacked):
        found += [attack.fault(runs[2 * place]), neighbour_fault(attack, runs[2 * place + 1])]
    return [fault for fault in found if fault]


def _read(text: str) -> Attack:
    header, _, source = text.partition("\n")
    name, outcomes, value, call = (part.strip() for part in header.split("|", 3))
    for word, stands_for in _PLACEHOLDERS.items():
        call = call.replace(word, stands_for)
        source = source.replace(word, stands_for) if word != "\\n" else source
    return Attack(name, Job(source, "f", call), tuple(outcomes.split()), value)
