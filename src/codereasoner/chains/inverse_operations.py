"""Find the variables of an expression, or the items of a loop, with which it gives a wanted value."""

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import product
from typing import Any, TypeAlias

from codereasoner import literals
from codereasoner.chains.expressions import computed
from codereasoner.chains.inverse_tables import FUNCTIONS, KEYS, MAX_MADE, OPERATORS, holder, spaced
from codereasoner.chains.known_values import Unknown, texts_of
from codereasoner.chains.pure_operations import MAX_LENGTH
from codereasoner.steps.source import walk

Needs: TypeAlias = dict[str, Any]  # by variable: the value it must have
Undo: TypeAlias = Callable[[ast.stmt, Needs], Needs]

MAX_GUESSED = 2  # variables of an expression that are tried together
MAX_SOLVED = 3_000  # expressions that are solved for one function: where sides can be shared out, their ways multiply
MAX_WANTED = 10_000  # characters or items of a value on the way to an argument: each inverse may make it longer

_left: ContextVar[list[int]] = ContextVar("solving")  # how many expressions may still be solved


@contextmanager
def solving(left: list[int]) -> Iterator[None]:
    """Take what is solved in this block from `left`; where it is used up, everything else is Unknown."""
    token = _left.set(left)
    try:
        yield
    finally:
        _left.reset(token)


def merge(*parts: Needs) -> Needs:
    """Join what is needed, or raise Unknown if a variable would need two values."""
    found: Needs = {}
    for part in parts:
        for name, value in part.items():
            if name in found and not literals.equal(found[name], value):
                raise Unknown
            found[name] = value
    return found


def solve(node: ast.expr, wanted: object, known: Needs | None = None) -> Needs:
    """Return variables with which an expression gives the wanted value; those in `known` have theirs.

    Raises:
        Unknown: no rule inverts it, or computing it with them gives something else, or it takes too much.
    """
    left = _left.get()
    left[0] -= 1
    if left[0] < 0 or _is_long(wanted, MAX_WANTED):
        raise Unknown
    known = known or {}
    try:
        needs = _solve(node, wanted, known)
    except Unknown:
        return _guess(node, wanted, known)
    found = computed(node, texts_of(known | needs))
    if found is not NotImplemented and not literals.equal(found, wanted):
        raise Unknown
    return needs


def _solve(node: ast.expr, wanted: Any, known: Needs) -> Needs:
    if not variables_in(node) - set(known):
        return {}  # `solve` compares what it gives
    match node:
        case ast.Name(id=name):
            return {name: wanted}
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return solve(inner, -wanted, known)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            if type(wanted) is not (tuple if isinstance(node, ast.Tuple) else list) or len(wanted) != len(parts):
                raise Unknown
            return merge(*(solve(part, item, known) for part, item in zip(parts, wanted, strict=True)))
        case ast.BinOp():
            return _solve_operator(node, wanted, known)
        case ast.Subscript(value=inner, slice=ast.Slice() as cut):
            return solve(inner, _before_slice(cut, wanted, known), known)
        case ast.Subscript(value=inner, slice=index) if not variables_in(index) - set(known):
            return solve(inner, holder(constant(index, known), wanted), known)
        case ast.Call(func=ast.Name(id=function), args=[inner]) if function in FUNCTIONS:
            return solve(inner, FUNCTIONS[function](wanted), known)
        case ast.Call(func=ast.Attribute(value=inner, attr=method), args=arguments, keywords=[]):
            return _solve_method(inner, method, arguments, wanted, known)
        case ast.ListComp(elt=element, generators=[loop]) | ast.GeneratorExp(elt=element, generators=[loop]):
            return solve_items(loop.target, loop.iter, element, list(wanted), known, tests=loop.ifs)
        case ast.DictComp(key=key, value=value, generators=[loop]) if isinstance(wanted, dict):
            return solve_items(loop.target, loop.iter, ast.Tuple([key, value], ast.Load()), [*wanted.items()], known)
        case ast.JoinedStr(values=parts) if isinstance(wanted, str):
            return _solve_text(parts, wanted, known)
        case ast.IfExp(body=body, orelse=orelse):
            try:
                return solve(body, wanted, known)
            except Unknown:
                return solve(orelse, wanted, known)
    raise Unknown


def _guess(node: ast.expr, wanted: object, known: Needs) -> Needs:
    """Return variables with which an expression gives the wanted value, some of which are tried in turn.

    These are arguments, bounds of slices and indices: `text.rjust(size, fill)` gives 'w' if text is 'w' and size is 1.
    """
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr=method), args=arguments):
            places = [inner] if method == "join" else [*arguments]
        case ast.Subscript(slice=ast.Slice() as cut):
            places = [part for part in (cut.lower, cut.upper, cut.step) if part is not None]
        case ast.Subscript(slice=index):
            places = [index]
        case _:
            raise Unknown
    names = list(dict.fromkeys(each.id for each in places if isinstance(each, ast.Name) and each.id not in known))
    if not 1 <= len(names) <= MAX_GUESSED:
        raise Unknown
    size = [len(wanted)] if isinstance(wanted, str | list) else []
    for values in product((0, *size, 1, " ", ",", "x", ""), repeat=len(names)):
        guessed = dict(zip(names, values, strict=True))
        if _left.get()[0] < 0:
            break
        try:
            needs = merge(guessed, solve(node, wanted, known | guessed))
        except (Unknown, TypeError, ValueError, LookupError):
            continue
        found = computed(node, texts_of(known | needs))
        if found is not NotImplemented and literals.equal(found, wanted):
            return needs
    raise Unknown


