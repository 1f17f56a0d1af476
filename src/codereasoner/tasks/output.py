"""What does the call return?"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from codereasoner import literals
from codereasoner.records import Job, Run
from codereasoner.steps import chance
from codereasoner.task import CallFacts, Misreading, Question, Skip, Task, Wrong

_FORM = "not an assertion of the form: assert CALL == VALUE"
MAX_ANSWER = 10_000  # characters, or twice those of the right answer


class Output(Task):
    """Predict the value that a call returns. Nothing is executed: both values are literals.

    An answer is the literal, or an assertion `CALL == VALUE` with the question's own call.
    """

    name = "output"
    facts = CallFacts
    short = "forward"
    observes = "value"
    answers = "literal"
    request = "Complete the assertion with the literal value that the call returns."
    shown = (
        (
            {
                "source": "def f(words, k):\n    return [w[:k] for w in words if len(w) > k]",
                "entry": "f",
                "call": "['plum', 'fig', 'apple'], 3",
            },
            "['plu', 'app']",
            "k is 3. 'plum' has 4 letters, more than 3: 'plu'. 'fig' has 3, not more: left out. 'apple' has 5: 'app'.",
        ),
        (
            {
                "source": "def f(n):\n    t = 0\n    while n > 0:\n        t += n % 10\n        n //= 10\n    return t",
                "entry": "f",
                "call": "407",
            },
            "11",
            "n is 407: t is 7, n is 40. Then t is 7 + 0 = 7, n is 4. Then t is 7 + 4 = 11, n is 0. The loop ends.",
        ),
    )

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """One question for a run that returned a value with a literal."""
        if reason := unfit(run):
            yield Skip(reason)
            return
        facts = {"source": run.source, "entry": run.entry, "call": run.call}
        yield self.question(run, facts, [run.value or ""])

    def guesses(self, question: Question) -> Mapping[str, str]:
        """A constant, or the first or last argument as it is."""
        constants = {"None": "None", "True": "True", "False": "False", "0": "0", "''": "''", "[]": "[]"}
        return constants | outer_arguments(question.facts["call"])

    def conclude(self, question: Question) -> str:
        """Nothing: every narrated run ends with the value that it returns."""
        return ""

    def statement(self, question: Question) -> str:
        """The program, and an assertion that lacks its right side."""
        facts = question.facts
        return f"{facts['source'].rstrip()}\nassert {facts['entry']}({facts['call']}) == ??"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """The same value of the same type, at every depth."""
        gold = question.gold[0]
        if answer == gold:
            return True
        limit = max(MAX_ANSWER, 2 * len(gold))
        if answer.startswith("assert"):
            value = _right_side(question, _asserted(literals.parse_statement(answer, limit)))
        elif "==" in answer and isinstance(node := literals.parse(answer, limit), ast.Compare):
            value = _right_side(question, node)
        else:
            value = literals.read(answer, limit)
        return literals.key(value) == _gold_key(gold)

    def locate_error(self, question: Question, answer: str, run: Run | None) -> Misreading | None:
        """Compare the answer with what the call returned."""
        return Misreading("result", answer, (run.value if run else None) or question.gold[0])

    def rerun_job(self, question: Question) -> tuple[Job, str] | None:
        """Run the call."""
        facts = question.facts
        return Job(facts["source"], facts["entry"], facts["call"]), question.gold[0]


def unfit(run: Run) -> str:
    """Why the value of a run can not be asked about, or ""."""
    if run.outcome != "ok":
        return f"the call {run.outcome}"
    if run.value is None:
        return "the value has no literal"
    if len(run.value) > MAX_ANSWER and not _readable(f"{run.entry}({run.call}) == {run.value}", run.value):
        return "the value is too large to be compared"
    if name := chance(run.source):
        return f"the program depends on chance, time or the machine ({name})"
    return ""


def _readable(assertion: str, value: str) -> bool:
    """Can an answer be read that states the whole assertion?"""
    try:
        literals.affordable(assertion)
        literals.read(value)
    except literals.LiteralError:
        return False
    return True


@lru_cache(maxsize=65536)
def _gold_key(gold: str) -> Hashable:
    return literals.key(literals.read(gold))


def _asserted(statement: ast.stmt) -> ast.Compare:
    if isinstance(statement, ast.Assert) and statement.msg is None and isinstance(statement.test, ast.Compare):
        return statement.test
    raise Wrong(_FORM)


def _right_side(question: Question, node: ast.Compare) -> Any:
    """The value in `CALL == VALUE`; the call must be the question's own."""
    facts = question.facts
    match node:
        case ast.Compare(left=ast.Call() as left, ops=[ast.Eq()], comparators=[right]):
            if _same_call(left, f"{facts['entry']}({facts['call']})"):
                return literals.value_of(right)
            raise Wrong("the assertion is about another call")
    raise Wrong(_FORM)


def _same_call(call: ast.Call, text: str) -> bool:
    asked = literals.parse(text)
    if literals.same_expression(call, asked):
        return True
    if not isinstance(asked, ast.Call) or not literals.same_expression(call.func, asked.func):
        return False
    return literals.call_arguments(call) == literals.call_arguments(asked)


def outer_arguments(call: str) -> dict[str, str]:
    """The first and the last argument of a call, as guesses of its value."""
    try:
        values = [ast.unparse(value) for _, value in literals.parse_arguments(call)]
    except literals.LiteralError:
        return {}
    return {"the first argument": values[0], "the last argument": values[-1]} if values else {}
