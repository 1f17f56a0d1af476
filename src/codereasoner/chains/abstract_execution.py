"""Execute statements abstractly: compute what they would have done in another state than the one they met.

A reader who takes the wrong branch, or goes around a loop once too often, ends with a value that can be computed: it
is what other statements, or the same ones on other values, give. Nothing of a program is ever called: statements are
followed with the operations of `chains.expressions`, which are pure and small; what these cannot compute is unknown.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from codereasoner import literals
from codereasoner.chains.expressions import Trail
from codereasoner.chains.known_values import Unknown, text_of
from codereasoner.chains.pure_operations import MAX_LENGTH
from codereasoner.steps.marks import attributes, mark_of
from codereasoner.steps.source import walk

State = Mapping[str, str]  # the variables of one frame, as literals

MUTATORS: dict[type, frozenset[str]] = {
    list: frozenset(("append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear")),
    dict: frozenset(("update", "pop", "setdefault", "clear")),
    set: frozenset(("add", "discard", "remove", "update", "clear")),
}


def value_in(node: ast.expr, state: State) -> str | None:
    """Return the value of an expression in a state, as a literal; None if it is unknown."""
    try:
        return text_of(value_of(node, state))
    except Unknown:
        return None


def after(statements: Sequence[ast.stmt], state: State) -> dict[str, str] | None:
    """Return the state after simple statements and `if`s; None if it is unknown, or if they leave the block."""
    known = dict(state)
    try:
        for statement in statements:
            follow(statement, known)
    except Unknown:
        return None
    return known


def assigned(statement: ast.stmt, name: str, state: State) -> str | None:
    """Return the value that one statement would give a variable; None if it does not set it, or if it is unknown."""
    if name not in names_set(statement):
        return None
    match statement:
        case ast.Assign(targets=[ast.Attribute(value=ast.Name(), attr=attribute)], value=value):
            pass
        case ast.AugAssign(target=ast.Attribute(value=ast.Name() as owner, attr=attribute), op=sign, value=operand):
            value = ast.BinOp(ast.Attribute(owner, attribute, ast.Load()), sign, operand)
        case _:
            found = after([statement], state)
            return found.get(name) if found is not None else None
    known, now = attributes(state.get(name, "")), value_in(value, state)
    return mark_of(name, {**known, attribute: now}) if attribute in known and now is not None else None


def names_set(statement: ast.AST) -> set[str]:
    """Return the variables that a statement binds or mutates itself."""
    match statement:
        case ast.Assign(targets=targets):
            return {name for target in targets for name in owners(target)}
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.For(target=target):
            return set(owners(target))
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return {name}
    return set()


def names_read(node: ast.AST) -> list[str]:
    """Return the variables that an expression or a simple statement reads, each once."""
    reads = [each.id for each in walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]
    if isinstance(node, ast.AugAssign):
        reads += owners(node.target)
    return list(dict.fromkeys(reads))


def follow(statement: ast.stmt, state: dict[str, str]) -> None:
    """Change the state as the statement does.

    Raises:
        Unknown: it is no simple statement and no `if`, or a part of it is unknown.
    """
    match statement:
        case ast.Pass():
            return
        case ast.Assign(targets=targets, value=value):
            found = value_of(value, state)
            for target in targets:
                bind(target, found, state)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            bind(target, value_of(value, state), state)
        case ast.AugAssign(target=target, op=sign, value=value):
            loaded = ast.parse(ast.unparse(target), mode="eval").body
            bind(target, value_of(ast.BinOp(loaded, sign, value), state), state)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) as call):
            _mutate(name, method, call, state)
        case ast.If(test=test, body=body, orelse=orelse):
            for inner in body if value_of(test, state) else orelse:
                follow(inner, state)
        case _:
            raise Unknown


def value_of(node: ast.expr, state: State, gone_over: bool = False) -> Any:
    """Return the value of an expression in a state, as an object made of literals.

    Args:
        gone_over: it may be an iterator or a view, whose items are returned.

    Raises:
        Unknown: a part of it is.
    """
    try:
        return Trail(state, brief=True).items(node) if gone_over else Trail(state, brief=True).value(node)
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
        raise Unknown from None


def bind(target: ast.expr, value: Any, state: dict[str, str]) -> None:
    """Bind a target, `x`, `x, y` or `x[0]`, to a value.

    Raises:
        Unknown: it is another target, or the value does not fit it.
    """
    match target:
        case ast.Name(id=name):
            state[name] = text_of(value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            if not isinstance(value, list | tuple | str) or len(value) != len(parts):
                raise Unknown
            for part, item in zip(parts, value, strict=True):
                bind(part, item, state)
        case ast.Subscript(value=ast.Name(id=name), slice=index) if not isinstance(index, ast.Slice):
            owner = _read(name, state)
            if not isinstance(owner, list | dict):
                raise Unknown
            try:
                owner[value_of(index, state)] = value
            except (TypeError, LookupError):
                raise Unknown from None
            state[name] = text_of(owner)
        case _:
            raise Unknown


def _mutate(name: str, method: str, call: ast.Call, state: dict[str, str]) -> None:
    owner = _read(name, state)
    if method not in MUTATORS.get(type(owner), ()) or call.keywords:
        raise Unknown
    arguments = [value_of(argument, state, gone_over=True) for argument in call.args]
    if any(hasattr(each, "__len__") and len(each) > MAX_LENGTH for each in arguments):
        raise Unknown
    try:
        getattr(owner, method)(*arguments)
    except (TypeError, ValueError, LookupError):
        raise Unknown from None
    state[name] = text_of(owner)


def _read(name: str, state: State) -> object:
    """A fresh object with the variable's value, which may be mutated."""
    try:
        return literals.read(state[name])
    except (KeyError, literals.LiteralError):
        raise Unknown from None


def owners(target: ast.expr) -> Iterator[str]:
    """Yield the variables that a target binds or mutates: `x` in `x`, `x[0]`, `(x, y)`."""
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from owners(part)
        case ast.Subscript(value=value) | ast.Attribute(value=value) | ast.Starred(value=value):
            yield from owners(value)
