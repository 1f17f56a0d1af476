"""Compute arguments from a wanted value and the text of a program: undo each statement, the last one first.

Nothing is read off a run. Where several values would do (`x.lower()`, a filter, a sum) the nearest one is assumed, so
whoever uses the arguments runs the call to find out whether they are right.
"""

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from codereasoner import literals
from codereasoner.chains.abstract_execution import after, names_set
from codereasoner.chains.expressions import computed
from codereasoner.chains.inverse_operations import (
    MAX_SOLVED,
    Needs,
    constant,
    merge,
    solve,
    solve_items,
    solving,
    variables_in,
)
from codereasoner.chains.known_values import Unknown, text_of, texts_of
from codereasoner.chains.statement_lines import header
from codereasoner.steps.source import split_lines, walk

MAX_PATHS = 8  # ways through the branches of a function that are undone
MAX_FOLLOWED = 100  # that are looked at to find them: there are two to the power of its `if`s, and all may raise
MAX_STATEMENTS = 100  # of a function that is undone; longer ones make chains that nobody would read
MAX_PARTS = 2_000  # of it: names, constants, operators; each is looked at many times
MAX_COUNT = 200  # items that a loop is taken to have counted
MAX_WIDTH = 12  # characters that one pass of a loop adds to a string

Path: TypeAlias = tuple[ast.stmt, ...]


@dataclass(frozen=True)
class Inversion:
    """Arguments that may give the wanted value, and the sentences that lead to them."""

    arguments: Mapping[str, object]
    lines: tuple[str, ...]


def invert(source: str, function: ast.FunctionDef, wanted: object) -> Iterator[Inversion]:
    """Undo each way through the branches of a function; what cannot be undone is left out."""
    yield from (found for found in undone(source, function, wanted) if isinstance(found, Inversion))


def undone(source: str, function: ast.FunctionDef, wanted: object) -> Iterator[Inversion | ast.stmt]:
    """Undo each way through the branches of a function: its inversion, or the statement that cannot be undone."""
    parameters = {each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    nodes = walk(function)
    if len(nodes) > MAX_PARTS or sum(isinstance(node, ast.stmt) for node in nodes) > MAX_STATEMENTS:
        return
    lines = tuple(split_lines(source))
    left = [MAX_SOLVED]
    body = with_lengths(function).body
    paths = (path for path in islice(_paths(body), MAX_FOLLOWED) if path is not None)
    for path in islice(paths, MAX_PATHS):
        with solving(left):
            found = _undo(path, wanted, lines)
        if isinstance(found, ast.stmt) or (found.arguments and set(found.arguments) <= parameters):
            yield found


def with_lengths(function: ast.FunctionDef) -> ast.FunctionDef:
    """Return a function whose loops name their length, `range(len(text))` for `range(0, count)`; it is a copy then."""
    if not any(map(_may_name_length, walk(function))):
        return function
    found = _Lengths(function).visit(copy.deepcopy(function))
    assert isinstance(found, ast.FunctionDef)
    return found


def _may_name_length(node: ast.AST) -> bool:
    """Return whether a node may be `range(count)` or `range(0, count)`."""
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[ast.Name()] | [_, _, *_]):
            return True
    return False


class _Lengths(ast.NodeTransformer):
    """Reads `range(count)` as `range(len(text))` where `count = len(text)` is the only assignment of count."""

    def __init__(self, function: ast.FunctionDef) -> None:
        sets = [each for each in ast.walk(function) if isinstance(each, ast.stmt)]
        names = [name for each in sets for name in names_set(each)]
        self.lengths = {
            each.targets[0].id: each.value
            for each in sets
            if isinstance(each, ast.Assign)
            and isinstance(each.targets[0], ast.Name)
            and isinstance(each.value, ast.Call)
            and ast.unparse(each.value.func) == "len"
            and names.count(each.targets[0].id) == 1
        }

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Name) or node.func.id != "range":
            return node
        args = [self.lengths.get(each.id, each) if isinstance(each, ast.Name) else each for each in node.args]
        if len(args) == 2 and isinstance(args[0], ast.Constant) and args[0].value == 0:
            args = args[1:]
        return ast.copy_location(ast.Call(node.func, args, node.keywords), node)


FAILURES = (Unknown, literals.LiteralError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError)


def _paths(body: Sequence[ast.stmt]) -> Iterator[Path | None]:
    """Yield each way from the first statement to a `return`, None for one that raises.

    A loop is one statement of a way, and an `if` one of its blocks.
    """
    if not body:
        yield ()
        return
    first, *rest = body
    if isinstance(first, ast.Return):
        yield (first,)
    elif isinstance(first, ast.If):
        for block in (first.body, first.orelse):
            yield from _paths([*block, *rest])
    elif isinstance(first, ast.Raise):
        yield None
    else:
        yield from (None if path is None else (first, *path) for path in _paths(rest))


