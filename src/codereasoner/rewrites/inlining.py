"""Put the body of a helper function in place of a call of it."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from codereasoner.rewrites.rewrite_draft import SCOPES, Draft, Unfit, assign, bindings, blocks, has, head, renamed
from codereasoner.rewrites.scopes import locals_of
from codereasoner.steps.source import names_in

_NEVER = (
    *(*SCOPES, ast.GeneratorExp, ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr),
    *(ast.Global, ast.Nonlocal, ast.Try, ast.TryStar, ast.Delete, ast.Match, ast.Import, ast.ImportFrom),
)
"""What a helper has not: its variables are then set and read in its own statements, in order."""


@dataclass(frozen=True)
class _Helper:
    """A function at top level that can be written in place of its calls."""

    node: ast.FunctionDef
    parameters: list[str]
    body: list[ast.stmt]  # without its docstring and its last statement
    result: ast.expr
    own: set[str]


def inline_helpers(draft: Draft) -> None:
    """Write helpers in place of the statements `x = helper(...)` and `return helper(...)`.

    A helper has one `return`, its last statement. Its variables get fresh names, and arguments are assigned to them
    in the order in which the call evaluates them.
    """
    found = [_helper(draft, each) for each in draft.tree.body]
    helpers = {each.node.name: each for each in found if each is not None}
    own = {id(each.node) for each in helpers.values()}
    count = 0
    for function in draft.functions():
        for body in blocks(function) if id(function) not in own else ():
            made = [_inlined(draft, helpers, node) for node in body]
            count += sum(len(each) > 1 for each in made)
            body[:] = [node for each in made for node in each]
    if not count:
        raise Unfit("no helper is called in a statement of its own")
    used = names_in(draft.tree)
    unused = [each.node for each in helpers.values() if each.node.name not in used]
    draft.tree.body[:] = [node for node in draft.tree.body if node not in unused]


def _helper(draft: Draft, node: ast.stmt) -> _Helper | None:
    """Return the helper that a function is; None where it may mean something else in another place."""
    if not isinstance(node, ast.FunctionDef) or node.name == draft.entry or node.decorator_list:
        return None
    args, body = node.args, node.body[head(node.body) :]
    if args.vararg or args.kwarg or args.kwonlyargs or args.defaults or not body or has(node.body, *_NEVER):
        return None
    last = body[-1]
    if not isinstance(last, ast.Return) or last.value is None or has(body[:-1], ast.Return):
        return None
    names = [each for part in body for each in ast.walk(part) if isinstance(each, ast.Name)]
    parameters = [each.arg for each in (*args.posonlyargs, *args.args)]
    if Counter(bindings(draft.tree))[node.name] > 1 or node.name in {each.id for each in names}:
        return None
    if not _always_set(body, locals_of(node) - set(parameters)):
        return None
    own = {*parameters, *(each.id for each in names if isinstance(each.ctx, ast.Store))}
    free = {each.id for each in names} - own
    others = {
        each for other in draft.functions() if other is not node for each in bindings(other) if each != other.name
    }
    mangled = any(each.startswith("__") for part in body for each in _words(part))
    return None if free & others or mangled else _Helper(node, parameters, body[:-1], last.value, own)


def _words(tree: ast.AST) -> Iterator[str]:
    """Yield each name and attribute of a tree: a class would change those that begin with two underscores."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word):
                yield word


def _always_set(body: list[ast.stmt], names: set[str]) -> bool:
    """Return whether each variable is set at the top of the body before anything reads it.

    Otherwise a second pass could read what the first one left, where a second call would fail.
    """
    done: set[str] = set()
    for node in body:
        inner = [each for each in ast.walk(node) if isinstance(each, ast.Name) and each.id in names - done]
        match node:
            case ast.Assign(targets=[ast.Name(id=own)]) if [each.id for each in inner] == [own]:
                done.add(own)
            case ast.For(target=target, iter=items):
                variables = names_in(target)
                elsewhere = set().union(*(names_in(other) for other in body if other is not node))
                if variables & (elsewhere | names_in(items)) or {each.id for each in inner} - variables:
                    return False
            case _ if inner:
                return False
    return True


def _inlined(draft: Draft, helpers: dict[str, _Helper], node: ast.stmt) -> list[ast.stmt]:
    """Return the statements that do what this one does; the statement itself where it calls no helper."""
    match node:
        case ast.Assign(value=ast.Call() as call) | ast.Return(value=ast.Call() as call):
            helper = helpers.get(call.func.id) if isinstance(call.func, ast.Name) else None
        case _:
            return [node]
    if helper is None or any(isinstance(each, ast.Starred) for each in call.args):
        return [node]
    given = [*helper.parameters[: len(call.args)], *(each.arg or "" for each in call.keywords)]
    values = [*call.args, *(each.value for each in call.keywords)]
    by_place_only = {each.arg for each in helper.node.args.posonlyargs} & {each.arg for each in call.keywords}
    if sorted(given) != sorted(helper.parameters) or len(values) != len(given) or by_place_only:
        return [node]
    names = {each: draft.fresh(each) for each in sorted(helper.own)}
    body = [renamed(each, names) for each in helper.body]
    node.value = renamed(helper.result, names)
    return [*(assign(names[each], value) for each, value in zip(given, values, strict=True)), *body, node]
