"""coverage: whether a line is executed."""

import ast
from collections.abc import Iterator, Mapping
from random import Random

from codereasoner.records import Run
from codereasoner.steps.source import numbered, statements
from codereasoner.task import NO_PLACE, CallFacts, Misreading, NewLines, Question, Skip
from codereasoner.tasks.calls import call_facts, invocation, unfit_trace
from codereasoner.tasks.yes_no import YesNo


class LineFacts(CallFacts):
    """The facts of a question about one line."""

    line: int


class Coverage(YesNo):
    """Predict whether a line of the program is executed in a call.

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

    unfit = staticmethod(unfit_trace)

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """Ask up to `limit` questions, half of them about lines that are not executed."""
        plain = statements(run.source)
        executed = [line for line in plain if line in run.lines]
        missed = [line for line in plain if line not in run.lines]
        if not missed or not executed:
            yield Skip("every line is executed" if executed else "no line is traced")
            return
        random = Random(f"coverage/{run.id}")
        count = min(self.limit // 2, len(executed), len(missed))
        nested = _nested_lines(plain)
        picked = [(line, "yes") for line in _first(executed, nested, count, random)]
        picked += [(line, "no") for line in _first(missed, nested, count, random)]
        random.shuffle(picked)
        for line, gold in picked:
            yield self.question(run, call_facts(run) | {"line": line}, [gold])

    def ask_again(self, question: Question, run: Run, lines: NewLines, names: Mapping[str, str]) -> Question | Skip:
        """Ask about the line that the statement is on now."""
        line = lines.get(question.facts["line"], 0)
        if line not in statements(run.source):
            return Skip(NO_PLACE)
        return self.question(run, call_facts(run) | {"line": line}, ["yes" if line in run.lines else "no"])

    def statement(self, question: Question) -> str:
        facts = question.facts
        return f"{numbered(facts['source'])}\n{invocation(facts)}  # is line {facts['line']} executed?"

    def conclude_at(self, question: Question, state: Mapping[str, str], following: int | None) -> str:
        return f"Line {question.facts['line']} {'has run' if question.gold[0] == 'yes' else 'has not run'}."

    def locate_error(self, question: Question, answer: str, run: Run | None) -> Misreading | None:
        """Name the line that was taken for executed, or for not executed."""
        return Misreading("executed line", line=question.facts["line"])


def _nested_lines(plain: Mapping[int, ast.AST]) -> set[int]:
    """Return the lines in a branch, a loop or a handler."""
    inner: set[int] = set()
    for node in plain.values():
        if isinstance(node, ast.If | ast.For | ast.While | ast.ExceptHandler):
            for child in [*node.body, *getattr(node, "orelse", [])]:
                inner.update(range(child.lineno, (child.end_lineno or child.lineno) + 1))
    return inner


def _first(lines: list[int], preferred: set[int], count: int, random: Random) -> list[int]:
    """Draw lines at random, the preferred ones first."""
    drawn = random.sample(lines, len(lines))
    return sorted(drawn, key=lambda line: line not in preferred)[:count]
