"""The answer in one entry of a generations file, for the strict grader.

Entries of published files are mostly what the benchmark's own parser left: a value or a call. Some are whole
completions, some repeat the assertion. What is taken here is what a reader would take; it is never evaluated. An answer
that a text opens and does not close is none, as in every evaluation and reward: it may have been cut off.
"""

import ast

from codereasoner import literals
from codereasoner.answer_formats import Block, Tag, unwrapped

MAX_EQUALITY = 4_000  # characters; the verifiers read the two sides of a longer one themselves


def answer_block(text: str) -> str | None:
    """Return the last complete [ANSWER] or <answer> block, or the whole text without such marks.

    None when it is empty, or opened and never closed. Marks that are only inside the strings of an expression are text.
    """
    if _are_quoted(text):
        return text.strip()
    found = Block().parse(text)
    answer = Tag().parse(text) if found is None else found
    if answer is None:
        if "[ANSWER]" in text or text.lstrip().startswith("<answer>") or "\n<answer>" in text:
            return None
        answer = unwrapped(text.split("[/ANSWER]")[0])
    return answer.strip() or None


def predicted_output(text: str, call: str) -> str | None:
    """Return the value in `VALUE`, `CALL == VALUE` or `assert CALL == VALUE`, where CALL is the question's own call."""
    answer = answer_block(text)
    sides = _sides(answer)
    return sides[1] if sides is not None and _same(sides[0], call) else answer


def predicted_call(text: str, value: str) -> str | None:
    """Return the call in `CALL`, `CALL == VALUE` or `assert CALL == VALUE`, where VALUE is the question's own value."""
    answer = answer_block(text)
    sides = _sides(answer)
    for call, side in (sides, sides[::-1]) if sides is not None else ():
        if _same(side, value):
            return call
    return _without_assert(answer)


def _are_quoted(text: str) -> bool:
    """Return whether a text has marks, and all of them are inside its strings."""
    if "ANSWER]" not in text and "answer>" not in text:
        return False
    try:
        nodes = ast.walk(literals.parse(_without_assert(text.strip()) or ""))
        strings = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        return sum(map(_marks, strings)) == _marks(text)
    except (ValueError, RecursionError):  # not Python, as behind a mark outside of a string
        return False


def _marks(text: str) -> int:
    return text.count("ANSWER]") + text.count("answer>")


def _without_assert(answer: str | None) -> str | None:
    if answer is None or not answer.startswith("assert "):
        return answer
    return answer.removeprefix("assert ").strip() or None


def _sides(answer: str | None) -> tuple[str, str] | None:
    """Return the source of both sides of one `==`."""
    if answer is None or "==" not in answer or len(answer) > MAX_EQUALITY:
        return None
    try:
        match literals.parse(_without_assert(answer) or ""):
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                return ast.unparse(left), ast.unparse(right)
    except (ValueError, RecursionError):  # no literal, an integer without decimal text, thousands of operators in a row
        return None
    return None


def _same(left: str, right: str) -> bool:
    """Return whether two texts are the same but for spaces and quotes."""
    try:
        return left == ast.unparse(literals.parse(right))
    except (ValueError, RecursionError):
        return False
