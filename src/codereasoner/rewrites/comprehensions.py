"""Write comprehensions as loops, and loops that build a list as comprehensions."""

import ast
from copy import deepcopy

from codereasoner.rewrites.rewrite_draft import (
    SCOPES,
    Draft,
    Function,
    Unfit,
    assign,
    bindings,
    blocks,
    has,
    name,
    renamed,
)
from codereasoner.rewrites.scopes import locals_of
from codereasoner.steps.source import names_in, own_nodes

_LATER = (ast.Lambda, ast.GeneratorExp, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
"""What may see the variables of a comprehension at another time, or from another scope."""


def convert_comprehensions(draft: Draft) -> None:
    """Write `x = [e for t in s]` and `return [...]` as loops, and a loop of appends as a comprehension."""
    changed = 0
    for function in draft.functions():
        for body in blocks(function):
            changed += _gathered(function, body) or _expanded(draft, body)
    if not changed:
        raise Unfit("no comprehension, and no loop that could be one")


def _expanded(draft: Draft, body: list[ast.stmt]) -> int:
    """Put loops in place of comprehensions, in place; return how many."""
    made: list[ast.stmt] = []
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name()], value=value) | ast.Return(value=value) if _may_be_loop(value):
                assert isinstance(value, ast.ListComp | ast.SetComp | ast.DictComp)
                if isinstance(value, ast.SetComp) and not draft.uses("set"):
                    made.append(node)
                    continue
                result = draft.fresh("result")
                made += _loop(draft, value, result)
                node.value = name(result)
        made.append(node)
    count = len(made) - len(body)
    body[:] = made
    return count


def _may_be_loop(value: ast.expr | None) -> bool:
    if not isinstance(value, ast.ListComp | ast.SetComp | ast.DictComp) or has(value, *_LATER):
        return False
    if "super" in names_in(value):
        return False
    inner = [node for node in ast.walk(value) if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp)]
    return len(inner) == 1 and not any(each.is_async for each in value.generators)


def _loop(draft: Draft, value: ast.ListComp | ast.SetComp | ast.DictComp, result: str) -> list[ast.stmt]:
    first = value.generators[0].iter  # is evaluated outside of the comprehension, so its names stay
    own = [each for part in value.generators for each in bindings(part.target)]
    value.generators[0].iter = ast.Constant(None)
    value = renamed(value, {each: draft.fresh(each) for each in dict.fromkeys(own)})
    value.generators[0].iter = first
    match value:
        case ast.DictComp(key=key, value=item):
            empty: ast.expr = ast.Dict([], [])
            word = draft.fresh("key")  # an assignment to result[key] would evaluate the item first
            place = ast.Subscript(name(result), name(word), ast.Store())
            inner: list[ast.stmt] = [assign(word, key), assign(place, item)]
        case _:
            is_list = isinstance(value, ast.ListComp)
            empty = ast.List([], ast.Load()) if is_list else ast.Call(name("set"), [], [])
            method = ast.Attribute(name(result), "append" if is_list else "add", ast.Load())
            inner = [ast.Expr(ast.Call(method, [value.elt], []))]
    for part in reversed(value.generators):
        for test in reversed(part.ifs):
            inner = [ast.If(test, inner, [])]
        inner = [ast.For(part.target, part.iter, inner, [])]
    return [assign(result, empty), *inner]


def _gathered(function: Function, body: list[ast.stmt]) -> int:
    """Put comprehensions in place of `x = []` and a loop of appends, in place; return how many."""
    if has(function, ast.Try, ast.TryStar, ast.With, ast.AsyncWith):
        return 0  # a handler, or what `with suppress(...)` goes on with, could see the list before it is whole
    own, count, place = locals_of(function), 0, 0
    while place + 1 < len(body):
        made = _comprehension(function, own, body[place], body[place + 1])
        if made is not None:
            body[place : place + 2] = [made]
            count += 1
        place += 1
    return count


def _comprehension(function: Function, own: set[str], start: ast.stmt, loop: ast.stmt) -> ast.stmt | None:
    match start, loop:
        case (
            ast.Assign(targets=[ast.Name(id=result)], value=ast.List(elts=[])),
            ast.For(target=target, iter=items, body=[inner], orelse=[]),
        ):
            tests = []
            while isinstance(inner, ast.If) and not inner.orelse and len(inner.body) == 1:
                tests.append(inner.test)
                inner = inner.body[0]
        case _:
            return None
    match inner:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(id=to), "append"), [item], [])) if to == result in own:
            variables = names_in(target)
        case _:
            return None
    parts = [items, item, *tests]
    if any(has(part, *_LATER, *SCOPES) or {result, "super"} & names_in(part) for part in parts) or not variables <= own:
        return None  # `super()` takes its object from the arguments of the function that it stands in
    if not isinstance(target, ast.Name | ast.Tuple) or isinstance(item, ast.Starred) or variables & names_in(items):
        return None
    inside = {id(node) for node in ast.walk(loop)}
    arguments = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    outside = {node.id for node in own_nodes(function) if isinstance(node, ast.Name) and id(node) not in inside}
    if variables & (outside | arguments | {result}):
        return None
    made = assign(result, ast.ListComp(item, [ast.comprehension(target, items, tests, 0)]))
    made.origin = start.origin  # type: ignore[attr-defined]
    return deepcopy(made)
