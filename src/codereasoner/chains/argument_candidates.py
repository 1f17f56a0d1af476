"""Arguments to try for a wanted value: expressions of the value and of the constants in the program, nothing else."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from codereasoner import literals
from codereasoner.chains.expressions import computed
from codereasoner.steps.source import walk

WANTED = "wanted"  # the name of the wanted value in the expressions
MAX_CONSTANTS = 6  # constants of a program that are tried
MAX_COUNT = 30  # items or characters of a value that is made to have a length
MAX_BITS = 200  # of a number that is added to an argument: sixty digits can still be added in a text


@dataclass(frozen=True)
class Candidate:
    """One argument, and the expression that leads to it: `wanted[::2]`, or the argument itself."""

    code: str
    value: object
    text: str  # the argument as a literal


def made(codes: Sequence[str], wanted: str) -> Iterator[Candidate]:
    """Yield the values of expressions over the wanted value, each value once; what cannot be computed is left out."""
    seen: set[str] = set()
    for code in codes:
        candidate = _made(code, wanted if WANTED in code else "")
        if candidate is not None and candidate.text not in seen:
            seen.add(candidate.text)
            yield candidate


@lru_cache(maxsize=4096)  # those without the wanted value are the same for every question
def _made(code: str, wanted: str) -> Candidate | None:
    value = computed(_parsed(code), {WANTED: wanted})
    if value is NotImplemented or isinstance(value, range):
        return None
    try:
        return Candidate(code, value, literals.write(value))
    except literals.NotWritable:  # it is too long
        return None


@lru_cache(maxsize=4096)  # most are the same for every question
def _parsed(code: str) -> ast.expr:
    return ast.parse(code, mode="eval").body


def kinds(function: ast.FunctionDef) -> dict[str, type | None]:
    """Return the type that each parameter of a function seems to have, by its name and uses; None: unclear."""
    parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    nodes = [each for each in walk(function) if isinstance(each, _USES)]
    return {each.arg: _annotated(each) or _used(each.arg, nodes) for each in parameters}


def _annotated(parameter: ast.arg) -> type | None:
    node = parameter.annotation
    name = ast.unparse(node.value if isinstance(node, ast.Subscript) else node).lower() if node else ""
    return _TYPES.get(name.rpartition(".")[2])


_TYPES: Mapping[str, type] = {each.__name__: each for each in (str, int, float, bool, list, dict, tuple, set)}
_METHODS: Mapping[type, frozenset[str]] = {
    dict: frozenset(("items", "keys", "values", "get", "setdefault", "update", "popitem", "fromkeys")),
    list: frozenset(("append", "extend", "insert", "reverse", "sort", "remove", "pop")),
    set: frozenset(("add", "discard", "union", "intersection", "difference", "issubset", "issuperset")),
    str: frozenset(name for name in dir(str) if not name.startswith("_")),
}

_NAMES: Mapping[type, frozenset[str]] = {
    str: frozenset(("text", "string", "s", "word", "name", "char", "sentence", "sep", "prefix", "suffix", "", "str")),
    list: frozenset(("list", "lst", "num", "number", "array", "arr", "value", "item", "xs", "element", "point")),
    dict: frozenset(("d", "dic", "dict", "dictionary", "mapping", "table", "count")),
    int: frozenset(("n", "k", "i", "size", "index", "limit", "width", "step", "start", "end")),
}
"""Frequent names of parameters of a type; a name has the weight of one use."""


def _used(name: str, nodes: Sequence[ast.AST]) -> type | None:
    """Return the type for which the name and most uses of a parameter speak."""
    named = [kind for kind, names in _NAMES.items() if name.rstrip("s1234567890_") in names]
    votes: dict[type, int] = {}
    for kind in chain(*(_votes(name, node) for node in nodes), named):
        votes[kind] = votes.get(kind, 0) + 1
    return max(votes, key=lambda kind: votes[kind]) if votes else None


_USES = (ast.Call, ast.BinOp, ast.Compare, ast.For, ast.comprehension, ast.Subscript)
"""Nodes that can speak for the type of a parameter."""


def _votes(name: str, node: ast.AST) -> Iterator[type]:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method)) if owner == name:
            yield from (kind for kind, names in _METHODS.items() if method in names for _ in range(3))
        case ast.Call(func=ast.Name(id="range" | "abs" | "chr"), args=arguments) if _is_among(name, arguments):
            yield from [int] * 3
        case ast.Call(func=ast.Name(id="ord"), args=arguments) if _is_among(name, arguments):
            yield from [str] * 3
        case ast.Call(func=ast.Name(id="sum" | "sorted" | "reversed"), args=arguments) if _is_among(name, arguments):
            yield list
        case ast.Call(func=ast.Attribute(attr=method), args=arguments) if _is_among(name, arguments):
            if method in _METHODS[str] - {"index", "count", "join"}:
                yield int if method in ("center", "zfill", "ljust", "rjust") else str
            elif method in ("get", "setdefault"):
                yield str
            elif method == "join":
                yield list
        case ast.BinOp(left=left, op=sign, right=right) if _is_among(name, (left, right)):
            other = right if _is_named(name, left) else left
            if isinstance(other, ast.Constant | ast.List):
                constant = list if isinstance(other, ast.List) else type(other.value)
                yield str if constant is int and isinstance(sign, ast.Mult) else constant
            elif isinstance(sign, ast.Sub | ast.Mod | ast.FloorDiv | ast.Div | ast.Pow):
                yield int
        case ast.Compare(left=left, comparators=[right]) if _is_among(name, (left, right)):
            other = right if _is_named(name, left) else left
            if isinstance(node.ops[0], ast.In | ast.NotIn):
                yield from (list,) if other is left else ()
            elif isinstance(other, ast.Constant) and other.value is not None:
                yield type(other.value)
            elif not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                yield int
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable) if _is_named(name, iterable):
            yield list
        case ast.Subscript(value=owner_node, slice=index) if _is_named(name, owner_node):
            yield dict if isinstance(index, ast.Constant) and isinstance(index.value, str) else list
        case ast.Subscript(slice=ast.Slice() as cut) if _is_among(name, (cut.lower, cut.upper, cut.step)):
            yield int


def _is_named(name: str, node: ast.AST | None) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_among(name: str, nodes: Sequence[ast.AST | None]) -> bool:
    return any(_is_named(name, node) for node in nodes)


def constants(nodes: Sequence[ast.AST]) -> dict[type, list[str]]:
    """Return the constants among the nodes of a program by type, as literals, each once."""
    found: dict[type, list[str]] = {}
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and type(node.value) in (str, int, float) and id(node) not in docstrings:
            known = found.setdefault(type(node.value), [])
            try:
                text = literals.write(node.value)
            except literals.NotWritable:  # it is too long
                continue
            if text not in known and len(known) < MAX_CONSTANTS:
                known.append(text)
    return found


def derived(kind: type, wanted: object, known: Mapping[type, Sequence[str]]) -> list[str]:
    """Return expressions that make an argument of a type from the wanted value."""
    rules = _DERIVED.get((kind, type(wanted))) or _DERIVED.get((kind, object), ())
    texts, numbers = known.get(str, ()), known.get(int, ())
    return [
        rule.format(w=WANTED, c=constant)
        for rule in rules
        for constant in (
            texts if "{c}" in rule and (kind is str or "split" in rule) else numbers if "{c}" in rule else ("",)
        )
    ]


def simple(kind: type, known: Mapping[type, Sequence[str]]) -> list[str]:
    """Return arguments of a type whatever the wanted value: the simplest ones, and the constants of the program."""
    texts, numbers = list(known.get(str, ())), list(known.get(int, ()))
    return {
        str: ["'a'", *texts, "''"],
        int: ["1", "0", *numbers, "2"],
        float: ["1.0", "0.0"],
        bool: ["True", "False"],
        list: ["[]", "[1]", "['a']", *(f"[{each}]" for each in texts + numbers)],
        tuple: ["()", "(1,)", "('a',)"],
        set: ["set()", "{1}", "{'a'}"],
        dict: ["{}", "{'a': 1}", *(f"{{{each}: 1}}" for each in texts + numbers)],
    }.get(kind, ["0"])


def varied(kind: type, known: Mapping[type, Sequence[str]]) -> list[str]:
    """Return more arguments of a type, near the constants of a program and such as its tests often ask for."""
    texts, numbers = list(known.get(str, ())), list(known.get(int, ()))
    letters = ["'A'", "'1'", "' '", "'a' + 'A'", "'a' + 'b'"]
    return {
        str: [*letters, *(f"{one} + {other}" for each in texts for one, other in ((each, "'a'"), ("'a'", each)))],
        int: [*(f"{each} {sign} 1" for each in numbers for sign in "+-"), "2 + 1", "-1"],
        list: ["[1, 2]", "[2, 1]", "[1, 1]", "[0]", "[2]", "['a', 'b']", "['a', 'a']"],
        dict: ["{1: 1}", "{1: 2}", "{'a': 'b'}"],
    }.get(kind, [])


_DERIVED: Mapping[tuple[type, type], tuple[str, ...]] = {
    (str, str): (
        *("{w}", "{w}.replace({c}, '')", "{w}[::2]", "{w}[::-1]", "{w}.swapcase()"),
        *("{w}[:-1]", "{w}[1:]", "{w}[:1]", "{w}.split({c})[0]"),
        *("{w} + {c}", "{c} + {w}", "{w}.lower()", "{w}.upper()", "{w} + 'a'", "'a' + {w}", "{w}[-1:]", "{w} * 2"),
    ),
    (str, list): (
        "''.join([str(x) for x in {w}])",
        "{c}.join([str(x) for x in {w}])",
        "' '.join([str(x) for x in {w}])",
    ),
    (str, tuple): ("{w}[0]", "''.join([str(x) for x in {w}])"),
    (str, dict): ("''.join([str(k) * n for k, n in {w}.items()])", "''.join([str(k) for k in {w}])"),
    (str, int): ("'a' * {w}", "str({w})", "{c} * {w}"),
    (str, bool): ("''",),
    (str, object): ("str({w})",),
    (int, int): ("{w}", "{w} - {c}", "{w} + {c}", "{w} * {c}", "{w} // {c}", "{w} * 2", "-{w}"),
    (int, float): ("int({w})", "int({w}) * {c}"),
    (int, list): ("len({w})", "{w}[0]"),
    (int, tuple): ("{w}[0]", "len({w})"),
    (int, object): ("len({w})",),
    (float, float): ("{w}",),
    (list, list): (
        *("{w}", "{w}[::-1]", "{w}[1:]", "{w}[:-1]", "{w}[::2]", "[{w}]", "[0] + {w}", "{w} + [0]"),
        *("{w}[:1]", "[0, 0] + {w}", "{w}[:1] + {w}", "{w} + {w}[-1:]", "{w} + {w}"),
    ),
    (list, tuple): ("list({w})", "{w}[0]", "[{w}]"),
    (list, str): ("[{w}]", "list({w})", "{w}.split({c})", "{w}.split()"),
    (list, dict): ("list({w})", "[k for k, n in {w}.items()]", "[n for k, n in {w}.items()]"),
    (list, int): ("[{w}]", "[0] * {w}", "[1] * {w}", "[{w}, {w}]"),
    (list, object): ("[{w}]",),
    (tuple, object): ("({w},)",),
    (tuple, tuple): ("{w}",),
    (tuple, list): ("tuple({w})",),
    (set, set): ("{w}",),
    (set, list): ("set({w})",),
    (dict, dict): ("{w}", "{{n: k for k, n in {w}.items()}}"),
    (dict, list): ("{{x: 1 for x in {w}}}", "{{x: x for x in {w}}}"),
    (dict, tuple): ("{{x: 1 for x in {w}}}",),
    (dict, str): ("{{{c}: {w}}}", "{{1: {w}}}", "{{{w}: 1}}"),
    (dict, object): ("{{1: {w}}}", "{{{c}: {w}}}"),
}
"""By type of the argument and of the wanted value; `{c}` stands for each constant of the program."""


def repaired(tried: Candidate, result: Any, wanted: Any) -> list[str]:
    """Return expressions for the next argument, given what came out for one that was tried."""
    value, code = tried.value, f"({tried.code})" if " " in tried.code else tried.code
    if type(result) is not type(wanted) or not isinstance(wanted, int | str | list | tuple):
        return []
    if isinstance(wanted, int):
        return _recounted(value, tried.text, wanted - result)
    longer = len(result) - len(wanted)
    if not isinstance(value, str | list | tuple) or not longer or abs(longer) > MAX_COUNT:
        return []
    if longer < 0:
        return [f"{code} + {code}[-1:] * {-longer}", f"{code}[:1] * {-longer} + {code}"] if value else []
    folded = [f"{code}[::{len(result) // len(wanted)}]"] if wanted and len(result) % len(wanted) == 0 else []
    return [*folded, f"{code}[:-{longer}]", f"{code}[{longer}:]"]


def _recounted(value: object, text: str, missing: int) -> list[str]:
    """Add what is missing to a number, or as many items to a sequence; or take it away."""
    if type(value) is int and missing and missing.bit_length() <= MAX_BITS:
        return [f"{text} {'+' if missing > 0 else '-'} {abs(missing)}"]
    if not isinstance(value, str | list) or not -len(value) <= missing <= MAX_COUNT or not missing:
        return []
    one = f"{text}[:1]" if value else "[0]" if isinstance(value, list) else "'a'"
    more = f"{one} * {missing}" if missing > 1 else one
    return [f"{text} + {more}" if missing > 0 else f"{text}[:{missing}]"]