def variables_in(node: ast.AST) -> set[str]:
    """Return the names in an expression but those of the functions that are inverted."""
    return {each.id for each in walk(node) if isinstance(each, ast.Name) and each.id not in FUNCTIONS}


def constant(node: ast.expr, known: Needs | None = None) -> Any:
    """Return the value of an expression whose variables are known, or raise Unknown if it cannot be computed."""
    value = computed(node, texts_of(known or {}))
    if value is NotImplemented or _is_long(value, MAX_LENGTH):
        raise Unknown
    return value


def _is_long(value: Any, limit: int) -> bool:
    return isinstance(value, str | bytes | list | tuple | dict | set | frozenset) and len(value) > limit


# ---- operators


def _solve_operator(node: ast.BinOp, wanted: Any, known: Needs) -> Needs:
    is_left = bool(variables_in(node.left) - set(known))
    inner, other = (node.left, node.right) if is_left else (node.right, node.left)
    if variables_in(other) - set(known):
        return _solve_both(node, wanted, known)
    rule = OPERATORS.get(type(node.op))
    if rule is None:
        raise Unknown
    return solve(inner, rule(wanted, constant(other, known), is_left), known)


def _solve_both(node: ast.BinOp, wanted: object, known: Needs) -> Needs:
    """Share the wanted value out to two unknown sides: what a list literal holds, else all to one side."""
    if not isinstance(node.op, ast.Add | ast.Mult) or type(wanted) not in (int, float, str, list):
        raise Unknown
    neutral = 1 if isinstance(node.op, ast.Mult) else type(wanted)()
    shares = [(wanted, neutral), (neutral, wanted)]
    if isinstance(node.right, ast.List) and isinstance(wanted, list):
        place = max(0, len(wanted) - len(node.right.elts))
        shares = [(wanted[:place], wanted[place:])]
    elif isinstance(node.left, ast.List) and isinstance(wanted, list):
        shares = [(wanted[: len(node.left.elts)], wanted[len(node.left.elts) :])]
    for left, right in shares:
        try:
            return merge(solve(node.left, left, known), solve(node.right, right, known))
        except Unknown:
            continue
    raise Unknown


def _before_slice(cut: ast.Slice, wanted: object, known: Needs) -> object:
    """Return a sequence whose slice is the wanted one: `[::-1]`, `[:3]`, `[2:]`, `[::2]`."""
    low, high, step = (constant(part, known) if part else None for part in (cut.lower, cut.upper, cut.step))
    if not isinstance(wanted, str | list | tuple):
        raise Unknown
    if step == -1 and low is high is None:
        return wanted[::-1]
    filler: Any = wanted[:1] or (" " if isinstance(wanted, str) else type(wanted)([0]))
    if type(step) is int and 1 < step <= MAX_MADE and low is high is None:
        return type(wanted)().join(each * step for each in wanted) if isinstance(wanted, str) else spaced(wanted, step)
    if step is not None or max(abs(low or 0), abs(high or 0)) > MAX_MADE:
        raise Unknown
    before = low if type(low) is int and low > 0 else 0
    after = -high if type(high) is int and high < 0 else 0
    return filler * before + wanted + filler * after


# ---- functions and methods


def _solve_method(inner: ast.expr, method: str, arguments: Sequence[ast.expr], wanted: Any, known: Needs) -> Needs:
    if method == "join" and isinstance(wanted, str) and len(arguments) == 1:
        separator = constant(inner, known)
        return solve(arguments[0], wanted.split(separator) if separator else list(wanted), known)
    given = [constant(each, known) for each in arguments]
    if method in KEYS and not given:
        return solve(inner, KEYS[method](wanted), known)
    match method, given:
        case "swapcase", []:
            return solve(inner, wanted.swapcase(), known)
        case "split", []:
            return solve(inner, " ".join(wanted), known)
        case "split", [str(separator)]:
            return solve(inner, separator.join(wanted), known)
        case "count", [str(part)] if type(wanted) is int and 0 <= wanted <= MAX_MADE:
            return solve(inner, part * wanted, known)
        case (("find" | "index"), [str(part)]) if type(wanted) is int and 0 <= wanted <= MAX_MADE:
            return solve(inner, ("a" if part[:1] != "a" else "b") * wanted + part, known)
        case "get", [key, *_]:
            return solve(inner, {key: wanted}, known)
    if not isinstance(wanted, str):
        raise Unknown
    return solve(inner, _kept(method, given, wanted), known)


