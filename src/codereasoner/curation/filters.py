"""Why a program or one of its runs is of no use: one short reason that can be counted, or None.

The hard requirements are those of CodeReasoner (arXiv:2507.17548): no comments, no default parameters, at least one
parameter. A copy of a number, True, False or None is no sign of a trivial program and is kept.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from codereasoner import literals
from codereasoner.records import Program, Run


@dataclass(frozen=True)
class Sizes:
    """The most characters that a program, a call and a value may have, and the most steps of a trace."""

    source: int = 4000
    call: int = 1000
    value: int = 1000
    steps: int = 400


def drop_reason(program: Program, run: Run, sizes: Sizes | None = None) -> str | None:
    """Why this run of a program is dropped, or None: it is kept. What a second run shows is in determinism.py."""
    sizes = sizes or Sizes()
    return (
        program_reason(program.source, program.entry, is_by_people(program))
        or _too_long(run, sizes)
        or run_reason(run)
        or trivial_reason(run)
    )


def is_by_people(program: Program) -> bool:
    """Did people write the program, not a grammar or a model that was told what not to use?"""
    return bool(program.features.get("by_people"))


@lru_cache(maxsize=1024)
def program_reason(source: str, entry: str, by_people: bool = False) -> str | None:
    """Does the text break a hard requirement? What people wrote may have comments and default parameters."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return "does not parse"
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == entry]
    if not functions:
        return "entry missing"
    arguments = functions[-1].args
    if not (arguments.args or arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg):
        return "no parameter"
    nodes = () if by_people else list(ast.walk(tree))
    if any(isinstance(node, ast.arguments) and (node.defaults or any(node.kw_defaults)) for node in nodes):
        return "default parameter"
    if not by_people and _has_comment(source):
        return "comment"
    return "constant" if _returns_one_constant(functions[-1]) else None


def run_reason(run: Run) -> str | None:
    """Did the run end without a value that is a faithful literal, or without its whole trace?"""
    if run.outcome == "raised":
        return f"raises {run.exception.partition(':')[0] or 'an exception'}"
    if run.outcome != "ok":
        return _ENDED.get(run.outcome, run.outcome)
    if run.value is None:
        return "value has no literal"
    if run.cut:
        return f"trace cut: {run.cut}"
    if not _is_text(run.stdout):
        return "prints what is no text"
    return None if _reads_back(run.value) else "value does not read back"


def _is_text(text: str) -> bool:
    """Can every file format store it? Lone surrogates stand for printed bytes that are no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def trivial_reason(run: Run) -> str | None:
    """Is the value a mere copy of an argument?"""
    if run.value is None or run.value[0] not in "'\"[({b":
        return None
    return "copy of an argument" if run.value in _arguments(run.call) else None


_ENDED = {
    "timeout": "limit: time",
    "memory": "limit: memory",
    "output": "limit: output",
    "error": "our machinery failed",
}


def _too_long(run: Run, sizes: Sizes) -> str | None:
    for name, text, most in (
        ("source", run.source, sizes.source),
        ("call", run.call, sizes.call),
        ("value", run.value or "", sizes.value),
    ):
        if len(text) > most:
            return f"{name} too long"
    return "trace too long" if len(run.steps) > sizes.steps else None


def _has_comment(source: str) -> bool:
    if "#" not in source:
        return False
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return True
    return any(token.type == tokenize.COMMENT for token in tokens)


def _returns_one_constant(function: ast.FunctionDef) -> bool:
    """Is the same expression without any name returned everywhere?"""
    values = [node.value for node in _own_nodes(function) if isinstance(node, ast.Return) and node.value is not None]
    texts = {ast.dump(value) for value in values}
    return len(texts) < 2 and not any(isinstance(node, ast.Name) for value in values for node in ast.walk(value))


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions in it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield node
            yield from _own_nodes(node)


def _reads_back(value: str) -> bool:
    try:
        return literals.write(literals.read(value)) == value
    except (literals.LiteralError, literals.NotWritable):
        return False


def _arguments(call: str) -> list[str]:
    """The arguments of a call in canonical form; none where they are no literals."""
    try:
        return [literals.write(literals.value_of(value)) for _, value in literals.parse_arguments(call)]
    except (literals.LiteralError, literals.NotWritable):
        return []
