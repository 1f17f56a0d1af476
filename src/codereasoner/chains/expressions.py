"""Compute an expression from the known values of its variables, one operation at a time, and write each down.

    len(text) > n      ->      len('abc') -> 3,  3 > 2 -> True

Nothing of a program is ever called: only operators, pure methods of the built-in types and a few built-in functions
are applied, to values that came from literals, and only where the result stays small. Where anything else is met, the
trail ends there; what was written down before is true all the same.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from itertools import islice
from typing import Any

from codereasoner import literals
from codereasoner.chains.pure_operations import COMPARISONS, FUNCTIONS, METHODS, OPERATORS, ORDERLESS, SILENT
from codereasoner.literals.work_limits import length

MAX_LENGTH = 200  # characters of a literal, items of a collection
MAX_STEPS = 60


@lru_cache(maxsize=8192)
def unparse(node: ast.AST) -> str:
    """Return the code of a part of a program as Python's own writer puts it; each part is written once."""
    return ast.unparse(node)


class Unknown(Exception):
    """Raised where the value of a part cannot be computed."""


def explain(node: ast.expr, state: Mapping[str, str]) -> list[str]:
    """Return the operations that lead to the value of an expression, as far as they can be computed."""
    return evaluate(node, state)[0]


def evaluate(node: ast.expr, state: Mapping[str, str]) -> tuple[list[str], Any]:
    """Return the operations of an expression, and its value; NotImplemented if it cannot be computed."""
    trail = Trail(state)
    try:
        value = trail.value(node)
    except (Unknown, TypeError, ValueError, LookupError, ArithmeticError):
        return trail.lines, NotImplemented
    return trail.lines, value


class Items(list[object]):
    """The items of what is no list to the program: of an iterator, or of a view of a dictionary, which has a length."""

    is_view = False