def _undo(path: Path, wanted: object, source: tuple[str, ...]) -> Inversion | ast.stmt:
    needs: Needs = {}
    lines: list[str] = []
    for statement in reversed(path):
        try:
            if isinstance(statement, ast.Return) and statement.value is not None:
                result, own, rest = wanted, solve(statement.value, wanted), needs
            elif (found := _own_needs(statement, needs)) is None:
                continue
            else:
                name, own = found
                result, rest = needs[name], {each: value for each, value in needs.items() if each != name}
            needs = merge(rest, own)
            lines.append(_sentence(statement, result, own, source))
        except FAILURES:
            return statement
    return Inversion(needs, tuple(lines))


def undo_statement(statement: ast.stmt, needs: Needs) -> Needs:
    """Return what is needed before a statement, given what is needed after it.

    Raises:
        Unknown: it changes a needed variable in a way that is not undone.
    """
    found = _own_needs(statement, needs)
    if found is None:
        return needs
    return merge({name: value for name, value in needs.items() if name != found[0]}, found[1])


def _own_needs(statement: ast.stmt, needs: Needs) -> tuple[str, Needs] | None:
    """The needed variable that a statement sets, and what it must have met to do so; None: it sets none of them."""
    touched = {name for node in walk(statement) for name in names_set(node)} & set(needs)
    if not touched:
        return None
    if len(touched) > 1:
        raise Unknown
    [name] = touched
    value = needs[name]
    match statement:
        case ast.Assign(targets=[ast.Name()], value=expression):
            return name, solve(expression, value)
        case ast.AugAssign(target=ast.Name(), op=sign, value=expression):
            return name, solve(ast.BinOp(ast.Name(name, ast.Load()), sign, expression), value)
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(), slice=key)], value=expression):
            return name, merge({name: value}, solve(expression, value[constant(key)]))
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(), attr=method), args=arguments)):
            if any(variables_in(each) for each in arguments):
                return name, _before_variables(name, method, value, arguments)
            return name, {name: _before_method(method, value, [constant(each) for each in arguments])}
        case ast.For(orelse=[]):
            return name, _solve_passes(statement, name, value)
    raise Unknown


def _before_method(method: str, value: object, given: Sequence[object]) -> object:
    """Return what a method changed to this value; a value that it leaves as it is, where there is one."""
    match method, given, value:
        case "reverse", [], list():
            return value[::-1]
        case "append", [item], [*before, last] if literals.equal(last, item):
            return before
        case "insert", [0, item], [first, *rest] if literals.equal(first, item):
            return rest
        case "extend", [list(items)], list() if items and literals.equal(value[-len(items) :], items):
            return value[: -len(items)]
        case "pop", [] | [-1], list():
            return [*value, *(value[-1:] or [0])]
        case "pop", [0], list():
            return [*(value[:1] or [0]), *value]
        case "sort", [], list() if literals.equal(value, sorted(value)):
            return value
        case "add", [item], set() if item in value:
            return value
        case "update", [dict(items)], dict() if literals.equal(value | items, value):
            return value
    raise Unknown


def _before_variables(name: str, method: str, value: Any, arguments: Sequence[ast.expr]) -> Needs:
    """Return what a method changed whose arguments are variables: an item at either end of a list was added by it."""
    match method, arguments, value:
        case "append", [item], [*before, last]:
            return merge({name: before}, solve(item, last))
        case "insert", [place, item], [first, *rest]:
            return merge({name: rest}, solve(place, 0), solve(item, first))
        case "extend", [items], [*before, last]:
            return merge({name: before}, solve(items, [last]))
        case "update", [items], dict() if value:
            *before, last = value.items()
            return merge({name: dict(before)}, solve(items, dict([last])))
    raise Unknown


# ---- loops


def _solve_passes(loop: ast.For, name: str, wanted: object) -> Needs:
    """Return what a loop goes over when it leaves the wanted value in the variable that its passes add to."""
    body = _straight(loop.body)
    places = [place for place, each in enumerate(body) if name in names_set(each)]
    if not places:
        raise Unknown
    tests = _tests(loop.body, body[places[0]])
    for part, shares in _shares(body[places[0]], name, wanted, len(places)):
        try:
            return solve_items(loop.target, loop.iter, part, shares, {}, body[: places[0]], undo_statement, tests)
        except (Unknown, TypeError, ValueError, LookupError):
            continue
    raise Unknown


