"""Map the lines of a source to its statements, function by function.

A trace knows lines only. Most lines belong to one statement, whose header may take several of them; statements that
share a line (`if x: y = 1`, `a = 1; b = 2`) form one unit.
"""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeAlias, cast

from codereasoner.chains.expressions import unparse
from codereasoner.chains.pure_operations import FUNCTIONS
from codereasoner.steps.source import bound_by, is_inlined, nodes_of, parse_or_say_why, split_lines, walk

Statement: TypeAlias = "ast.stmt | ast.ExceptHandler | ast.match_case"
Owner: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module"
Loop: TypeAlias = "ast.For | ast.AsyncFor | ast.While"

MODULE = ("<module>", 1)  # the name and the first line of the code of a module
LOOPS = ast.For | ast.AsyncFor | ast.While
OWNERS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


@dataclass(frozen=True)
class Unit:
    """The statements that share lines, in source order: one, unless the source puts several on a line."""

    statements: tuple[Statement, ...]

    def innermost(self, line: int) -> Statement:
        """Return the last statement that stands on a line."""
        if len(self.statements) == 1:
            return self.statements[0]
        return next((each for each in reversed(self.statements) if covers(each, line)), self.statements[-1])


@dataclass(frozen=True)
class Scope:
    """The body of one function, class or module, without those of the functions and classes inside it."""

    node: Owner
    units: Mapping[int, Unit]  # by line
    loops: Mapping[Statement, Loop]  # the innermost loop around each statement in the body of one
    landings: tuple[
        tuple[range, range], ...
    ]  # handlers, `finally`, exits of `with`; the lines whose exceptions go there
    parameters: frozenset[str]
    following: Mapping[Statement, Statement | None]  # what comes after each when its block ends; None: the body ends
    shared: frozenset[str]  # variables that `nonlocal` or `global` lets another function assign
    shadowed: frozenset[str]  # built-in functions whose names the program gives to something else
    is_lazy: bool  # a generator or coroutine: whoever goes over it runs it, not whoever calls the function

    def is_landing(self, line: int, origin: int) -> bool:
        """Return whether an exception that is raised on the line `origin` can lead to the other line."""
        return any(line in landing and origin in block for landing, block in self.landings)


@lru_cache(maxsize=256)
def scopes(source: str) -> Mapping[tuple[str, int], Scope]:
    """Return the scopes of a source by name and first line, as code objects name them: decorators count."""
    nodes = _nodes(source)
    found = {(node.name, first_line(node)): node for node in nodes if isinstance(node, OWNERS)}
    owners: dict[tuple[str, int], Owner] = {MODULE: cast("ast.Module", nodes[0]), **found}
    declared = (each for each in nodes if isinstance(each, ast.Nonlocal | ast.Global))
    shared = frozenset(name for each in declared for name in each.names)
    return {name: _scope(node, shared, shadowed(source)) for name, node in owners.items()}


@lru_cache(maxsize=256)
def shadowed(source: str) -> frozenset[str]:
    """Return the built-in functions whose names a program gives to something else."""
    return frozenset(name for node in _nodes(source) for name in bound_by(node)) & {*FUNCTIONS, "print"}


@lru_cache(maxsize=256)
def computed_attributes(source: str) -> frozenset[str]:
    """Return the attributes that classes of a program may compute when they are read: properties, descriptors."""
    nodes = _nodes(source)
    if any(isinstance(each, ast.FunctionDef) and each.name == "__getattribute__" for each in nodes):
        return frozenset(each.attr for each in nodes if isinstance(each, ast.Attribute))
    members = [each for node in nodes if isinstance(node, ast.ClassDef) for each in node.body]
    made = (each for each in members if isinstance(each, ast.Assign) or getattr(each, "decorator_list", None))
    return frozenset(name for each in made for part in (each, *own(each)) for name in bound_by(part))


def _nodes(source: str) -> Sequence[ast.AST]:
    return nodes_of(source) or walk(parse_or_say_why(source))


@lru_cache(maxsize=256)
def code_of(source: str) -> frozenset[str]:
    """Return the lines of a source and its statements without their blocks: what a text may quote."""
    lines = tuple(split_lines(source))
    statements = (each for each in _nodes(source) if isinstance(each, ast.stmt | ast.ExceptHandler | ast.match_case))
    return frozenset({line.strip() for line in lines} | {header(each, lines) for each in statements}) - {""}


