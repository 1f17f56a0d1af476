"""Tests and the code that they test, each in a process of its own.

The code is asked for the values of calls and nothing else: `asking` writes the harness that calls it, `outcomes` reads
what it says. Tests that are more than equalities run without the code: `replaying` writes the tests with a stand-in for
the function, which replays the outcomes that are known and notes the calls that are not; `calls` reads the notes.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from codereasoner import literals
from codereasoner.records import Run
from codereasoner.steps.source import parse_any
from codereasoner.task import Wrong

Outcome: TypeAlias = tuple[str, object, object]
"""A kind, a value (a plain one, the items of an iterator or a view, the place of the argument that is returned, or the
name of an exception), and the arguments as the call left them, None if it did not change them."""

CANDIDATE = "candidate"  # what tests call the function
ASKED = "_values_of_calls"  # the harness's function; no name that a program would take
NOTED = "_calls_without_outcome"  # the function of the tests' process
KINDS = ("value", "iterator", "keys", "items", "values", "argument", "raised")

_EXCEPTIONS = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}
_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom

# Subclasses of plain types, such as Counter and namedtuple, are equal to plain values and are sent as these.
_ASKING = """\
def {asked}():
    import builtins as b
    from collections import deque
    views = ((b.type({{}}.keys()), "keys"), (b.type({{}}.items()), "items"), (b.type({{}}.values()), "values"))

    def plain(value):
        kind = b.type(value)
        if kind is b.bool:
            return value
        for known, method in ((b.str, "__str__"), (b.int, "__int__"), (b.float, "__float__")):
            if b.isinstance(value, known):
                return value if kind is known else b.getattr(known, method)(value)
        for known in (b.list, b.tuple, b.set, b.frozenset):
            if b.isinstance(value, known):
                return known([plain(item) for item in known.__iter__(value)])
        if b.isinstance(value, b.dict):
            return {{plain(name): plain(item) for name, item in b.dict.items(value)}}
        return value

    def happened(call, given):
        try:
            value = call()
            for place, argument in b.enumerate(given):
                if value is argument:
                    return "argument", place
            if b.hasattr(b.type(value), "__next__") or b.type(value) is deque:
                return "iterator", plain(b.list(value))
            for kind, name in views:
                if b.type(value) is kind:
                    return name, plain(b.list(value))
        except b.Exception as error:
            known = [kind for kind in b.type.mro(b.type(error)) if b.vars(b).get(kind.__name__) is kind]
            return "raised", known[0].__name__
        return "value", plain(value)

    def outcome(call, given=()):
        before = b.repr(given)
        kind, value = happened(call, given)
        return kind, value, None if b.repr(given) == before else plain(given)

    def called(*arguments, **named):
        return outcome(lambda: {candidate}(*arguments, **named), (*arguments, *named.values()))

    {candidate} = {entry}
    return [{calls}]
"""

_REPLAYING = """\
import builtins as _builtins
import copy as _copy

_noted = []

class _Unknown(BaseException):
    pass

def _change(mine, theirs):
    if type(mine) is tuple:
        for pair in zip(mine, theirs):
            _change(*pair)
    elif type(mine) is list:
        mine[:] = theirs
    elif type(mine) in (dict, set):
        mine.clear()
        mine.update(theirs)

def _stand_in(known):
    outcomes = {repr(call): outcome for call, outcome in known}
    def candidate(*arguments, **named):
        call = repr((arguments, named))
        if call not in outcomes:
            _noted.append(_copy.deepcopy((arguments, named)))
            raise _Unknown
        kind, value, changed = _copy.deepcopy(outcomes[call])
        given = (*arguments, *named.values())
        if changed is not None:
            _change(given, changed)
        if kind == "raised":
            raise getattr(_builtins, value)
        if kind == "value":
            return value
        if kind == "argument":
            return given[value]
        if kind == "keys":
            return dict.fromkeys(value).keys()
        if kind == "items":
            return dict(value).items()
        return dict(enumerate(value)).values() if kind == "values" else iter(value)
    return candidate

def _go_on():
    if not _noted:
        raise

def _calls_without_outcome():
    return _noted