class Trail:
    """The operations that lead to the value of an expression, as text: `[1, 2] + [3] -> [1, 2, 3]`."""

    def __init__(self, state: Mapping[str, str]) -> None:
        self.state = state
        self.values: dict[str, object] = {}
        self.lines: list[str] = []

    def value(self, node: ast.expr) -> Any:
        """Return the value of an expression; each operation on the way is written down.

        Raises:
            Unknown: a part of it is none of the operations that may be applied here, or it is an iterator or a view.
        """
        if isinstance(result := self._written(node), Items):
            raise Unknown
        return result

    def items(self, node: ast.expr) -> Any:
        """Return the value of an expression that is only gone over, such as `zip(a, b)`.

        Raises:
            Unknown: as `value` does.
        """
        return self._written(node) if is_silent(node) or isinstance(node, ast.GeneratorExp) else self.value(node)

    def _written(self, node: ast.expr) -> Any:
        write = _WRITERS.get(type(node))
        if write is None or len(self.lines) > MAX_STEPS:
            raise Unknown
        return write(self, node)

    def note(self, operation: str, compute: Callable[[], object]) -> object:
        """Apply an operation and write it down.

        Raises:
            Unknown: it fails, or what it gives is too long.
        """
        try:
            result = compute()
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, MemoryError):
            raise Unknown from None
        self.lines.append(f"{operation} -> {text_of(result)}")
        return result

    def begin_pass(self, target: ast.expr, item: object) -> None:
        """A pass of a comprehension begins."""
        self.lines.append(f"{unparse(target)} {text_of(item)}")

    # ---- one method for each kind of expression

    def _constant(self, node: ast.Constant) -> object:
        return node.value

    def _name(self, node: ast.Name) -> object:
        if node.id not in self.values:
            try:
                value = literals.read(self.state[node.id])
            except (KeyError, literals.LiteralError):
                raise Unknown from None
            if isinstance(value, range) and length(value) > MAX_LENGTH:
                raise Unknown  # a short text; whatever goes over its items, `1.5 in x` among it, takes all of them
            self.values[node.id] = value
        return self.values[node.id]

    def _binary(self, node: ast.BinOp) -> object:
        left, right = self.value(node.left), self.value(node.right)
        sign, apply = OPERATORS.get(type(node.op), ("", None))
        if apply is None or not _stays_small(sign, left, right):
            raise Unknown
        text = f"({text_of(left)})" if sign == "**" and text_of(left)[0] == "-" else text_of(left)
        return self.note(f"{text} {sign} {text_of(right)}", partial(apply, left, right))

    def _unary(self, node: ast.UnaryOp) -> object:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return self.note(f"not {text_of(value)}", lambda: not value)
        if not isinstance(node.op, ast.USub) or type(value) not in (int, float):
            raise Unknown
        return -value

    def _boolean(self, node: ast.BoolOp) -> object:
        """Both words stop at the first part that decides."""
        stops = isinstance(node.op, ast.Or)
        result = None
        for part in node.values:
            result = self.value(part)
            if bool(result) is stops:
                break
        return result

    def _compare(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for sign, part in zip(node.ops, node.comparators, strict=True):
            if isinstance(part, ast.GeneratorExp):
                raise Unknown
            right = self.items(part) if isinstance(sign, ast.In | ast.NotIn) else self.value(part)
            word, apply = COMPARISONS[type(sign)]
            if word.startswith("is") and not any(each is None or each is ... for each in (left, right)):
                raise Unknown  # values that were read anew are other objects than the program's
            if not self.note(f"{text_of(left)} {word} {text_of(right)}", partial(apply, left, right)):
                return False
            left = right
        return True

    def _choice(self, node: ast.IfExp) -> object:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def _subscript(self, node: ast.Subscript) -> object:
        owner = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                self.value(part) if part else None for part in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            text = ":".join("" if bound is None else text_of(bound) for bound in bounds[: 3 if bounds[2] else 2])
            return self.note(f"{text_of(owner)}[{text}]", lambda: owner[slice(*bounds)])
        index = self.value(node.slice)
        return self.note(f"{text_of(owner)}[{text_of(index)}]", lambda: owner[index])

    def _named(self, node: ast.NamedExpr) -> object:
        self.values[node.target.id] = self.value(node.value)
        return self.values[node.target.id]

    def _list(self, node: ast.List) -> list[object]:
        return [self.value(item) for item in node.elts]

    def _tuple(self, node: ast.Tuple) -> tuple[object, ...]:
        return tuple(self.value(item) for item in node.elts)

    def _set(self, node: ast.Set) -> set[object]:
        return {self.value(item) for item in node.elts}

    def _dict(self, node: ast.Dict) -> dict[object, object]:
        if any(key is None for key in node.keys):
            raise Unknown
        return {self.value(key): self.value(item) for key, item in zip(node.keys, node.values, strict=True) if key}

    def _joined(self, node: ast.JoinedStr) -> str:
        parts = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                if part.format_spec or part.conversion != -1:
                    raise Unknown
                value = self.value(part.value)
                if isinstance(value, set | frozenset):
                    raise Unknown
                parts.append(str(value))
            else:
                parts.append(self.value(part))
        return str(self.note(unparse(node), lambda: "".join(parts)))

    def _call(self, node: ast.Call) -> object:
        if any(keyword.arg not in ("reverse", "start", "strict", "default") for keyword in node.keywords):
            raise Unknown
        named = {str(keyword.arg): self.value(keyword.value) for keyword in node.keywords}
        if isinstance(node.func, ast.Name):
            name, owner = node.func.id, None
            function = FUNCTIONS.get(name) if name not in self.state else None
        elif isinstance(node.func, ast.Attribute):
            owner, name = self.value(node.func.value), node.func.attr
            function = getattr(owner, name) if name in METHODS.get(type(owner), ()) else None
        else:
            raise Unknown
        arguments = [self._argument(argument, name) for argument in node.args]
        sets = any(isinstance(each, set | frozenset) for each in arguments)
        if any(isinstance(each, Items) and name in ("len", "bool", "str", "range") for each in arguments) and not (
            name == "len" and getattr(arguments[0], "is_view", False)
        ):
            raise Unknown
        if (sets and owner is None and name not in ORDERLESS) or (sets and isinstance(owner, str)):
            raise Unknown  # the order of a set is that of the run alone
        if function is None or any(
            type(each) is int and abs(each) > MAX_LENGTH for each in arguments if owner is not None
        ):
            raise Unknown
        if name in SILENT:
            return _silently(lambda: function(*arguments, **named), is_view=owner is not None)
        text = ", ".join([*map(text_of, arguments), *(f"{key}={value}" for key, value in named.items())])
        before = ""
        if isinstance(node.func, ast.Attribute):
            before = f"({text_of(owner)})." if type(owner) in (int, float) else f"{text_of(owner)}."
        return self.note(f"{before}{name}({text})", lambda: function(*arguments, **named))

    def _argument(self, node: ast.expr, function: str) -> object:
        """`any` and `all` stop at the item that decides; what else takes a generator takes all of it."""
        if isinstance(node, ast.GeneratorExp) and function in ("any", "all"):
            return self._comprehension(node, stops=function == "any")
        if isinstance(node, ast.GeneratorExp) and function in SILENT:
            raise Unknown
        return self.items(node)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, stops: bool | None = None
    ) -> object:
        """Item by item: `c 'a'` says which one, and then what its parts give; up to the first value that `stops`."""
        if len(node.generators) != 1:
            raise Unknown
        loop = node.generators[0]
        pairs: list[tuple[object, object]] = []
        items = self.items(loop.iter)
        if isinstance(items, set | frozenset) and not isinstance(node, ast.SetComp):
            raise Unknown  # the order of a set is that of the run alone
        for item in items:
            inner = type(self)(self.state)
            inner.values = self.values | _bound(loop.target, item)
            inner.lines = self.lines
            self.begin_pass(loop.target, item)
            begun = len(self.lines)
            try:
                if not all(inner.value(test) for test in loop.ifs):
                    continue
                key = inner.value(node.key) if isinstance(node, ast.DictComp) else None
                pairs.append((key, inner.value(node.value if isinstance(node, ast.DictComp) else node.elt)))
            except Unknown:
                if len(self.lines) == begun:
                    self.lines.pop()  # a pass of which nothing is known is not said
                raise
            if stops is not None and bool(pairs[-1][1]) is stops:
                break
        if isinstance(node, ast.DictComp):
            return dict(pairs)
        values = [value for _, value in pairs]
        made = Items if isinstance(node, ast.GeneratorExp) else set if isinstance(node, ast.SetComp) else list
        return made(values)