def _straight(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return the statements of a pass that goes into the first block of each `if`."""
    return [each for one in body for each in (_straight(one.body) if isinstance(one, ast.If) else [one])]


def _tests(body: Sequence[ast.stmt], wanted: ast.stmt) -> list[ast.expr]:
    """Return the tests of the `if`s around a statement of a pass, which goes into their first blocks."""
    for each in body:
        if isinstance(each, ast.If) and any(inner is wanted for inner in ast.walk(each)):
            return [each.test, *_tests(each.body, wanted)]
    return []


def _shares(statement: ast.stmt, name: str, wanted: Any, count: int) -> Iterator[tuple[ast.expr, list[Any]]]:
    """Yield the expression that a pass adds, and what it adds in each pass; `count` additions make one pass."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append"), args=[part])) if isinstance(wanted, list):
            yield part, wanted[::count]
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="insert"), args=[ast.Constant(value=0), part])):
            yield part, wanted[::-1][::count]
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="add"), args=[part])) if isinstance(wanted, set):
            yield part, sorted(wanted)
        case ast.Assign(targets=[ast.Subscript(slice=key)], value=value) if isinstance(wanted, dict):
            if name not in variables_in(value):
                yield ast.Tuple([key, value], ast.Load()), [*wanted.items()]
            yield key, _repeated(wanted)
        case ast.AugAssign(target=ast.Subscript(slice=key)) if isinstance(wanted, dict):
            yield key, _repeated(wanted)
        case ast.AugAssign(target=ast.Name(), op=ast.Add(), value=part):
            yield from _added(part, wanted, count)
        case ast.AugAssign(target=ast.Name(), op=ast.Sub(), value=part) if isinstance(wanted, int | float):
            yield part, [-wanted] if wanted else []
        case ast.Assign(targets=[ast.Name()], value=ast.BinOp(left=ast.Name(id=left), op=ast.Add(), right=part)):
            if left == name:
                yield from _added(part, wanted, count)
        case ast.Assign(targets=[ast.Name()], value=ast.BinOp(left=part, op=ast.Add(), right=ast.Name(id=right))):
            if right == name:
                yield from ((part, shares[::-1]) for part, shares in _added(part, wanted, count))


def _repeated(counts: dict[Any, Any]) -> list[Any]:
    """Return the keys of a dictionary of counts, each as often as it was counted."""
    if not all(type(each) is int and each >= 0 for each in counts.values()) or sum(counts.values()) > MAX_COUNT:
        raise Unknown
    return [key for key, times in counts.items() for _ in range(times)]


def _added(part: ast.expr, wanted: object, count: int) -> Iterator[tuple[ast.expr, list[object]]]:
    match part, wanted:
        case ast.List(elts=[item]), list():
            yield item, wanted[::count]
        case _, str():
            for width in range(1, MAX_WIDTH + 1):
                if len(wanted) % (width * count) == 0:
                    yield part, [wanted[at : at + width] for at in range(0, len(wanted), width * count)]
            yield part, [wanted]
        case ast.Constant(value=int(one)), int() if one and wanted % one == 0 and 0 <= wanted // one <= MAX_COUNT:
            yield part, [one] * (wanted // one)
        case _, int() | float():
            yield part, [wanted] if wanted else []


# ---- sentences


def _sentence(statement: ast.stmt, result: object, own: Needs, source: tuple[str, ...]) -> str:
    """`x = x + 3` must give 5, which it does if x is 2."""
    code = header(statement, source)
    if isinstance(statement, ast.For):
        head = f"`{code.rstrip(':')}` must leave {text_of(result)}"
    else:
        head = f"`{code}` must give {text_of(result)}"
    if not own:
        return f"{head}, which it does."
    verb = "does" if is_certain(statement, own, result) else "may"
    return f"{head}, which it {verb} {' and '.join(f'if {name} is {text_of(value)}' for name, value in own.items())}."


def is_certain(statement: ast.stmt, state: Needs, result: object) -> bool:
    """Return whether a statement gives a value in a state; False also if it cannot be computed."""
    try:
        before = texts_of(state)
        match statement:
            case ast.Return(value=ast.expr() as expression) | ast.Assign(targets=[ast.Name()], value=expression):
                found = computed(expression, before)
                return found is not NotImplemented and literals.equal(found, result)
        [name] = statement_names if len(statement_names := sorted(names_set(statement))) == 1 else [""]
        known = after([statement], before)
        return known is not None and known.get(name) == text_of(result)
    except Unknown:  # a value has no literal, or one that is too long
        return False
