"""output: the value that a call returns."""

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache

from codereasoner import literals
from codereasoner.records import Job, Run
from codereasoner.task import CallFacts, Misreading, Question, Task, Wrong
from codereasoner.tasks.calls import MAX_ANSWER, call_facts, longest, says_nothing, unfit_value


def unfit_output(run: Run) -> str:
    """Return the reason why the value of a run cannot be asked for, or ""; an answer may state the whole assertion."""
    reason, value = unfit_value(run), run.value or ""
    if reason or len(value) <= MAX_ANSWER:
        return reason
    try:
        literals.affordable(f"{run.expression} == {value}")
        literals.read(value)
    except literals.LiteralError:
        return "the value is too large to be compared"
    return ""


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
    unfit = staticmethod(unfit_output)
    conclude = staticmethod(says_nothing)

    def ask(self, run: Run) -> Iterator[Question]:
        yield self.question(run, call_facts(run), [run.value or ""])

    def guesses(self, question: Question) -> Mapping[str, str]:
        constants = {"None": "None", "True": "True", "False": "False", "0": "0", "''": "''", "[]": "[]"}
        return constants | outer_arguments(question.facts["call"])

    def statement(self, question: Question) -> str:
        facts = question.facts
        return f"{facts['source'].rstrip()}\nassert {facts['entry']}({facts['call']}) == ??"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Accept the same value of the same type, at every depth."""
        gold = question.gold[0]
        if answer == gold:
            return True
        limit = longest(gold)
        if answer.startswith("assert"):
            value = _right_side(question, literals.parse_statement(answer, limit))
        elif "==" in answer and isinstance(node := literals.parse(answer, limit), ast.Compare):
            value = _right_side(question, node)
        else:
            value = literals.read(answer, limit)
        return literals.equal(value, _gold_value(gold))

    def locate_error(self, question: Question, answer: str, run: Run | None) -> Misreading | None:
        """Compare the answer with what the call returned."""
        return Misreading("result", answer, (run.value if run else None) or question.gold[0])

    def rerun_job(self, question: Question) -> tuple[Job, str] | None:
        facts = question.facts
        return Job(facts["source"], facts["entry"], facts["call"]), question.gold[0]


@lru_cache(maxsize=65536)
def _gold_value(gold: str) -> object:
    return literals.read(gold)


def _right_side(question: Question, node: ast.stmt | ast.expr) -> object:
    """Return the value in `CALL == VALUE`, with `assert` or without; the call must be the question's own."""
    facts = question.facts
    match node.test if isinstance(node, ast.Assert) and node.msg is None else node:
        case ast.Compare(left=ast.Call() as left, ops=[ast.Eq()], comparators=[right]):
            if _same_call(left, f"{facts['entry']}({facts['call']})"):
                return literals.value_of(right)
            raise Wrong("the assertion is about another call")
    raise Wrong("not an assertion of the form: assert CALL == VALUE")


def _same_call(call: ast.Call, text: str) -> bool:
    asked = literals.parse(text)
    if literals.same_expression(call, asked):
        return True
    if not isinstance(asked, ast.Call) or not literals.same_expression(call.func, asked.func):
        return False
    return literals.call_arguments(call) == literals.call_arguments(asked)


def outer_arguments(call: str) -> dict[str, str]:
    """Return the first and the last argument of a call, as guesses of its value."""
    try:
        values = [ast.unparse(value) for _, value in literals.parse_arguments(call)]
    except ValueError:  # no literals, or an integer of more digits than Python writes
        return {}
    return {"the first argument": values[0], "the last argument": values[-1]} if values else {}
