"""Compute an expression from the known values of its variables, one operation at a time, and write each down.

    len(text) > n      ->      len('abc') -> 3,  3 > 2 -> True

Nothing of a program is ever called: only operators, pure methods of the built-in types and a few built-in functions
are applied, to values that came from literals, and only where the result stays small. Where anything else is met, the
trail ends there; what was written down before is true all the same.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from codereasoner import literals
from codereasoner.chains.known_values import Items, Unknown, silently, text_of
from codereasoner.chains.pure_operations import (
    COMPARISONS,
    FUNCTIONS,
    LAST_METHODS,
    MAX_LENGTH,
    METHODS,
    OPERATORS,
    ORDERLESS,
    SILENT,
    is_silent,
    stays_small,
)
from codereasoner.literals.work_limits import length
from codereasoner.steps.marks import attributes

MAX_STEPS = 60  # operations that are written down
_SETS = {set, frozenset}
_NAN, _BRACKETS = "float('nan')", frozenset("[({")
MAX_BRIEF_STEPS = 1_000  # with those of passes that are left out: one for each of MAX_LENGTH items, a few in each


@lru_cache(maxsize=8192)
def unparse(node: ast.AST) -> str:
    """Return the code of a part of a program as Python's own writer puts it; each part is written once."""
    return ast.unparse(node)


def evaluate(
    node: ast.expr, state: Mapping[str, str], brief: bool = False, is_last: bool = False
) -> tuple[list[str], Any]:
    """Return the operations of an expression, and its value; NotImplemented if it cannot be computed.

    Args:
        brief: leave out those of the passes of comprehensions and of the keys of a sort.
        is_last: nothing is computed in this state afterwards; the expression may be a `pop` that changes it.
    """
    trail = Trail(state, brief)
    trail.changing = node if is_last else None
    try:
        value = trail.value(node)
    except (Unknown, TypeError, ValueError, LookupError, ArithmeticError):
        return trail.lines, NotImplemented
    return trail.lines, value


def computed(node: ast.expr, state: Mapping[str, str]) -> Any:
    """Return the value of an expression; NotImplemented if it cannot be computed."""
    return evaluate(node, state, brief=True)[1]


