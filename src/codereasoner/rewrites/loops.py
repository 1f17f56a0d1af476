"""Unroll loops and roll them up again, and write `for` as `while` and `while` as `for`."""

import ast
from collections.abc import Callable
from copy import deepcopy

from codereasoner.rewrites.rewrite_draft import (
    Draft,
    Unfit,
    assign,
    blocks,
    expression,
    has,
    head,
    name,
    own_jumps,
    statement,
)

_MOST_PASSES = 6  # of a loop that is unrolled whole: more passes make an unnatural program
_MOST_STATEMENTS = 200  # of an unrolled loop: nested loops would grow with a power of their passes
_LEAST = 2  # equal statements that become a loop
_SCOPED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.GeneratorExp)


def unroll(draft: Draft) -> None:
    """Write every pass of a loop over constants, and two passes of a `while` in one."""
    _change_statements(draft, _unrolled, "no loop can be unrolled")


def _unrolled(draft: Draft, node: ast.stmt) -> list[ast.stmt] | None:
    match node:
        case ast.For(target=ast.Name() as target, iter=items, body=body, orelse=[]):
            values = _constants(draft, items)
            if not values or own_jumps(body, ast.Break, ast.Continue) or has(body, *_SCOPED):
                return None
            if _statements(body) * len(values) > _MOST_STATEMENTS:
                return None
            return [
                each for value in values for each in (_placed(node, assign(deepcopy(target), value)), *deepcopy(body))
            ]
        case ast.While(test=test, body=body, orelse=[]) if not isinstance(test, ast.Constant) and not has(
            body, *_SCOPED
        ):
            if _statements(body) * 2 > _MOST_STATEMENTS:
                return None
            leave = ast.If(ast.UnaryOp(ast.Not(), deepcopy(test)), [ast.Break()], [])
            node.body = [*body, leave, *deepcopy(body)]
            return [node]
    return None


def _statements(body: list[ast.stmt]) -> int:
    return sum(isinstance(node, ast.stmt) for each in body for node in ast.walk(each))


def _constants(draft: Draft, items: ast.expr) -> list[ast.expr]:
    """Return what a loop runs over where the text says it; [] where it does not, or says too much."""
    match items:
        case ast.List(elts=values) | ast.Tuple(elts=values) if all(isinstance(each, ast.Constant) for each in values):
            return values if len(values) <= _MOST_PASSES else []
        case ast.Constant(value=str(text)) if len(text) <= _MOST_PASSES:
            return [ast.Constant(letter) for letter in text]
        case ast.Call(func=ast.Name(id="range"), args=numbers, keywords=[]) if draft.uses("range"):
            limits = [each.value for each in numbers if isinstance(each, ast.Constant) and type(each.value) is int]
            if len(limits) == len(numbers) in (1, 2, 3) and limits[2:] != [0]:
                passes = range(*limits)
                return [ast.Constant(number) for number in passes] if len(passes) <= _MOST_PASSES else []
    return []


def reroll(draft: Draft) -> None:
    """Write equal statements that follow each other as a loop."""
    if not draft.uses("range"):
        raise Unfit("range has another meaning here")
    changed = 0
    for function in draft.functions():
        for body in blocks(function):
            changed += _rolled_up(draft, body)
    if not changed:
        raise Unfit("no equal statements follow each other")


def _rolled_up(draft: Draft, body: list[ast.stmt]) -> int:
    """Put loops in place of equal statements, in place; return how many."""
    made, place = 0, head(body)
    while place < len(body):
        first = ast.dump(body[place])
        end = place + 1
        while end < len(body) and ast.dump(body[end]) == first:
            end += 1
        if end - place >= _LEAST and _may_repeat(body[place]):
            loop = statement(f"for {draft.fresh('_')} in range({end - place}):\n    pass")
            assert isinstance(loop, ast.For)
            loop.body = [body[place]]
            body[place:end] = [loop]
            made += 1
            end = place + 1
        place = end
    return made


def _may_repeat(node: ast.stmt) -> bool:
    if isinstance(node, ast.Return | ast.Raise | ast.Pass | ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal):
        return False
    return not own_jumps([node], ast.Break, ast.Continue) and not has(node, *_SCOPED)


def convert_loops(draft: Draft) -> None:
    """Write `for` as `while`, and `while` as `for`."""
    if has(draft.tree, ast.Yield, ast.YieldFrom) and has(draft.tree, ast.Try, ast.TryStar, ast.With):
        raise Unfit("a generator with a clean-up may be closed at another time")
    _change_statements(draft, _converted, "no loop can be converted")


def _converted(draft: Draft, node: ast.stmt) -> list[ast.stmt] | None:
    match node:
        case ast.For(orelse=[], target=ast.Name() | ast.Tuple()) if draft.uses("iter") and draft.uses("next"):
            return _as_while(draft, node)
        case ast.While(orelse=[]) if draft.uses("iter") and draft.uses("int"):
            leave = ast.If(ast.UnaryOp(ast.Not(), node.test), [_placed(node, ast.Break())], [])
            body = node.body if isinstance(node.test, ast.Constant) and node.test.value else [leave, *node.body]
            return [
                _placed(node, ast.For(ast.Name(draft.fresh("_"), ast.Store()), expression("iter(int, 1)"), body, []))
            ]
    return None


def _as_while(draft: Draft, node: ast.For) -> list[ast.stmt]:
    """Return a loop that counts, where it runs over numbers, or one that takes the next item until there is none."""
    if limits := _limits(draft, node.iter):
        first, last = limits
        number, end = draft.fresh("number"), draft.fresh("end")
        body = [_placed(node, assign(node.target, name(number))), statement(f"{number} += 1"), *node.body]
        loop = _placed(node, ast.While(expression(f"{number} < {end}"), body, []))
        return [assign(end, last), assign(number, first), loop]
    items, item = draft.fresh("items"), draft.fresh("item")
    step = statement(f"try:\n    {item} = next({items})\nexcept StopIteration:\n    break")
    body = [step, _placed(node, assign(node.target, name(item))), *node.body]
    start = assign(items, ast.Call(name("iter"), [node.iter], []))
    return [start, _placed(node, ast.While(ast.Constant(True), body, []))]


def _limits(draft: Draft, items: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Return where a range of whole numbers begins and ends; None where it may be something else."""
    if not draft.uses("range"):
        return None
    match items:
        case ast.Call(func=ast.Name(id="range"), args=[last], keywords=[]) if _is_whole(draft, last):
            return ast.Constant(0), last
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant() as first, last], keywords=[]) if _is_whole(
            draft, first
        ) and _is_whole(draft, last):
            return first, last
    return None


def _is_whole(draft: Draft, node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return type(value) is int
        case ast.Call(func=ast.Name(id="len"), args=[_], keywords=[]):
            return draft.uses("len")
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.FloorDiv(), left=left, right=right):
            return _is_whole(draft, left) and _is_whole(draft, right)
    return False


# ---- the statements of functions


def _change_statements(draft: Draft, change: Callable[[Draft, ast.stmt], list[ast.stmt] | None], reason: str) -> None:
    """Put what `change` returns in place of each statement of a function, inner ones first."""
    changed = 0
    for function in draft.functions():
        for body in blocks(function):
            made: list[ast.stmt] = []
            for node in body:
                new = change(draft, node)
                made += [node] if new is None else new
                changed += new is not None
            body[:] = made
    if not changed:
        raise Unfit(reason)


def _placed(old: ast.stmt, new: ast.stmt) -> ast.stmt:
    """Return the new statement, which does the work of the old one: a question about that is about this."""
    new.origin = old.origin  # type: ignore[attr-defined]
    return new
