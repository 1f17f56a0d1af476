"""Tell from what a trace records whether a block that stands on the line of its header was entered."""

import ast
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache

from codereasoner.chains.abstract_execution import State, owners
from codereasoner.chains.statement_lines import LOOPS, Scope, Statement, body_lines, covers, first_line, header_end, own
from codereasoner.records import Step

_CHOICES = ast.If | ast.ExceptHandler | ast.match_case | LOOPS


def chosen(node: Statement, next_line: int | None) -> bool | None:
    """Return whether the block below a statement's line was entered; None: there is no choice."""
    if isinstance(node, ast.While) and isinstance(node.test, ast.Constant):
        return None if node.test.value else False
    return next_line in body_lines(node) if isinstance(node, _CHOICES) else None


def was_entered(
    head: Statement,
    before: State,
    after: State,
    lines: Set[int],
    next_line: int | None,
    end: Step | None,
    scope: Scope | None,
) -> bool | None:
    """Return whether the block on a statement's own line was entered; None if the trace does not decide it.

    Args:
        before, after: the variables of the frame.
        lines: the lines of the statement and its block that ran.
        next_line: the line that the frame went on at; None: it did not.
        end: the return or exception with which it was left instead.
    """
    if end is not None and end.event == "exception":
        return _raised_by(head, end.value.partition(":")[0])
    if isinstance(head, ast.With | ast.AsyncWith | ast.Try | ast.TryStar):
        return True
    body: Sequence[ast.stmt] = getattr(head, "body", ())
    value = end.value if end is not None and end.event == "return" else ""
    if isinstance(head, ast.ExceptHandler | ast.match_case):
        if next_line is None:
            return True if value and isinstance(body[-1], ast.Return) else None
        if (
            scope is not None
            and scope.is_landing(next_line, first_line(head))
            and not _is_sibling(head, next_line, scope)
        ):
            return None  # a `finally` comes next, whether the block ran or not
        if isinstance(head, ast.match_case) and _is_last_case(head, scope):
            return True if _matches_all(head) else None
        return not _is_sibling(head, next_line, scope)
    if not isinstance(head, ast.If) or scope is None:
        return None
    if any(line > header_end(head) for line in lines):
        return True
    if any(_rebinds(each, head, before, after, scope) for each in body):
        return True
    if next_line is None:
        return _returned(head, value, scope)
    if head.orelse:
        return next_line not in range(first_line(head.orelse[0]), (head.orelse[-1].end_lineno or 0) + 1)
    return _where_it_goes(head, body[-1], next_line, scope)


def _returned(head: ast.If, value: str, scope: Scope) -> bool | None:
    """Return whether the block of a test returned a value, where its line is the last that ran."""
    last = head.body[-1]
    if not value or not isinstance(last, ast.Return):
        return None
    if value != "None" or head.orelse or scope.following.get(head):
        return True
    is_other = isinstance(last.value, ast.Constant) and last.value.value is not None
    return False if is_other else None


def _where_it_goes(head: ast.If, last: ast.stmt, next_line: int, scope: Scope) -> bool | None:
    """Return whether only the block of a test, or only what follows it, can lead to the line that comes next."""
    if not isinstance(last, ast.Return | ast.Raise | ast.Break | ast.Continue):
        return None
    otherwise, loop = scope.following.get(head), scope.loops.get(last)
    falls_through = otherwise is not None and covers(otherwise, next_line)
    if scope.is_landing(next_line, head.lineno):
        return True if isinstance(last, ast.Return | ast.Raise) and otherwise and not falls_through else None
    if falls_through:
        return None if isinstance(last, ast.Continue) and otherwise is loop else False
    if loop is None or isinstance(last, ast.Return | ast.Raise):
        return None
    is_outside = next_line not in range(first_line(loop), body_lines(loop).stop)
    return True if (covers(loop, next_line) if isinstance(last, ast.Continue) else is_outside) else None


def _raised_by(head: Statement, error: str) -> bool | None:
    """Return whether the block of a test raised an exception: it is a `raise` of its class, and the test calls none."""
    if not isinstance(head, ast.If) or len(head.body) != 1 or not isinstance(head.body[0], ast.Raise):
        return None
    made = head.body[0].exc
    made = made.func if isinstance(made, ast.Call) else made
    return True if isinstance(made, ast.Name) and made.id == error and not calls(head) else None


def calls(node: ast.AST) -> bool:
    """Return whether a statement, without the blocks under it, calls or waits for something."""
    return any(isinstance(each, ast.Call | ast.Await | ast.Yield | ast.YieldFrom) for each in own(node))


def _rebinds(node: ast.stmt, head: ast.If, before: State, after: State, scope: Scope) -> bool:
    """Return whether a statement alone can have changed one of the variables that have another value now."""
    names = stored(node) - stored(head) - scope.shared - comprehension_names(head) - comprehension_names(node)
    return any(name in after and before.get(name) != after[name] for name in names)


def stored(node: ast.AST) -> set[str]:
    """Return the names that a statement binds, without the blocks under it."""
    return {each.id for each in own(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def captures(node: ast.match_case) -> list[str]:
    """Return the names that a `case` binds."""
    names = [getattr(each, "name", None) or getattr(each, "rest", None) for each in own(node)]
    return [name for name in names if name] + list(stored(node))


def stored_items(node: ast.AST) -> bool:
    """Return whether a statement, without the blocks under it, changes an object: an item, an attribute, by `+=`."""
    parts = (each for each in own(node) if isinstance(each, ast.Subscript | ast.Attribute))
    return isinstance(node, ast.AugAssign) or any(not isinstance(each.ctx, ast.Load) for each in parts)


def changeable(body: Iterable[Statement], after: State) -> set[str]:
    """Return the variables that the statements of a block may change."""
    changed = {name for each in body for name in {*targets(each), *stored(each)}}
    if any(calls(each) or stored_items(each) for each in body):
        changed |= {name for name, value in after.items() if set(value) & set("[{<")}  # under another name
    return changed


def _is_last_case(head: ast.match_case, scope: Scope | None) -> bool:
    """Return whether it is the last case of its `match`, after which the program goes on in either case."""
    units = set(scope.units.values()) if scope else set()
    matches = (each for unit in units for each in unit.statements if isinstance(each, ast.Match))
    return any(each.cases[-1] is head for each in matches)


def _matches_all(head: ast.match_case) -> bool:
    return head.guard is None and isinstance(head.pattern, ast.MatchAs) and head.pattern.pattern is None


def _is_sibling(head: Statement, line: int, scope: Scope | None) -> bool:
    """Return whether the line holds another handler, or case, of the same statement."""
    unit = scope.units.get(line) if scope else None
    return unit is not None and any(type(each) is type(head) and each is not head for each in unit.statements)


@lru_cache(maxsize=8192)
def targets(node: ast.AST | None) -> list[str]:
    """The variables a statement is about: assigned, looped over, or those a method is called on."""
    match node:
        case ast.Assign(targets=parts) | ast.Delete(targets=parts):
            return [name for target in parts for name in owners(target)]
        case ast.AnnAssign(value=None):
            return []
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return list(owners(target))
        case ast.For(target=target) | ast.AsyncFor(target=target):
            return list(owners(target))
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=receiver))):
            return list(owners(receiver))
    return []


@lru_cache(maxsize=8192)
def comprehension_names(node: ast.AST | None) -> frozenset[str]:
    """The variables of a statement's comprehensions, which Python 3.12 shows among those of the function."""
    loops = (part for part in (own(node) if node else ()) if isinstance(part, ast.comprehension))
    return frozenset(name for loop in loops for name in owners(loop.target))
