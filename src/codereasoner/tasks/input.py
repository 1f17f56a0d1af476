"""input: a call that returns a given value."""

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypedDict

from codereasoner import literals
from codereasoner.records import Job, Run
from codereasoner.steps.source import runs_text
from codereasoner.task import Misreading, Question, Task, Wrong
from codereasoner.tasks.calls import longest, unfit_value

MAX_VALUE = 2_000  # characters of a value that is worth asking for


class ValueFacts(TypedDict):
    """The facts of a question for the call that returns a value."""

    source: str
    entry: str
    value: str  # as a literal


class Input(Task):
    """Find a call that returns a given value. Any call that does is right; it is verified by running it.

    An answer is the call, or an assertion `CALL == VALUE` with the question's own value. The arguments must be
    literals, and they are rewritten before they are run, so an answer can neither redefine the function nor
    smuggle in a call or an object of its own. The known call alone may have other arguments, as 7 of CRUXEval's do.
    """

    name = "input"
    facts = ValueFacts
    short = direction = "backward"
    observes = "value"
    answers = "call"
    request = "Complete the assertion with a call of the function, all arguments literals, that makes it true."

    def unfit(self, run: Run) -> str:
        """Take runs that returned a short value with a literal, of programs that do not run text as code."""
        if reason := unfit_value(run):
            return reason
        if len(run.value or "") > MAX_VALUE:
            return f"the value is longer than {MAX_VALUE} characters"
        if name := runs_text(run.source):
            return f"the program runs text as code ({name}): an answer could end it with any value"
        return ""

    def ask(self, run: Run) -> Iterator[Question]:
        try:
            call = literals.read_arguments(run.call)
        except literals.LiteralError:
            call = run.call
        facts = {"source": run.source, "entry": run.entry, "value": run.value}
        yield self.question(run, facts, [f"{run.entry}({call})"])

    def guesses(self, question: Question) -> Mapping[str, str]:
        entry = question.facts["entry"]
        arguments = {"the value": question.facts["value"], "nothing": "", "''": "''", "[]": "[]", "0": "0"}
        return {name: f"{entry}({argument})" for name, argument in arguments.items()}

    def statement(self, question: Question) -> str:
        return f"{question.facts['source'].rstrip()}\nassert ?? == {question.facts['value']}"

    def job(self, question: Question, answer: str) -> Job:
        """Run the call, rewritten from its arguments."""
        facts = question.facts
        limit = longest(question.gold[0] if question.gold else "")
        call = _call(answer, facts["value"], limit)
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == facts["entry"]):
            raise Wrong(f"not a call of {facts['entry']}")
        try:
            if name := runs_text(facts["source"]):
                raise Wrong(f"the program runs text as code ({name}), so that only the known call is taken")
            return Job(facts["source"], facts["entry"], literals.call_arguments(call))
        except (Wrong, literals.LiteralError):
            if not any(literals.same_expression(call, known) for known in map(_parsed, question.gold)):
                raise
        return Job(facts["source"], facts["entry"], _written(call))  # the known call, which the data vouches for

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Accept a call that returned the value that was asked for."""
        if run is None:
            raise Wrong("the call was not run")
        if run.outcome != "ok":
            raise Wrong(f"the call {run.outcome}")
        if run.value is None:
            raise Wrong("the call returned a value without a literal")
        return literals.equal(literals.read(run.value), literals.read(question.facts["value"]))

    def locate_error(self, question: Question, answer: str, run: Run | None) -> Misreading | None:
        """Compare the wanted value, which the answer claims for its call, with what that call returned."""
        return Misreading("result", question.facts["value"], run.value) if run and run.value is not None else None

    def rerun_job(self, question: Question) -> tuple[Job, str] | None:
        facts, call = question.facts, question.gold[0].strip()
        return Job(facts["source"], facts["entry"], call[len(facts["entry"]) + 1 : -1]), facts["value"]


@lru_cache(maxsize=4096)
def _parsed(call: str) -> ast.expr:
    return literals.parse(call)


def _written(call: ast.Call) -> str:
    return ", ".join(map(ast.unparse, [*call.args, *call.keywords]))


def _call(answer: str, value: str, limit: int) -> ast.expr:
    """Return the call in `CALL`, `CALL == VALUE` or `assert CALL == VALUE`; the value must be the question's own."""
    node: ast.AST
    if answer.startswith("assert"):
        node = literals.parse_statement(answer, limit)
        if not isinstance(node, ast.Assert) or node.msg is not None:
            raise Wrong("not an assertion of the form: assert CALL == VALUE")
        node = node.test
    else:
        node = literals.parse(answer, limit)
    match node:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            if not literals.equal(literals.value_of(right), literals.read(value)):
                raise Wrong("the assertion is about another value")
            return left
    return node