def is_silent(node: ast.expr) -> bool:
    """Return whether an expression has no literal, such as `range(3)`."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return name in SILENT


def text_of(value: object) -> str:
    """Return the literal of a value.

    Raises:
        Unknown: it has none, or one that is too long.
    """
    try:
        return literals.write(list(value) if isinstance(value, Items) else value, MAX_LENGTH)
    except literals.NotWritable:
        raise Unknown from None


def texts_of(values: Mapping[str, object]) -> dict[str, str]:
    """Return the literals of values by name, or raise Unknown if one has none, or one that is too long."""
    return {name: text_of(value) for name, value in values.items()}


def _bound(target: ast.expr, item: object) -> dict[str, object]:
    if isinstance(target, ast.Name):
        return {target.id: item}
    if isinstance(target, ast.Tuple) and isinstance(item, tuple) and len(item) == len(target.elts):
        return {
            name: value
            for part, each in zip(target.elts, item, strict=True)
            for name, value in _bound(part, each).items()
        }
    raise Unknown


def _silently(compute: Callable[[], Any], is_view: bool) -> Any:
    try:
        result = compute()
        if isinstance(result, range):
            items: Any = result
        else:
            items = Items(islice(result, MAX_LENGTH + 1))
            items.is_view = is_view
    except (TypeError, ValueError):
        raise Unknown from None
    if length(items) > MAX_LENGTH:
        raise Unknown
    return items


def _stays_small(sign: str, left: Any, right: Any) -> bool:
    if sign == "*":
        sizes = [
            abs(each) if isinstance(each, int) else len(each) if hasattr(each, "__len__") else 1
            for each in (left, right)
        ]
        return (isinstance(left, int) and isinstance(right, int)) or sizes[0] * sizes[1] <= MAX_LENGTH
    if sign == "**":
        return isinstance(left, int | float) and isinstance(right, int) and abs(left) < 10_000 and 0 <= right < 20
    return not (sign == "%" and isinstance(left, str | bytes))


_WRITERS: dict[type[ast.expr], Callable[[Trail, Any], Any]] = {
    ast.Constant: Trail._constant,
    ast.Name: Trail._name,
    ast.BinOp: Trail._binary,
    ast.UnaryOp: Trail._unary,
    ast.BoolOp: Trail._boolean,
    ast.Compare: Trail._compare,
    ast.IfExp: Trail._choice,
    ast.Subscript: Trail._subscript,
    ast.NamedExpr: Trail._named,
    ast.List: Trail._list,
    ast.Tuple: Trail._tuple,
    ast.Set: Trail._set,
    ast.Dict: Trail._dict,
    ast.JoinedStr: Trail._joined,
    ast.Call: Trail._call,
    ast.ListComp: Trail._comprehension,
    ast.SetComp: Trail._comprehension,
    ast.GeneratorExp: Trail._comprehension,
    ast.DictComp: Trail._comprehension,
}
