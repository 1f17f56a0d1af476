"""The check of the published scorers: `assert EXPECTED == TEXT` passes after the code.

CRUXEval, LiveCodeBench and CodeGlance paste a model's text behind `==` and execute the statement; a text passes if
nothing raises, so `3 or 1` and `2, 'message'` do. The verdicts here are the same, found by the quickest safe way:

1. Text that does not parse can not pass.
2. Two literals are compared as Python compares them (`True == 1`); nothing runs.
3. A call of the entry with literal arguments is run as such a call, and its value is compared here.
4. The rest, rarely more than some per cent, is executed as the very statement, in the runner's isolation. So is a text
   that would cost more to read here than a small multiple of its length.
"""

import ast
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from codereasoner import literals
from codereasoner.benchmarks.probes import run_jobs
from codereasoner.extend import Benchmark, Generations, OfficialVerdicts
from codereasoner.records import Job
from codereasoner.task import Question, Runner

MAX_MEMBERS = 64  # of a set or dict that is built here
MAX_CALL = 4_000  # characters of a call that is rewritten
WITNESS = "reached_the_end"  # called after the statement: its Run is ok exactly when nothing was raised before
_HARNESS = f"def {WITNESS}():\n    return True\n"


@dataclass(frozen=True)
class Assertion:
    """One check: the program, the name of its function, the expected text and the model's text."""

    code: str
    entry: str
    expected: str
    text: str

    @property
    def statement(self) -> str:
        """Return the code that the published scorer executes after the program."""
        return f"assert {self.expected} == {self.text}"


def passes(assertions: Sequence[Assertion], runner: Runner | None) -> list[bool]:
    """Return the verdict on each assertion, in order; equal ones are decided once.

    Raises:
        InfrastructureError: a run failed by no fault of the program, or something must run and there is no runner.
    """
    verdicts: dict[Assertion, bool] = {}
    calls: dict[Assertion, Job] = {}
    whole: list[Assertion] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `1 is 1` and the like warn when they are parsed
        for assertion in dict.fromkeys(assertions):
            decided = _decide(assertion)
            if isinstance(decided, bool):
                verdicts[assertion] = decided
            elif decided is None:
                whole.append(assertion)
            else:
                calls[assertion] = decided
    for assertion, run in zip(calls, run_jobs(list(calls.values()), runner, "these answers"), strict=True):
        equal = _equal(assertion.expected, run.value) if run.outcome == "ok" else False
        if equal is None:
            whole.append(assertion)
        else:
            verdicts[assertion] = equal
    statements = [
        Job(f"{each.code}\n{each.statement}\n", WITNESS, "", harness=_HARNESS, model_text=True) for each in whole
    ]
    for assertion, run in zip(whole, run_jobs(statements, runner, "these answers"), strict=True):
        verdicts[assertion] = run.outcome == "ok"
    return [verdicts[assertion] for assertion in assertions]


class AssertionGraded(Benchmark):
    """A benchmark whose published scorer executes `assert EXPECTED == TEXT`."""

    skipped: bool | None = None  # the verdict on a text without an assertion; None: it is left out of the count

    def assertion(self, question: Question, text: str) -> Assertion | None:
        """Return the scorer's check of a text, by default after the question's program; None: it makes none."""
        facts = question.facts
        return Assertion(facts["source"], facts["entry"], question.features["output"], text)

    def grade_officially(
        self, questions: Sequence[Question], generations: Generations, runner: Runner
    ) -> OfficialVerdicts:
        """Execute the assertion of every text."""
        asked = [
            (question.id, self.assertion(question, text)) for question in questions for text in generations[question.id]
        ]
        passed = iter(passes([assertion for _, assertion in asked if assertion], runner))
        verdicts = OfficialVerdicts({question.id: [] for question in questions})
        for name, assertion in asked:
            verdicts[name].append(next(passed) if assertion else self.skipped)
        return verdicts


def _decide(assertion: Assertion) -> bool | Job | None:
    """Return the verdict where it needs no run, the call to run where that is enough, or None."""
    if len(assertion.text) > literals.MAX_CHARS or not _is_affordable(assertion.statement):
        return None
    right = _right_side(assertion.statement)
    if right is None:
        return False
    if not isinstance(right, ast.expr):
        return None
    expected = _literal(assertion.expected)
    if expected is None:
        return None
    if _is_literal(right):
        try:
            return bool(expected[0] == ast.literal_eval(right))
        except (ValueError, TypeError):  # an unhashable key or member: the statement would raise
            return False
    if isinstance(right, ast.Call) and isinstance(right.func, ast.Name) and right.func.id == assertion.entry:
        values = [*right.args, *(keyword.value for keyword in right.keywords)]
        if all(map(_is_literal, values)) and all(keyword.arg for keyword in right.keywords):
            arguments = _arguments(right, assertion.text)
            return None if arguments is None else Job(assertion.code, assertion.entry, arguments)
    return None


def _is_affordable(statement: str) -> bool:
    try:
        literals.affordable(statement)
    except literals.LiteralError:
        return False
    return True


def _right_side(statement: str) -> ast.expr | ast.Module | None:
    """Return the right side of `==`; the whole module of another statement; None where it does not parse.

    A message behind a comma is looked at only when the assertion has failed, but one like `await x` does not compile.
    """
    try:
        tree = ast.parse(statement)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    match tree.body:
        case [ast.Assert(ast.Compare(ops=[ast.Eq()], comparators=[right]), message)]:
            return right if message is None or _is_literal(message) else tree
    return tree


def _is_literal(node: ast.expr | None) -> bool:
    """Return whether there are only constants, containers and signed numbers: no name that a program could define.

    A large set is none: its members may be chosen so that building it takes quadratic time.
    """
    match node:
        case ast.Constant():
            return True
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return all(map(_is_literal, items))
        case ast.Set(elts=items):
            return len(items) <= MAX_MEMBERS and all(map(_is_literal, items))
        case ast.Dict(keys=keys, values=values):
            return len(keys) <= MAX_MEMBERS and None not in keys and all(map(_is_literal, [*keys, *values]))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float() | complex() as number)):
            return not isinstance(number, bool)
    return False


@lru_cache(maxsize=4096)
def _literal(text: str) -> tuple[object] | None:
    """Return the value of an expected text in a tuple, or None where it is not a literal."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    try:
        return (ast.literal_eval(node),) if _is_literal(node) else None
    except (ValueError, TypeError):
        return None


def _arguments(call: ast.Call, text: str) -> str | None:
    """Return the argument list as it was written, so that sets are built in the same order; None: too large."""
    if len(text) > MAX_CALL:
        return None
    try:
        return ", ".join(map(ast.unparse, [*call.args, *call.keywords]))
    except (ValueError, RecursionError):  # an integer without decimal text, a hundred brackets
        return None


def _equal(expected: str, value: str | None) -> bool | None:
    """Compare the value of a run with the expected one; None: it cannot be read, but may be equal, as a Counter may."""
    known = _literal(expected)
    try:
        return None if value is None else known is not None and bool(known[0] == literals.read(value))
    except literals.LiteralError:
        return None