class Trail:
    """The operations that lead to the value of an expression, as text: `[1, 2] + [3] -> [1, 2, 3]`."""

    methods = METHODS
    text = staticmethod(text_of)

    def __init__(self, state: Mapping[str, str], brief: bool = False) -> None:
        self.state, self.brief = state, brief
        self.values: dict[str, object] = {}
        self.lines: list[str] = []
        self.changing: ast.expr | None = None  # the last operation, after which nobody looks at the state
        self.left = [MAX_BRIEF_STEPS if brief else MAX_STEPS]  # operations, of the whole expression: passes share it

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
        return self._written(node) if isinstance(node, ast.GeneratorExp) or is_silent(node) else self.value(node)

    def _written(self, node: ast.expr) -> Any:
        write = _WRITERS.get(type(node))
        if write is None or self.left[0] < 0:
            raise Unknown
        return write(self, node)

    def say(self, line: str) -> None:
        """Write a line down."""
        self.lines.append(line)
        self.left[0] -= 1

    def note(self, operation: str, compute: Callable[[], object]) -> object:
        """Apply an operation and write it down.

        Raises:
            Unknown: it fails, or what it gives is too long; or it depends on which nan is which.
        """
        if operation.count(_NAN) > 1 and not _BRACKETS.isdisjoint(operation.replace(_NAN, "")):
            raise Unknown  # in containers, the same object counts as equal
        try:
            result = compute()
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, MemoryError):
            raise Unknown from None
        self.say(f"{operation} -> {self.text(result)}")
        return result

    def begin_pass(self, target: ast.expr, item: object) -> None:
        """A pass of a comprehension begins."""
        self.say(f"{unparse(target)} {self.text(item)}")

    def _pass(self, target: ast.expr, item: object) -> Trail:
        """Begin a pass, or the call of a key; return the trail that it is written on."""
        inner = type(self)(self.state, self.brief)
        inner.left = self.left
        inner.values = self.values | _bound(target, item)
        inner.lines = [] if self.brief else self.lines
        inner.begin_pass(target, item)
        return inner

    # ---- one method for each kind of expression

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

    def _attribute(self, node: ast.Attribute) -> object:
        """Read what the trace shows of an instance, such as `self.n` off `<Box n=3>`."""
        try:
            return literals.read(self._shown(node))
        except literals.LiteralError:
            raise Unknown from None

    def _shown(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name) if name not in self.values:
                return self.state.get(name, "")
            case ast.Attribute(value=owner, attr=name):
                return attributes(self._shown(owner)).get(name, "")
        raise Unknown

    def _binary(self, node: ast.BinOp) -> object:
        left, right = self.value(node.left), self.value(node.right)
        sign, apply = OPERATORS.get(type(node.op), ("", None))
        if apply is None or not stays_small(sign, left, right):
            raise Unknown
        text = self.text(left)
        if sign == "**" and text.startswith("-"):
            text = f"({text})"
        return self.note(f"{text} {sign} {self.text(right)}", partial(apply, left, right))

    def _unary(self, node: ast.UnaryOp) -> object:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return self.note(f"not {self.text(value)}", lambda: not value)
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
            if not self.note(f"{self.text(left)} {word} {self.text(right)}", partial(apply, left, right)):
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
            text = ":".join("" if bound is None else self.text(bound) for bound in bounds[: 3 if bounds[2] else 2])
            return self.note(f"{self.text(owner)}[{text}]", lambda: owner[slice(*bounds)])
        index = self.value(node.slice)
        return self.note(f"{self.text(owner)}[{self.text(index)}]", lambda: owner[index])

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
        called = node.func
        if isinstance(called, ast.Name) and called.id == "isinstance" and len(node.args) == 2 and not node.keywords:
            return self._is_kind(*node.args)
        named = self._keywords(node.keywords) if node.keywords else {}
        if isinstance(called, ast.Name):
            name, owner = called.id, None
            function = FUNCTIONS.get(name) if name not in self.state else None
        elif isinstance(called, ast.Attribute):
            owner, name = self.value(called.value), called.attr
            methods = LAST_METHODS if node is self.changing else self.methods
            function = getattr(owner, name) if name in methods.get(type(owner), ()) else None
        else:
            raise Unknown
        arguments = [self._argument(argument, name) for argument in node.args]
        types = set(map(type, arguments))
        if Items in types and (
            name in ("bool", "str", "range") or (name == "len" and not getattr(arguments[0], "is_view", False))
        ):
            raise Unknown
        if types & _SETS and (isinstance(owner, str) or (owner is None and name not in ORDERLESS)):
            raise Unknown  # the order of a set is that of the run alone
        numbers = [each for each in arguments if type(each) is int] if owner is not None and int in types else ()
        if function is None or (numbers and max(map(abs, numbers)) > MAX_LENGTH):
            raise Unknown
        if name in SILENT:
            return silently(lambda: function(*arguments, **named), is_view=owner is not None)
        texts = [*map(self.text, arguments), *(f"{key}={value}" for key, value in named.items())]
        for each in node.keywords:
            if each.arg == "key":
                named["key"] = self._key(each.value, arguments)
                texts.append(f"key={unparse(each.value)}")
        if owner is not None:
            name = f"({self.text(owner)}).{name}" if type(owner) in (int, float) else f"{self.text(owner)}.{name}"
        return self.note(f"{name}({', '.join(texts)})", lambda: function(*arguments, **named))

    def _keywords(self, keywords: Sequence[ast.keyword]) -> dict[str, Any]:
        """Return the values of named arguments but `key`, which has none."""
        if any(each.arg not in ("reverse", "start", "strict", "default", "key") for each in keywords):
            raise Unknown
        return {str(each.arg): self.value(each.value) for each in keywords if each.arg != "key"}

    def _is_kind(self, part: ast.expr, kinds: ast.expr) -> object:
        names = [unparse(each) for each in (kinds.elts if isinstance(kinds, ast.Tuple) else [kinds])]
        types = tuple(each for name in names if isinstance(each := FUNCTIONS.get(name), type))
        if len(types) < len(names) or self.state.keys() & {"isinstance", *names}:
            raise Unknown
        value = self.value(part)
        return self.note(f"isinstance({self.text(value)}, {unparse(kinds)})", lambda: isinstance(value, types))

    def _key(self, node: ast.expr, arguments: list[Any]) -> Callable[[object], object]:
        """Return the key of a sort, whose value for each item is written down as in a pass of a comprehension."""
        if isinstance(node, ast.Name) and node.id in FUNCTIONS and node.id not in self.state:
            return FUNCTIONS[node.id]
        if isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            if node.attr in METHODS.get(type(owner), ()):
                return getattr(owner, node.attr)  # type: ignore[no-any-return]
        if not isinstance(node, ast.Lambda) or len(arguments) != 1 or isinstance(arguments[0], set | frozenset):
            raise Unknown
        parameter = ast.Name(unparse(node.args), ast.Load())
        if not parameter.id.isidentifier():
            raise Unknown
        keys: list[object] = []
        for item in arguments[0]:
            inner = self._pass(parameter, item)
            begun = len(inner.lines)
            try:
                keys.append(inner.value(node.body))
            finally:
                if len(inner.lines) == begun:
                    inner.lines.pop()  # the key needs no words, or nothing of it is known
        left = iter(keys)
        return lambda _: next(left)

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
            inner = self._pass(loop.target, item)
            begun = len(inner.lines)
            try:
                if not all(inner.value(test) for test in loop.ifs):
                    continue
                key = inner.value(node.key) if isinstance(node, ast.DictComp) else None
                pairs.append((key, inner.value(node.value if isinstance(node, ast.DictComp) else node.elt)))
            except Unknown:
                if len(inner.lines) == begun:
                    inner.lines.pop()  # a pass of which nothing is known is not said
                raise
            if stops is not None and bool(pairs[-1][1]) is stops:
                break
        if isinstance(node, ast.DictComp):
            return dict(pairs)
        values = [value for _, value in pairs]
        made = Items if isinstance(node, ast.GeneratorExp) else set if isinstance(node, ast.SetComp) else list
        return made(values)


def _bound(target: ast.expr, item: object) -> dict[str, object]:
    if isinstance(target, ast.Name):
        return {target.id: item}
    if isinstance(target, ast.Tuple) and isinstance(item, tuple) and len(item) == len(target.elts):
        bound = [_bound(part, each) for part, each in zip(target.elts, item, strict=True)]
        return {name: value for part in bound for name, value in part.items()}
    raise Unknown


_WRITERS: dict[type[ast.expr], Callable[[Trail, Any], Any]] = {
    ast.Constant: lambda trail, node: node.value,
    ast.Name: Trail._name,
    ast.Attribute: Trail._attribute,
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
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp), Trail._comprehension),
}