def _kept(method: str, given: Sequence[Any], wanted: str) -> str:
    """Return the wanted string where a method leaves it, or a part of it, as it is."""
    shorter = wanted.lstrip(wanted[:1]) if method in _PADDING else wanted
    for text in (wanted, shorter, wanted.strip()):
        call = ast.Call(ast.Attribute(ast.Constant(text), method), [ast.Constant(each) for each in given], [])
        if literals.equal(constant(call, {}), wanted):
            return text
    raise Unknown


_PADDING = ("zfill", "rjust", "ljust", "center")


def _solve_text(parts: Sequence[ast.expr], wanted: str, known: Needs) -> Needs:
    """Solve the one hole of an f-string; what is around it is known."""
    holes = [place for place, part in enumerate(parts) if isinstance(part, ast.FormattedValue)]
    if len(holes) != 1:
        raise Unknown
    before, after = (
        "".join(str(constant(part, known)) for part in some) for some in (parts[: holes[0]], parts[holes[0] + 1 :])
    )
    if not wanted.startswith(before) or not wanted.endswith(after):
        raise Unknown
    hole = parts[holes[0]]
    assert isinstance(hole, ast.FormattedValue)
    return solve(hole.value, wanted[len(before) : len(wanted) - len(after)], known)


# ---- items of loops and comprehensions


def solve_items(
    target: ast.expr,
    iterable: ast.expr,
    part: ast.expr,
    shares: Sequence[object],
    known: Needs,
    before: Sequence[ast.stmt] = (),
    undo: Undo = lambda statement, needs: needs,
    tests: Sequence[ast.expr] = (),
) -> Needs:
    """Return what an iterable needs whose items make an expression give each of the shares, one a pass.

    `undo` undoes the statements `before` the expression in each pass. An item of which nothing else is needed is one
    that passes the `tests`.

    Raises:
        Unknown: a pass is not inverted, or two passes need two values of one variable around the loop.
    """
    match iterable:
        case ast.Call(func=ast.Name(id="range"), args=[ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=owner)])]):
            assert isinstance(target, ast.Name)
            part = _Indexed(owner, target.id).visit(ast.parse(ast.unparse(part), mode="eval").body)
            pairs: ast.expr = ast.Tuple([target, ast.Name(_ITEM, ast.Load())], ast.Store())
            iterable, target, counted = ast.Name(owner, ast.Load()), pairs, True
        case (
            ast.Call(func=ast.Name(id="reversed"), args=[inner])
            | ast.Subscript(
                value=inner, slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp(operand=ast.Constant(value=1)))
            )
        ):
            return solve_items(target, inner, part, shares[::-1], known, before, undo, tests)
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner]):
            iterable, counted = inner, True
        case ast.Call(func=ast.Name(id="range"), args=[inner]):
            for place, share in enumerate(shares):
                solve(part, share, known | {_name(target): place})
            return solve(inner, len(shares), known)
        case _:
            counted = False
    items: list[Any] = []
    outer: Needs = {}
    for place, share in enumerate(shares):
        names = [each.id for each in walk(target) if isinstance(each, ast.Name)]
        counts = {names[0]: place} if counted else {}
        needs = solve(part, share, known | counts)
        for statement in reversed(before):
            needs = undo(statement, needs)
        outer = merge(outer, {name: value for name, value in needs.items() if name not in names})
        own = names[1:] if counted else names
        if len(own) == 1 and own[0] not in needs and tests:
            needs |= _passing(own[0], tests, known)
        values = tuple(needs.get(each, place) for each in own)
        items.append(values[0] if len(values) == 1 else values)
    match iterable:
        case ast.Call(func=ast.Attribute(value=inner, attr="items")):
            return merge(outer, solve(inner, dict(items), known))
    return merge(outer, solve(iterable, _sequence(items), known))


def _passing(name: str, tests: Sequence[ast.expr], known: Needs) -> Needs:
    """Return the variable of a loop with a simple value, or a constant of the tests, that passes them."""
    constants = [each.value for test in tests for each in ast.walk(test) if isinstance(each, ast.Constant)]
    for value in (*constants, "a", "A", "1", " ", 1, 2, 0, -1, 3, 10):
        results = [computed(test, texts_of({**known, name: value})) for test in tests]
        if all(each is not NotImplemented and each for each in results):
            return {name: value}
    raise Unknown


def _sequence(items: list[Any]) -> Any:
    return "".join(items) if items and all(type(each) is str and len(each) == 1 for each in items) else items


def _name(target: ast.expr) -> str:
    if not isinstance(target, ast.Name):
        raise Unknown
    return target.id


_ITEM = "item of a pass"


class _Indexed(ast.NodeTransformer):
    """Reads `owner[index]` as the item of a pass."""

    def __init__(self, owner: str, index: str) -> None:
        self.owner, self.index = owner, index

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        match node:
            case ast.Subscript(value=ast.Name(id=owner), slice=ast.Name(id=index)):
                if (owner, index) == (self.owner, self.index):
                    return ast.Name(_ITEM, ast.Load())
        self.generic_visit(node)
        return node
