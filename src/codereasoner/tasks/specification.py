"""Write a function that does what is described."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codereasoner import literals
from codereasoner.records import Job, Run
from codereasoner.task import Question, Skip, Task, Wrong

PREAMBLE = "from typing import *\n"
CHECK = "answers"  # what is called after the program: gives the values of the tests' left sides
WHOLE = "reached_the_end"  # what is called after tests that are run as they stand
CANDIDATE = "candidate"  # what tests call the function
MAX_ANSWER = 20_000  # characters


@dataclass(frozen=True)
class Tests:
    """Tests as expressions with their values; `whole` where they are more than `assert EXPRESSION == LITERAL`."""

    expressions: tuple[str, ...] = ()
    values: tuple[object, ...] = ()
    whole: bool = False


class Specification(Task):
    """Write code by its description; tests decide. The values that the tests expect are not sent where the code runs.

    Facts: specification, entry, tests, and optionally signature and shown (tests that the prompt shows).
    """

    name = "specification"
    request = "Write the Python function that is described. Answer with its code, and nothing else."

    def consider(self, run: Run) -> Iterator[Question | Skip]:
        """None: a run has no description."""
        yield Skip("descriptions come with a benchmark")

    def statement(self, question: Question) -> str:
        """The description, the signature and the tests that are shown."""
        facts = question.facts
        parts = (facts["specification"], facts.get("signature", ""), facts.get("shown", ""))
        return "\n\n".join(part.strip("\n") for part in parts if part.strip())

    def job(self, question: Question, answer: str) -> Job | None:
        """The code, then the tests' calls."""
        if len(answer) > MAX_ANSWER:
            raise Wrong(f"longer than {MAX_ANSWER} characters")
        tests = read_tests(question.facts["tests"])
        source = f"{PREAMBLE}{answer}\n"
        if tests.whole:
            return Job(
                source + whole_tests(question), WHOLE, "", harness=f"def {WHOLE}():\n    return True\n", model_text=True
            )
        listed = ", ".join(tests.expressions)
        harness = f"def {CHECK}():\n    {CANDIDATE} = {question.facts['entry']}\n    return [{listed}]\n"
        return Job(source, CHECK, "", harness=harness, model_text=True)

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Every test holds, as Python compares values."""
        assert run is not None
        if run.outcome != "ok":
            raise Wrong(f"the tests fail: {run.outcome}")
        tests = read_tests(question.facts["tests"])
        if tests.whole:
            return True
        if run.value is None:
            raise Wrong("a value without a literal")
        given = literals.read(run.value)
        if [_equal(left, right) for left, right in zip(given, tests.values, strict=True)].count(False):
            raise Wrong("a test has another value")
        return True


def whole_tests(question: Question) -> str:
    """The tests as a published scorer runs them, after the code."""
    tests, entry = question.facts["tests"], question.facts["entry"]
    return f"{tests}\n" + (f"check({entry})\n" if "def check(" in tests else "")


def read_tests(tests: str) -> Tests:
    """The assertions of a test module, or of its function `check`."""
    try:
        body = ast.parse(tests).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return Tests(whole=True)
    checks = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    if checks:
        if [argument.arg for argument in checks[0].args.args] != [CANDIDATE]:
            return Tests(whole=True)
        body = checks[0].body
    pairs = [_pair(node) for node in body if not _does_nothing(node)]
    known = [pair for pair in pairs if pair is not None]
    if not known or len(known) < len(pairs):
        return Tests(whole=True)
    return Tests(tuple(text for text, _ in known), tuple(value for _, value in known))


def _pair(node: ast.stmt) -> tuple[str, object] | None:
    """The expression and the literal of `assert EXPRESSION == LITERAL`; any other assertion is one of True."""
    if not isinstance(node, ast.Assert):
        return None
    match node.test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            try:
                return ast.unparse(left), literals.value_of(right)
            except literals.LiteralError:
                return None
    return f"bool({ast.unparse(node.test)})", True


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant):
        return bool(node.test.value)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _equal(left: object, right: object) -> bool:
    return bool(left == right)