"""


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
    known = set(dir(builtins)) | _assigned([*above.body, *body]) | {CANDIDATE, entry}
    tested = [node for node in (check.body if check else body) if not _does_nothing(node)]
    pairs = [pair for node in tested if (pair := _pair(node, {CANDIDATE, entry}, known))]
    if not pairs or len(pairs) < len(tested):
        return None
    return Equalities(tuple(f"outcome(lambda: {text})" for text, _ in pairs), tuple(value for _, value in pairs))


def asking(entry: str, calls: Sequence[str]) -> str:
    """Write the harness whose function ASKED gives the outcomes of these calls, of Equalities or `call_of`."""
    return _ASKING.format(asked=ASKED, entry=entry, candidate=CANDIDATE, calls=", ".join(calls))


def outcomes(run: Run, count: int) -> list[Outcome]:
    """Read what the code said of the calls: any text, as it may forge its own answer.

    Raises:
        Wrong, LiteralError: it is not the outcomes of so many calls.
    """
    if run.outcome != "ok":
        raise Wrong(f"the calls of the tests fail: {run.outcome}")
    if run.value is None:
        raise Wrong("a value without a literal")
    found = literals.read(run.value)
    if type(found) is not list or len(found) != count or not all(map(_is_outcome, found)):
        raise Wrong("no outcomes of the calls")
    return [
        (kind, value if kind != "raised" or value in _EXCEPTIONS else "Exception", changed)
        for kind, value, changed in found
    ]


def replaying(tests: str, entry: str, head: str, known: Mapping[str, Outcome]) -> str:
    """Write the tests as a program whose function NOTED gives the calls that are not known.

    Args:
        tests: the tests, and where there is a function `check`, its definition.
        entry: the name of the function that they test.
        head: code that stands before the tests, such as definitions that the description gives.
        known: outcomes by call, both as `calls` and `outcomes` return them.

    Raises:
        Wrong: the outcomes are too large to be written.
    """
    try:
        tree = ast.parse(tests)
        table = ", ".join(f"({call}, {literals.write(outcome)})" for call, outcome in known.items())
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise Wrong(f"the tests cannot be run: {type(error).__name__}") from None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    tested = [f"check({CANDIDATE})" for node in functions if node.name == "check"]
    tested += [f"{node.name}()" for node in functions if node.name.startswith("test") and not ast.unparse(node.args)]
    tree.body += ast.parse("\n".join(tested)).body
    tree.body = list(_going_on(tree.body))
    stand_in = f"{CANDIDATE} = {entry} = _stand_in([{table}])"
    if "random" in tests:  # so that each run makes the same calls
        stand_in += "\nimport random as _random\n_random.seed(0)"
    return "\n".join([head, _REPLAYING, stand_in, ast.unparse(ast.fix_missing_locations(tree)), ""])


def calls(run: Run) -> list[str]:
    """Read the arguments of the calls that the tests made and whose outcome was not known, each once.

    Raises:
        Wrong: the tests fail, or an argument has no literal.
    """
    if run.outcome != "ok":
        raise Wrong(f"the tests fail: {run.outcome}")
    if run.value is None:
        raise Wrong("the tests call the function with a value without a literal")
    found = literals.read(run.value)
    if type(found) is not list or not all(
        type(call) is tuple and list(map(type, call)) == [tuple, dict] for call in found
    ):
        raise Wrong("no calls of the tests")
    return list(dict.fromkeys(map(literals.write, found)))


def call_of(arguments: str) -> str:
    """Write a call with arguments as `calls` returns them, as `asking` takes it."""
    positional, named = literals.read(arguments)
    return f"called(*{literals.write(positional)}, **{literals.write(named)})"


def _is_outcome(found: object) -> bool:
    if type(found) is not tuple or len(found) != 3 or found[0] not in KINDS:
        return False
    kind, value, changed = found
    if changed is not None and type(changed) is not tuple:
        return False
    if kind == "items":
        return type(value) is list and all(type(pair) is tuple and len(pair) == 2 for pair in value)
    types = {"value": object, "raised": str, "argument": int}
    return isinstance(value, types.get(kind, list))


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


def _assigned(body: Sequence[ast.stmt]) -> set[str]:
    """Return the names that statements define."""
    found: set[str] = set()
    for node in (each for statement in body for each in ast.walk(statement)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                found |= {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
    return found


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant):
        return bool(node.test.value)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _going_on(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Wrap statements so that those which fail after a call without an outcome are skipped."""
    for node in body:
        for name in ("body", "orelse", "finalbody"):
            if inner := getattr(node, name, None):
                setattr(node, name, list(_going_on(inner)))
        for handler in getattr(node, "handlers", ()):
            handler.body = list(_going_on(handler.body))
        if isinstance(node, _DEFINITIONS | ast.Global | ast.Nonlocal):
            yield node
        else:
            go_on = ast.parse("_go_on()").body
            handlers = [ast.ExceptHandler(ast.Name("BaseException", ast.Load()), None, go_on)]
            yield ast.Try([node], handlers, [], [])
