"""Tests and the code that they test, each in a process of its own.

The code is asked for the values of calls and nothing else: `asking` and `asking_in_turn` write the harness that calls
it, `outcomes` and `outcomes_in_turn` read what it says. Tests that are more than equalities run without the code:
`replaying` writes the tests with a stand-in for the function, which replays the outcomes that are known, the first for
the first call with such arguments, and notes all calls; `calls` reads the notes.
A failure counts where all calls before it are those that were told, in their order: else it may be due to an outcome
that no longer holds.

Arguments and values pass between the two as tables (see replay_programs.py).
"""

import ast
import builtins
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from codereasoner import literals
from codereasoner.records import Run
from codereasoner.steps.source import bound_by, parse_any
from codereasoner.task import Wrong
from codereasoner.tasks.replay_programs import ASKED, ASKING, CANDIDATE, OUTCOMES, REPLAYING, TABLES


@dataclass(frozen=True)
class InTurn:
    """Calls in the order in which they are made, or their outcomes.

    The text is JSON: a list of those that differ, and a list with the place of each among them.
    """

    text: str = "[[],[]]"
    count: int = 0


KINDS = {"value", "iterator", "keys", "items", "values", "stream"}

# What Python itself takes for the end of a loop or for a missing attribute, and the names by which tests handle it.
_ENDS = {
    "StopIteration": ("StopIteration",),
    "StopAsyncIteration": ("StopAsyncIteration",),
    "IndexError": ("IndexError", "LookupError"),
    "AttributeError": ("AttributeError",),
}
_EXCEPTIONS = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}
MOST_REPEATS = 1_000  # of a call that was not told, as in a loop that ends by its value; then the run ends
_ROWS = range(7)  # list, tuple, dict, set, frozenset, bytearray, deque
_PARTS = {"bytes": [str], "complex": [float, float], "range": [int, int, int], "ellipsis": []}
_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom


@dataclass(frozen=True)
class Equalities:
    """Tests that consist of `assert CALL == LITERAL` alone; the calls as `asking` takes them."""

    calls: tuple[str, ...]
    values: tuple[object, ...]


@lru_cache(maxsize=1024)
def equalities(tests: str, entry: str, head: str) -> Equalities | None:
    """Read tests as equalities; None where they are more than that, or no Python. `head` is what `replaying` takes."""
    tree, above = parse_any(tests), parse_any(head)
    if tree is None or above is None:
        return None
    body = tree.body
    check = next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == "check"), None)
    if check is not None and [argument.arg for argument in check.args.args] != [CANDIDATE]:
        return None
    bound = {name for each in (*above.body, *body) for node in ast.walk(each) for name in bound_by(node)}
    known = {*dir(builtins), *bound, CANDIDATE, entry}
    tested = [node for node in (check.body if check else body) if not _does_nothing(node)]
    pairs = [pair for node in tested if (pair := _pair(node, {CANDIDATE, entry}, known))]
    if not pairs or len(pairs) < len(tested):
        return None
    return Equalities(tuple(f"told(lambda: {text})" for text, _ in pairs), tuple(value for _, value in pairs))


def asking(entry: str, calls: Sequence[str]) -> str:
    """Write the harness whose function ASKED gives the outcomes of these calls, of Equalities."""
    return _harness(entry, f"[{', '.join(calls)}]")


def asking_in_turn(entry: str, made: InTurn) -> str:
    """Write the harness whose function ASKED makes these calls one after the other, as `calls` returns them."""
    return _harness(entry, f"told_in_turn({CANDIDATE}, {made.text!r})")


def outcomes(run: Run, count: int) -> list[tuple[str, list[object]]]:
    """Read what the code said of the calls: any text, as it may forge its own answer.

    Raises:
        Wrong, LiteralError: it is not an outcome for each call.
    """
    found = _value(run, "the calls of the tests fail", "a value without a literal")
    if type(found) is not list or len(found) != count or not all(map(_is_outcome, found)):
        raise Wrong("no outcomes of the calls")
    return found


def outcomes_in_turn(run: Run, made: InTurn) -> InTurn:
    """Read what the code said of these calls: any text too.

    Raises:
        Wrong, LiteralError: it is not an outcome for each call.
    """
    found, each = _in_turn(run, "the calls of the tests fail", "a value without a literal")
    if found.count != made.count or not all(map(_is_outcome, each)):
        raise Wrong("no outcomes of the calls")
    if not all(map(_is_table, [table for _, table in each])):
        raise Wrong("no outcomes of the calls")
    return found


