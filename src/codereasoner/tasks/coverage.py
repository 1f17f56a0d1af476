"""Is line L executed?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from random import Random
from typing import Literal

from codereasoner.records import Run
from codereasoner.steps import chance, numbered, statements
from codereasoner.task import CallFacts, Misreading, Question, Skip, Task, Wrong


class LineFacts(CallFacts):
    """The facts of a question about one line."""

    line: int


class Coverage(Task):
    """Say whether a line is executed in a call, wherever in the program the line stands.

    Asked in pairs, one line that is executed and one that is not, so that "yes" is right half of the time. Lines
    inside a branch or a loop go first: a line at the top of the entry is executed anyway.
    """

    name = "coverage"
    facts = LineFacts
    request = (
        "Each line has its number in front. Is the line that the last comment names executed in this call? "
        "Answer yes or no."
    )
    limit = 4  # questions about one run
    shown = (
        (
            {
                "source": "def f(n):\n    if n % 2:\n        return n + 1\n    return n",
                "entry": "f",
                "call": "8",
                "line": 3,
            },
            "no",
            "n is 8 and 8 % 2 is 0, so the test in line 2 fails and line 3 is left out.",
        ),
        (
            {
                "source": "def f(s):\n    for c in s:\n        if c.isdigit():\n            break\n    return c",
                "entry": "f",
                "call": "'a7b'",
                "line": 4,
            },
            "yes",
            "c is 'a', no digit. Then c is '7', a digit, so line 4 runs.",
        ),
    )

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """Up to `limit` questions, half of them about lines that are not executed."""
        if reason := untraceable(run):
            yield Skip(reason)
            return
        plain = statements(run.source)
        executed = [line for line in plain if line in run.lines]
        missed = [line for line in plain if line not in run.lines]
        if not missed or not executed:
            yield Skip("every line is executed" if executed else "no line is traced")
            return
        random = Random(f"coverage/{run.id}")
        count = min(self.limit // 2, len(executed), len(missed))
        nested = nested_lines(plain)
        picked = [(line, "yes") for line in _first(executed, nested, count, random)]
        picked += [(line, "no") for line in _first(missed, nested, count, random)]
        random.shuffle(picked)
        for line, gold in picked:
            facts = {"source": run.source, "entry": run.entry, "call": run.call, "line": line}
            yield self.question(run, facts, [gold])

    def guesses(self, question: Question) -> Mapping[str, str]:
        """Always yes, always no."""
        return {"yes": "yes", "no": "no"}

    def statement(self, question: Question) -> str:
        """The program with line numbers, the call, and the line."""
        facts = question.facts
        return f"{numbered(facts['source'])}\n{invocation(facts)}  # is line {facts['line']} executed?"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """The same word, in whatever case."""
        word = answer.strip(" \t\r\n.").lower()
        if word not in ("yes", "no"):
            raise Wrong("neither yes nor no")
        return word == question.gold[0].lower()

    def conclude_at(self, question: Question, state: Mapping[str, str], following: int | None) -> str:
        """Say whether the line has run by the end."""
        return f"Line {question.facts['line']} {'has run' if question.gold[0] == 'yes' else 'has not run'}."

    def locate_error(self, question: Question, answer: str, run: Run | None) -> Misreading | None:
        """Name the line that was taken for executed, or for not executed."""
        return Misreading("executed line", line=question.facts["line"])


Reading = Literal["own", "reval"]
"""Whether "after a line" means when the line has finished, or what REval's tracer makes of it: see steps/reval.py."""


def untraceable(run: Run) -> str:
    """Why a run's trace can not be asked about, or ""."""
    if run.outcome != "ok":
        return f"the call {run.outcome}"
    if run.cut:
        return f"the trace was cut ({run.cut})"
    if not run.lines:
        return "no line is traced"
    if name := chance(run.source):
        return f"the program depends on chance, time or the machine ({name})"
    return ""


def invocation(facts: Mapping[str, object]) -> str:
    """The call as the prompt shows it."""
    return str(facts["invocation"]) if "invocation" in facts else f"{facts['entry']}({facts['call']})"


def nested_lines(plain: Mapping[int, ast.AST]) -> set[int]:
    """The lines that stand in a branch, a loop or a handler."""
    inner: set[int] = set()
    for node in plain.values():
        if isinstance(node, ast.If | ast.For | ast.While | ast.ExceptHandler):
            for child in [*node.body, *getattr(node, "orelse", [])]:
                inner.update(range(child.lineno, (child.end_lineno or child.lineno) + 1))
    return inner


def _first(lines: list[int], preferred: set[int], count: int, random: Random) -> list[int]:
    """Lines drawn at random, the preferred ones first."""
    drawn = random.sample(lines, len(lines))
    return sorted(drawn, key=lambda line: line not in preferred)[:count]
