"""Swap the operands of comparisons, and of sums and products of numbers."""

import ast
from collections.abc import Mapping

from codereasoner.rewrites.rewrite_draft import Draft, Function, Unfit, has
from codereasoner.rewrites.scopes import locals_of
from codereasoner.steps.source import own_nodes

_MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Is: ast.Is,
    ast.IsNot: ast.IsNot,
}
_ORDERS = (ast.Lt, ast.Gt, ast.LtE, ast.GtE)
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult)
_PLAIN_MODULES = frozenset(
    {"math", "string", "re", "collections", "itertools", "functools", "typing", "heapq", "bisect"}
)


def commute(draft: Draft) -> None:
    """Swap operands where neither their order of evaluation nor the types of their values can matter."""
    if has_own_operators(draft.tree):
        raise Unfit("a class or an import may bring operators of its own")
    swaps = _Swapping(draft)
    for function in draft.functions():
        swaps.numbers = _number_names(draft, function)
        for node in own_nodes(function):
            swaps.swap(node)
    if not swaps.count:
        raise Unfit("no operands can be swapped")


def has_own_operators(tree: ast.Module) -> bool:
    """Return whether values may be of other types than Python's own."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef():
                return True
            case ast.Import(names=names) if not {each.name.partition(".")[0] for each in names} <= _PLAIN_MODULES:
                return True
            case ast.ImportFrom(module=module) if (module or "").partition(".")[0] not in _PLAIN_MODULES:
                return True
    return False


class _Swapping:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.numbers: set[str] = set()
        self.count = 0

    def swap(self, node: ast.AST) -> None:
        match node:
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _MIRRORED:
                # An order of two values may raise, and the message names them in their order.
                sure = not isinstance(op, _ORDERS) or (self.is_number(left) and self.is_number(right))
                if (sure or not has(self.draft.tree, ast.ExceptHandler)) and is_quiet(left) and is_quiet(right):
                    node.left, node.ops, node.comparators = right, [_MIRRORED[type(op)]()], [left]
                    self.count += 1
            case ast.BinOp(left=left, op=ast.Add() | ast.Mult(), right=right):
                if self.is_number(left) and self.is_number(right) and is_quiet(left) and is_quiet(right):
                    node.left, node.right = right, left
                    self.count += 1

    def is_number(self, node: ast.expr) -> bool:
        return _is_number(self.draft, node, self.numbers)


def is_quiet(node: ast.expr) -> bool:
    """Return whether evaluating an expression changes nothing and cannot fail where its names are bound."""
    match node:
        case ast.Constant() | ast.Name():
            return True
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return True
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult(), right=right):
            return is_quiet(left) and is_quiet(right)
    return False


def _is_number(draft: Draft, node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Constant(value=value):
            return type(value) in (int, float, bool)
        case ast.Name(id=own):
            return own in names
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _is_number(draft, operand, names)
        case ast.BinOp(left=left, op=op, right=right):
            known = _is_number(draft, left, names) and _is_number(draft, right, names)
            return known and isinstance(op, (*_ARITHMETIC, ast.FloorDiv, ast.Mod))
        case ast.Call(func=ast.Name(id="len" | "ord" | "int" | "float" as called)):
            return draft.uses(called)
    return False


def _number_names(draft: Draft, function: Function) -> set[str]:
    """Return the local variables that are only ever set to numbers; never a parameter, whose type is unknown."""
    arguments = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    names = locals_of(function) - arguments
    nodes = list(own_nodes(function))
    while True:
        given: dict[int, bool] = {}
        for node in nodes:
            match node:
                case ast.Assign(targets=targets, value=value):
                    sure = _is_number(draft, value, names)
                    given.update({id(target): sure for target in targets if isinstance(target, ast.Name)})
                case ast.AugAssign(target=ast.Name(id=own) as target, op=op, value=value):
                    sure = own in names and _is_number(draft, value, names)
                    given[id(target)] = sure and isinstance(op, (*_ARITHMETIC, ast.FloorDiv, ast.Mod))
                case ast.For(target=ast.Name() as target, iter=ast.Call(func=ast.Name(id="range"))):
                    given[id(target)] = draft.uses("range")
        stored = [node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
        unsure = {node.id for node in stored if node.id in names and not given.get(id(node), False)}
        unsure |= {each for each in names if each not in {node.id for node in stored}}
        if not unsure:
            return names
        names -= unsure