@lru_cache(maxsize=8192)
def first_line(node: Statement) -> int:
    """Return the first line of a statement, decorators included."""
    if isinstance(node, ast.match_case):
        return line_of(node)
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def line_of(node: Statement) -> int:
    """Return the line that a statement is named by: that of `def` where there are decorators."""
    return node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno


@lru_cache(maxsize=8192)
def header_end(node: Statement) -> int:
    """Return the last line of a statement, without the blocks under it."""
    return max(first_line(node), getattr(node, "lineno", 0), *map(_last_line, _own_children(node)))


def _last_line(node: ast.AST) -> int:
    """Return the last line of an expression, or of what an argument list or a context manager is made of."""
    end: int | None = getattr(node, "end_lineno", None)
    return end or max(map(_last_line, ast.iter_child_nodes(node)), default=0)


def covers(node: Statement, line: int) -> bool:
    """Return whether a line is part of a statement's header."""
    return first_line(node) <= line <= header_end(node)


_BUSY = ast.Call | ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom | ast.comprehension | ast.Lambda


@cache
def ends_with_a_test() -> bool:
    """Return whether this Python tests a `while` again at the end of each pass, where no step tells of it."""
    return [each.argval for each in dis.get_instructions(compile("while x: y", "", "exec"))].count("x") == 2


@lru_cache(maxsize=8192)
def is_short_loop(unit: Unit) -> bool:
    """Return whether the unit is a loop with its body beside it, each pass of which begins with a step of its own.

    The test of a `while` has to be without calls, which would come before the passes that they belong to.
    """
    head, *body = unit.statements
    if not isinstance(head, ast.For | ast.While) or body != head.body:
        return False
    if head.lineno != header_end(body[-1]) and (isinstance(head, ast.While) or header_end(head) in body_lines(head)):
        return False
    if isinstance(head, ast.While) and any(isinstance(each, _BUSY) for each in own(head)):
        return False
    jumps = ast.Break | ast.Continue | ast.Return | ast.Raise
    return not any(isinstance(each, jumps) for each in body) and not any(
        is_inlined(part) for each in unit.statements for part in own(each)
    )


@lru_cache(maxsize=8192)
def own(node: ast.AST) -> tuple[ast.AST, ...]:
    """Return the nodes of a statement but itself, without the blocks under it."""
    return tuple(each for child in _own_children(node) for each in walk(child))


def _own_children(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name not in _BLOCKS:
            yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, ast.AST))


@lru_cache(maxsize=8192)
def body_lines(node: ast.AST) -> range:
    """Return the lines of a statement's own block, `else` and its like not included."""
    body: Sequence[ast.stmt] = getattr(node, "body", ())
    return range(first_line(body[0]), (body[-1].end_lineno or 0) + 1) if body else range(0)


@lru_cache(maxsize=8192)
def header(node: Statement, lines: tuple[str, ...]) -> str:
    """Return the code of a statement without the blocks under it, on one line whatever its layout in the source."""
    first, last = first_line(node), header_end(node)
    text = lines[first - 1].encode()
    start = len(text) - len(text.lstrip()) if isinstance(node, ast.match_case) else node.col_offset
    if first == last:
        return text[start : _end(node, text, start)].decode().strip()
    written = _written(node)
    return f"el{written}" if isinstance(node, ast.If) and text[start:].startswith(b"elif") else written


def _end(node: Statement, text: bytes, start: int) -> int:
    """Return the column behind the colon of a header, or behind a simple statement."""
    if not isinstance(node, ast.match_case | ast.ExceptHandler) and not _has_block(node):
        return node.end_col_offset or len(text)
    ends = (getattr(each, "end_col_offset", None) or 0 for each in own(node))
    return text.find(b":", max(start, *ends, 0)) + 1


