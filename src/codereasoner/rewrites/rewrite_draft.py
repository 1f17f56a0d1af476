"""The program that a rewrite changes: its tree, the names that are taken, and its lists of statements."""

import ast
import builtins
import keyword
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import TypeAlias, TypeVar

from codereasoner.steps.source import bound_by

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.ClassDef, ast.Lambda)
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
RESERVED = frozenset({*dir(builtins), *keyword.kwlist, *keyword.softkwlist})
_PARTS = ("body", "orelse", "finalbody", "handlers", "cases")


class Unfit(Exception):
    """Raised where a program is not rewritten; the message is the reason, short and the same words each time."""


@dataclass
class Draft:
    """A program while it is rewritten; each statement of the tree has its old line as `origin`."""

    source: str
    tree: ast.Module
    entry: str
    calls: tuple[str, ...]
    value: str
    random: Random
    names: dict[str, str] = field(default_factory=dict)  # the names that were changed
    keeps_text: bool = False  # only comments are added, so that layout and comments stay
    on_text: list[Callable[[str], str]] = field(default_factory=list)  # changes of the written text, last

    @cached_property
    def taken(self) -> set[str]:
        """Every name, attribute and keyword of the program, and those that Python has."""
        found = set(RESERVED)
        for node in ast.walk(self.tree):
            for value in vars(node).values():
                if isinstance(value, str) and not isinstance(node, ast.Constant):
                    found.add(value)
                elif isinstance(value, list):
                    found.update(each for each in value if isinstance(each, str))
        return found

    def fresh(self, word: str) -> str:
        """Return a name that is not taken, the word itself if possible, and take it."""
        name, number = word, 1
        while name in self.taken:
            number += 1
            name = f"{word}_{number}"
        self.taken.add(name)
        return name

    def functions(self) -> list[Function]:
        """Return all functions, those in classes and functions among them."""
        return [node for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS)]

    def uses(self, name: str) -> bool:
        """Return whether a built-in name means what Python means by it: the program never binds it."""
        return name not in self.bound

    @cached_property
    def bound(self) -> set[str]:
        """Every name that the program binds anywhere."""
        return set(bindings(self.tree))


def bindings(tree: ast.AST) -> Iterator[str]:
    """Yield each name that a tree binds, in any scope."""
    for node in ast.walk(tree):
        yield from node.names if isinstance(node, ast.Global | ast.Nonlocal) else bound_by(node)


def blocks(scope: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield each list of statements of a function, inner ones first, without those of the scopes in it."""
    for name in _PARTS:
        inner = getattr(scope, name, None)
        if not isinstance(inner, list):
            continue
        for node in inner:
            if not isinstance(node, SCOPES):
                yield from blocks(node)
        if inner and isinstance(inner[0], ast.stmt):
            yield inner


def has(tree: ast.AST | list[ast.stmt], *kinds: type[ast.AST]) -> bool:
    """Return whether a tree, or a list of statements, holds a node of one of these kinds."""
    trees = tree if isinstance(tree, list) else [tree]
    return any(isinstance(node, kinds) for each in trees for node in ast.walk(each))


def own_jumps(body: list[ast.stmt], *kinds: type[ast.AST]) -> bool:
    """Return whether a loop's body has a `break` or `continue` of that loop."""
    for node in body:
        if isinstance(node, kinds):
            return True
        if isinstance(node, SCOPES):
            continue
        parts = ("orelse",) if isinstance(node, ast.For | ast.AsyncFor | ast.While) else _PARTS
        if own_jumps([child for name in parts for child in getattr(node, name, [])], *kinds):
            return True
    return False


def head(body: list[ast.stmt]) -> int:
    """Return how many statements must stay first: a docstring, future imports, `global` and `nonlocal`."""
    count = 0
    for number, node in enumerate(body):
        text = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (text or future or isinstance(node, ast.Global | ast.Nonlocal)):
            break
        count += 1
    return count


def name(word: str) -> ast.Name:
    """Return a name that is read."""
    return ast.Name(word, ast.Load())


def assign(target: str | ast.expr, value: ast.expr) -> ast.Assign:
    place = ast.Name(target, ast.Store()) if isinstance(target, str) else target
    return ast.Assign([place], value)


def statement(text: str) -> ast.stmt:
    """Return the one statement in a text, as if it were new: its positions say nothing."""
    return ast.parse(text).body[0]


def expression(text: str) -> ast.expr:
    """Return the expression in a text."""
    return ast.parse(text, mode="eval").body


T = TypeVar("T", bound=ast.AST)


def renamed(tree: T, names: Mapping[str, str]) -> T:
    """Return a copy of a tree in which names have others, wherever they are read or set."""
    copy = deepcopy(tree)
    for node in ast.walk(copy):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return copy
