"""The operators, functions and methods that may be applied to values of a program: pure, of built-in types, small."""

import ast
import operator
from collections.abc import Callable
from typing import Any

MAX_LENGTH = 200  # characters of a literal, items of a collection

_STR = (
    *("upper", "lower", "swapcase", "title", "capitalize", "casefold", "strip", "lstrip", "rstrip", "replace", "join"),
    *("split", "rsplit", "splitlines", "partition", "rpartition", "count", "find", "rfind", "index", "rindex"),
    *("startswith", "endswith", "isupper", "islower", "isalpha", "isdigit", "isalnum", "isspace", "istitle"),
    *("isnumeric", "isdecimal", "isascii", "isidentifier", "isprintable", "center", "ljust", "rjust", "zfill"),
    *("removeprefix", "removesuffix", "expandtabs"),
)
METHODS: dict[type, frozenset[str]] = {
    str: frozenset(_STR),
    bytes: frozenset(_STR) & frozenset(dir(bytes)),
    list: frozenset(("count", "index", "copy")),
    tuple: frozenset(("count", "index")),
    dict: frozenset(("get", "keys", "values", "items", "copy")),
    set: frozenset(
        ("union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint", "copy")
    ),
    int: frozenset(("bit_length",)),
    float: frozenset(("is_integer",)),
}
LAST_METHODS = {**METHODS, list: METHODS[list] | {"pop"}, dict: METHODS[dict] | {"pop", "popitem", "setdefault"}}
"""With those that also change the object, whose result is known where nobody looks at the object afterwards."""
_BUILT_IN = (
    *(len, sum, max, min, sorted, abs, str, int, float, list, tuple, set, dict, bool, ord, chr, round, any, all),
    *(range, enumerate, zip, reversed, divmod, bin),
)
FUNCTIONS: dict[str, Callable[..., object]] = {each.__name__: each for each in _BUILT_IN}
ORDERLESS = frozenset(("len", "sum", "max", "min", "sorted", "set", "bool", "any", "all"))
SILENT = frozenset(("range", "enumerate", "zip", "reversed", "items", "keys", "values"))
"""Functions and methods whose result has no literal: the value made of it is text instead."""

OPERATORS: dict[type[ast.operator], tuple[str, Callable[[object, object], object]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
    ast.Pow: ("**", operator.pow),
    ast.BitAnd: ("&", operator.and_),
    ast.BitOr: ("|", operator.or_),
    ast.BitXor: ("^", operator.xor),
}
COMPARISONS: dict[type[ast.cmpop], tuple[str, Callable[..., object]]] = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.In: ("in", lambda left, right: left in right),
    ast.NotIn: ("not in", lambda left, right: left not in right),
    ast.Is: ("is", operator.is_),
    ast.IsNot: ("is not", operator.is_not),
}


def stays_small(sign: str, left: Any, right: Any) -> bool:
    """Return whether the result of an operator is about as small as its operands."""
    if sign == "*":
        sizes = [
            abs(each) if isinstance(each, int) else len(each) if hasattr(each, "__len__") else 1
            for each in (left, right)
        ]
        return (isinstance(left, int) and isinstance(right, int)) or sizes[0] * sizes[1] <= MAX_LENGTH
    if sign == "**":
        return isinstance(left, int | float) and isinstance(right, int) and abs(left) < 10_000 and 0 <= right < 20
    return not (sign == "%" and isinstance(left, str | bytes))


def is_silent(node: ast.expr) -> bool:
    """Return whether an expression has no literal, such as `range(3)`."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return name in SILENT
