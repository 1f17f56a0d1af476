"""assertion-completion: the values in the blanks of test code."""

import ast
from functools import lru_cache
from typing import TypedDict

from codereasoner import literals
from codereasoner.records import Job, Run
from codereasoner.task import Question, Task, Wrong
from codereasoner.tasks.calls import longest

BLANK = "??"
_PASSED = "reached_the_end"  # the function that a test which passes leaves behind
_NAME = "blank_to_fill"  # replaces ?? where test code is parsed


class TestFacts(TypedDict):
    """The facts of test code; optional are `setup`, run before it, and `blank`, the mark of a blank if not `??`."""

    source: str
    test: str


class AssertionCompletion(Task):
    """Fill every blank in a piece of test code with a literal. Nothing is executed.

    The answer is the completed test code, with nothing changed but the blanks; the value alone is an answer to a single
    blank too.
    """

    name = "assertion-completion"
    facts = TestFacts
    answers = "literal"
    request = (
        "Complete the test code: put the literal value that makes the assertion true in place of each blank, "
        "which is written ?? or <ground_truth>. Answer with the completed test code, or, where there is only one "
        "blank, with its value alone."
    )

    def statement(self, question: Question) -> str:
        parts = [question.facts["source"].rstrip(), question.facts.get("setup", ""), question.facts["test"].rstrip()]
        return "\n\n".join(part for part in parts if part)

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Accept the same value of the same type in each blank, at every depth."""
        test, gold, blank = question.facts["test"], question.gold[0], question.facts.get("blank", BLANK)
        if answer == gold:
            return True
        wanted = filled(test, gold, blank)
        given = filled(test, answer, blank, longest(gold))
        if len(wanted) != len(given):
            raise Wrong(f"{len(given)} of {len(wanted)} blanks are filled")
        return all(map(_same, given, wanted))

    def rerun_job(self, question: Question) -> tuple[Job, str] | None:
        """Run the test with the recorded answer in its blank."""
        facts = question.facts
        if "blank" not in facts:
            return None
        test = facts["test"].replace(facts["blank"], f"({question.gold[0]})")
        return Job(f"{facts['source']}\n{test}\n", _PASSED, "", harness=f"def {_PASSED}():\n    return True\n"), "True"


def filled(test: str, answer: str, blank: str = BLANK, max_chars: int = literals.MAX_CHARS) -> list[ast.expr]:
    """Return the contents of the blanks of an answer, in the order of the test.

    Raises:
        Wrong, LiteralError: the answer is neither the completed test nor, for one blank, a single expression.
    """
    pattern = _pattern(test, blank)
    try:
        completed = literals.parse_statements(answer, max_chars)
    except literals.LiteralError:
        if _count(test, blank, pattern) <= 1 and "assert" not in answer:
            raise
        raise Wrong("the answer is not Python") from None
    found: list[ast.expr] = []
    if pattern is not None and _aligned(pattern, completed, found):
        return found
    match completed:
        case [ast.Expr(value=value)] if _count(test, blank, pattern) <= 1:
            return [value]
    raise Wrong("the answer changes more of the test than its blanks")


def _same(given: ast.expr, wanted: ast.expr) -> bool:
    """Compare the contents of a blank; those that are not literals, such as classes, must be the same expression."""
    if literals.same_expression(given, wanted):
        return True
    return literals.equal(literals.value_of(given), literals.value_of(wanted))


def _count(test: str, blank: str, tree: list[ast.stmt] | None) -> int:
    """Count the blanks; one in a comment is none."""
    if tree is None:
        return test.count(blank)
    nodes = (node for statement in tree for node in ast.walk(statement))
    return sum(isinstance(node, ast.Name) and node.id == _NAME for node in nodes)


@lru_cache(maxsize=1024)
def _pattern(test: str, blank: str) -> list[ast.stmt] | None:
    """Parse the test with a name in place of its blanks; None if it is not Python."""
    try:
        return literals.parse_statements(test.replace(blank, _NAME))
    except literals.LiteralError:
        return None


def _aligned(pattern: object, code: object, found: list[ast.expr]) -> bool:
    """Return whether the trees are equal except for the blanks, whose contents are appended to `found`."""
    if isinstance(pattern, ast.Name) and pattern.id == _NAME and isinstance(code, ast.expr):
        found.append(code)
        return True
    if isinstance(pattern, ast.AST) and isinstance(code, ast.AST):
        return type(pattern) is type(code) and all(
            _aligned(getattr(pattern, name, None), getattr(code, name, None), found) for name in pattern._fields
        )
    if isinstance(pattern, list) and isinstance(code, list):
        return len(pattern) == len(code) and all(
            _aligned(left, right, found) for left, right in zip(pattern, code, strict=True)
        )
    return type(pattern) is type(code) and pattern == code
