"""Tell which statements of a shared line can have made a call, from the names in them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from codereasoner.chains.abstract_execution import State
from codereasoner.chains.statement_lines import Scope, Statement, own
from codereasoner.records import Step
from codereasoner.steps.source import INLINED

BOTH, ONLY_OTHERS = (True, True), (False, True)
_COMPREHENSIONS = frozenset(("<listcomp>", "<setcomp>", "<dictcomp>"))
_FRAMES: Mapping[type[ast.AST], str] = {
    ast.GeneratorExp: "<genexpr>",
    ast.ListComp: "<listcomp>",
    ast.SetComp: "<setcomp>",
    ast.DictComp: "<dictcomp>",
    ast.Lambda: "<lambda>",
}
WRAPPED = "<async_generator_wrapped_value>"  # of what an asynchronous generator yields a trace has only this
_STATEMENTS = ast.stmt | ast.ExceptHandler | ast.match_case
_QUIET: tuple[type[ast.AST], ...] = (ast.Name, ast.Constant, ast.List, ast.Tuple, ast.Expr)
_QUIET += (ast.Assign, ast.AnnAssign, ast.Return, ast.Pass, ast.Break, ast.Continue)


class Callee(NamedTuple):
    """A function that a statement called; "yield" where the statement yielded."""

    name: str
    is_lazy: bool  # not its call runs it, but whoever goes over it, or awaits it
    is_direct: bool  # it was called by the function itself, not by a comprehension or lambda in it

    @classmethod
    def of(cls, step: Step, scopes: Mapping[tuple[str, int], Scope], is_direct: bool) -> Callee:
        """Return what a step of a run calls or resumes."""
        if step.event == "yield":
            return cls("yield", False, is_direct)
        scope = scopes.get((step.value, step.line))
        return cls(step.value, scope.is_lazy if scope else step.value in ("<genexpr>", "<lambda>"), is_direct)


def waits_for(step: Step, function: str, scope: Scope | None) -> bool:
    """Return whether a step at which a function is left for a while is an `await`, whose value nobody sees."""
    if step.event != "yield" or step.value == WRAPPED:
        return False
    return function in _COMPREHENSIONS or (scope is not None and isinstance(scope.node, ast.AsyncFunctionDef))


def can_yield(node: Statement) -> bool:
    """Return whether a statement, without the blocks under it, can yield or wait."""
    return "yield" in _words(node, True)


def callers_of(
    callee: Callee, head: Statement, others: Sequence[Statement], before: State, direct: bool = False
) -> tuple[bool, bool]:
    """Return whether the first statement of a line, and whether the others, can have made a call.

    Args:
        before: the variables before the line; one that holds a function names it.
        direct: no comprehension or lambda of theirs made the call.
    """
    first = any(_can_be(callee, word, before) for word in _words(head, direct))
    rest = any(_can_be(callee, word, before) for each in others for word in _words(each, direct))
    if callee.name.startswith("__") or not (first or rest):  # by an operator, or by a name that is not the function's
        return True, rest or any(not isinstance(part, _QUIET) for each in others for part in (each, *own(each)))
    return first, rest


def _can_be(callee: Callee, word: str, before: State) -> bool:
    """Return whether a name leads to a function; to a generator that has begun, any may that is no literal's."""
    is_literal = hasattr(builtins, word) or callee.name == "<genexpr>"  # it is called where it is written
    value = before.get(word, "" if is_literal else "<")
    return word == callee.name or f"<function {callee.name}>" in value or (callee.is_lazy and value.startswith("<"))


@lru_cache(maxsize=8192)
def _words(node: Statement, direct: bool) -> frozenset[str]:
    """Return the names that a statement reads, "yield" where it can yield, and the frames of its comprehensions."""
    found = {"yield"} if isinstance(node, ast.AsyncFor | ast.AsyncWith) else set()
    pending: list[ast.AST] = [each for each in ast.iter_child_nodes(node) if not isinstance(each, _STATEMENTS)]
    while pending:
        part = pending.pop()
        inner = list(ast.iter_child_nodes(part))
        match part:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                found.add(name)
            case ast.Yield() | ast.YieldFrom() | ast.Await():
                found.add("yield")
            case ast.Lambda() | ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                found.add(_FRAMES[type(part)])
                if direct and not isinstance(part, INLINED):
                    inner = [] if isinstance(part, ast.Lambda) else [part.generators[0].iter]
        pending += inner
    return frozenset(found)