def replaying(tests: str, entry: str, head: str, made: InTurn, told: InTurn) -> str:
    """Write the tests as a program whose function NOTED gives all the calls that they make.

    Args:
        tests: the tests, and where there is a function `check`, its definition.
        entry: the name of the function that they test.
        head: code that precedes the tests, such as definitions that the description gives.
        made: calls whose outcomes are known, as `calls` returns them.
        told: their outcomes, as `outcomes_in_turn` returns them.

    Raises:
        Wrong: the tests are no Python.
    """
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise Wrong(f"the tests cannot be run: {type(error).__name__}") from None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    tested = [f"check({CANDIDATE})" for node in functions if node.name == "check"]
    tested += [f"{node.name}()" for node in functions if node.name.startswith("test") and not ast.unparse(node.args)]
    tree.body += ast.parse("\n".join(tested)).body
    enough = ast.ExceptHandler(ast.Name("_Enough", ast.Load()), None, [ast.Pass()])
    tree.body = [ast.Try([*_going_on(tree.body), ast.Pass()], [enough], [], [])]
    stand_in = f"{CANDIDATE} = {entry} = _stand_in({made.text!r}, {told.text!r})"
    if "random" in tests:  # so that each run makes the same calls
        stand_in += "\nimport random as _random\n_random.seed(0)"
    # Raised by the code, they would pass as right in `all(map(candidate, ...))`: only tests that name one are given it.
    ends = [kind for kind, names in _ENDS.items() if not any(name in tests for name in names)]
    stand_in += f"\n_ends, _most = {ends}, {MOST_REPEATS}"
    tables = f"import builtins as _builtins\nexec({TABLES!r}, _tables := {{}})"
    return "\n".join([head, tables, REPLAYING, stand_in, ast.unparse(ast.fix_missing_locations(tree)), ""])


def calls(run: Run) -> InTurn:
    """Read the calls that the tests made, each as the table of a tuple and a dict.

    Raises:
        Wrong: the tests fail, or an argument has no literal.
    """
    found, each = _in_turn(run, "the tests fail", "the tests call the function with a value without a literal")
    if not all(map(_is_table, each)):
        raise Wrong("no calls of the tests")
    return found


def _harness(entry: str, told: str) -> str:
    return ASKING.format(asked=ASKED, text=TABLES + OUTCOMES, candidate=CANDIDATE, entry=entry, calls=told)


def _value(run: Run, failing: str, unwritten: str) -> object:
    if run.outcome != "ok":
        raise Wrong(f"{failing}: {run.outcome}")
    if run.value is None:
        raise Wrong(unwritten)
    return literals.read(run.value)


def _is_outcome(found: Any) -> bool:
    if type(found) not in (tuple, list) or list(map(type, found)) != [str, list]:
        return False
    return found[0].removeprefix("async ") in KINDS | _EXCEPTIONS


def _in_turn(run: Run, failing: str, unwritten: str) -> tuple[InTurn, list[Any]]:
    """Read what a process said in turn, and those that differ: any text too."""

    def check(parts: dict[str, Any]) -> None:
        (kind, items), *others = parts.items() or [("", ())]
        if others or type(items) is not list or list(map(type, items)) != _PARTS.get(kind):
            raise Wrong(unwritten)

    text = _value(run, failing, unwritten)
    try:
        found = json.loads(str(text), object_hook=check, parse_int=_first_digits)
    except (ValueError, RecursionError):
        found = None
    if type(found) is not list or list(map(type, found)) != [list, list]:
        raise Wrong("nothing is told in turn")
    each, places = found
    if not all(type(place) is int and 0 <= place < len(each) for place in places):
        raise Wrong("nothing is told in turn")
    return InTurn(str(text), len(places)), each


def _first_digits(digits: str) -> int:
    """Return a number as large as any place in a list: Python reads very long ones in quadratic time, or not at all."""
    return int(digits[:9])


def _is_table(found: object) -> bool:
    """Return whether this is a table: rows of known kinds, and items that are no rows of another."""
    if type(found) is not list or not all(type(row) is list and row and type(row[0]) is int for row in found):
        return False
    held = [item for row in found for item in row if type(item) is list]
    rows = [list(map(type, item)) == [int] and 0 <= item[0] < len(found) for item in held]
    return all(rows) and all(row[0] in _ROWS for row in found)


def _pair(node: ast.stmt, names: set[str], known: set[str]) -> tuple[str, object] | None:
    """Return the call and the literal of `assert CALL == LITERAL`.

    The arguments are literals, or use a name that neither Python nor the tests define: only the code can.
    """
    match node:
        case ast.Assert(
            test=ast.Compare(left=ast.Call(func=ast.Name(id=name)) as call, ops=[ast.Eq()], comparators=[right])
        ) if name in names:
            parts = [*call.args, *(keyword.value for keyword in call.keywords)]
            used = {each.id for part in parts for each in ast.walk(part) if isinstance(each, ast.Name)}
            if used & names or not (used - known or all(map(literals.is_literal, parts))):
                return None
            return (ast.unparse(call), literals.value_of(right)) if literals.is_literal(right) else None
    return None


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant):
        return bool(node.test.value)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _going_on(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Wrap statements so that those which fail after a call that was not told in its place are skipped."""
    failing = {"_Enough": "raise", "BaseException": "_go_on()"}
    handlers = [ast.ExceptHandler(ast.Name(kind, ast.Load()), None, ast.parse(do).body) for kind, do in failing.items()]
    for node in body:
        for name in ("body", "orelse", "finalbody"):
            if inner := getattr(node, name, None):
                setattr(node, name, list(_going_on(inner)))
        for handler in getattr(node, "handlers", ()):
            handler.body = list(_going_on(handler.body))
        if isinstance(node, _DEFINITIONS | ast.Global | ast.Nonlocal):
            yield node
        else:
            yield ast.Try([node], handlers, [], [])