def _written(node: Statement) -> str:
    """Return the header as Python's own writer puts it."""
    if not _has_block(node):
        return unparse(node)
    blocks: dict[str, list[ast.AST]] = {name: [] for name in _BLOCKS if hasattr(node, name)}
    if "cases" in blocks:
        blocks["cases"] = [ast.match_case(ast.MatchAs(), None, [ast.Pass()])]
    else:
        blocks["body"] = [ast.Pass()]
    bare = type(node)(**{name: blocks.get(name, value) for name, value in ast.iter_fields(node)})
    return " ".join(line.strip() for line in ast.unparse(ast.fix_missing_locations(bare)).strip().split("\n")[:-1])


def _has_block(node: ast.AST) -> bool:
    return any(hasattr(node, name) for name in _BLOCKS)


def _scope(node: Owner, shared: frozenset[str], hidden: frozenset[str]) -> Scope:
    statements = sorted(_statements(node), key=lambda each: (first_line(each), getattr(each, "col_offset", 0)))
    units: dict[int, Unit] = {}
    for statement in statements:
        lines = list(range(first_line(statement), header_end(statement) + 1))
        met = {line: units[line] for line in lines if line in units}
        unit = Unit((*dict.fromkeys(each for other in met.values() for each in other.statements), statement))
        units |= dict.fromkeys((line for line, other in units.items() if other in met.values()), unit) if met else {}
        units |= dict.fromkeys(lines, unit)
    following = dict(_following(node.body, None))
    is_lazy = isinstance(node, ast.AsyncFunctionDef) or any(
        isinstance(part, ast.Yield | ast.YieldFrom) for each in statements for part in own(each)
    )
    landings = tuple(_landings(statements))
    return Scope(node, units, _loops(node), landings, _parameters(node), following, shared, hidden, is_lazy)


def _statements(node: ast.AST) -> Iterator[Statement]:
    """Yield the statements below a node, in this scope; a nested function or class is one of them, its body is not."""
    for name in _BLOCKS:
        for each in getattr(node, name, ()):
            yield each
            if not isinstance(each, OWNERS):
                yield from _statements(each)


def _loops(scope: Owner) -> dict[Statement, Loop]:
    found: dict[Statement, Loop] = {}
    for loop in (each for each in _statements(scope) if isinstance(each, LOOPS)):  # outer ones come first
        found |= dict.fromkeys(
            (inner for each in loop.body for inner in (each, *_statements(each)) if not isinstance(each, OWNERS)), loop
        )
    return found


def _following(block: Sequence[ast.stmt], then: Statement | None) -> Iterator[tuple[Statement, Statement | None]]:
    """Each statement of a block, and of those in it, with the one that comes next when it has ended."""
    for each, after in zip(block, [*block[1:], then], strict=False):
        yield each, after
        match each:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                continue
            case ast.Try(finalbody=final) | ast.TryStar(finalbody=final):
                last = final[0] if final else after
                yield from _following(each.body, each.orelse[0] if each.orelse else last)
                for handler in each.handlers:
                    yield from _following(handler.body, last)
                yield from _following(each.orelse, last)
                yield from _following(final, after)
                continue
            case ast.Match(cases=cases):
                for case in cases:
                    yield from _following(case.body, after)
        comes_back = isinstance(each, LOOPS | ast.With | ast.AsyncWith)
        yield from _following(getattr(each, "body", ()), each if comes_back else after)
        yield from _following(getattr(each, "orelse", ()), after)


def _landings(statements: Sequence[Statement]) -> Iterator[tuple[range, range]]:
    for each in statements:
        if isinstance(each, ast.Try | ast.TryStar):
            for handler in each.handlers:
                yield range(first_line(handler), header_end(handler) + 1), body_lines(each)
            if each.finalbody:
                final = range(first_line(each.finalbody[0]), (each.finalbody[-1].end_lineno or 0) + 1)
                yield final, range(first_line(each), final.start)
        elif isinstance(each, ast.With | ast.AsyncWith):
            yield range(first_line(each), header_end(each) + 1), range(first_line(each), body_lines(each).stop)


def _parameters(node: Owner) -> frozenset[str]:
    if isinstance(node, ast.ClassDef | ast.Module):
        return frozenset()
    found = node.args
    every = [*found.posonlyargs, *found.args, *found.kwonlyargs, found.vararg, found.kwarg]
    return frozenset(each.arg for each in every if each is not None)
