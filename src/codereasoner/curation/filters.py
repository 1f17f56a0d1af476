"""Filters of programs and of their runs: each returns the reason why one is dropped, or None.

The hard requirements are those of CodeReasoner (arXiv:2507.17548): no comments, no default parameters, at least one
parameter. A copy of a number, True, False or None is not a sign of a trivial program and is kept.
"""

import ast
import io
import tokenize
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import lru_cache

from codereasoner import literals
from codereasoner.records import Program, Run
from codereasoner.steps.source import function_named, nodes_of, own_nodes, parse_any, walk


@dataclass(frozen=True)
class Sizes:
    """The maximum characters of a program, a call and a value, and the maximum steps of a trace."""

    source: int = 4000
    call: int = 1000
    value: int = 1000
    steps: int = 400


def drop_reason(
    program: Program, run: Run, sizes: Sizes | None = None, outcomes: Sequence[str] = ("ok",)
) -> str | None:
    """Return why a run of a program is dropped; determinism.py compares it with a second run.

    outcomes: how the runs end that are kept.
    """
    sizes = sizes or Sizes()
    return (
        program_reason(program.source, program.entry, is_by_people(program))
        or size_reason("source", run.source, sizes.source)
        or size_reason("call", run.call, sizes.call)
        or size_reason("value", run.value or "", sizes.value)
        or size_reason("trace", run.steps, sizes.steps)
        or run_reason(run, outcomes)
        or recorded_reason(program, run)
        or trivial_reason(run)
    )


def is_by_people(program: Program) -> bool:
    """Return whether people wrote the program, not a grammar, or a model with instructions what not to use."""
    return bool(program.features.get("by_people"))


@lru_cache(maxsize=1024)
def program_reason(source: str, entry: str, by_people: bool = False) -> str | None:
    """Return which hard requirement a program breaks; people's may have comments and default parameters."""
    tree = parse_any(source)
    if tree is None:
        return "does not parse"
    function = function_named(tree, entry)
    if function is None:
        return "entry missing"
    arguments = function.args
    if not (arguments.args or arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg):
        return "no parameter"
    nodes = () if by_people else nodes_of(source)
    if any(isinstance(node, ast.arguments) and (node.defaults or any(node.kw_defaults)) for node in nodes):
        return "default parameter"
    if not by_people and _has_comment(source):
        return "comment"
    return "constant" if _returns_one_constant(function) else None


def size_reason(name: str, text: Sized, most: int) -> str | None:
    """Return that a text or a trace is too long."""
    return f"{name} too long" if len(text) > most else None


def run_reason(run: Run, outcomes: Sequence[str] = ("ok",)) -> str | None:
    """Return why a run has another outcome, no value that is a faithful literal, or no whole trace."""
    if run.outcome not in outcomes:
        raised = f"raises {run.exception.partition(':')[0] or 'an exception'}"
        return raised if run.outcome == "raised" else _ENDED.get(run.outcome, run.outcome)
    if run.exception.startswith("SyntaxError") and not run.steps:
        return "does not compile"
    if run.outcome == "ok" and run.value is None:
        return "value has no literal"
    if run.cut:
        return f"trace cut: {run.cut}"
    if not _is_text(run.stdout):
        return "prints what is not text"
    return None if run.value is None or run.value == _canonical(run.value) else "value does not read back"


_ENDED = {
    "timeout": "limit: time",
    "memory": "limit: memory",
    "output": "limit: output",
    "error": "infrastructure error",
}


def recorded_reason(program: Program, run: Run) -> str | None:
    """Return that a program's data set records another value for this call, or one that cannot be compared."""
    recorded = program.features.get("recorded")
    if not isinstance(recorded, Mapping) or run.call not in recorded or run.value is None:
        return None
    try:
        wanted, found = literals.read(str(recorded[run.call])), literals.read(run.value)
    except literals.LiteralError:
        return "recorded value has no literal"
    if program.features.get("recorded_as_json"):
        return None if _as_json(found) == _as_json(wanted) else "another value than recorded"
    return None if literals.equal(found, wanted) else "another value than recorded"


def _as_json(value: object) -> object:
    """Return a value as it comes back from JSON: tuples as lists, keys as text."""
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list | tuple) else value


def trivial_reason(run: Run) -> str | None:
    """Return that a value is a mere copy of an argument."""
    if run.value is None or run.value[0] not in "'\"[({b":
        return None
    try:
        arguments = [literals.write(literals.value_of(node)) for _, node in literals.parse_arguments(run.call)]
    except (literals.LiteralError, literals.NotWritable):
        return None
    return "copy of an argument" if run.value in arguments else None


def _canonical(text: str) -> str:
    """Return a literal in canonical form, "" where it is none."""
    try:
        return literals.write(literals.read(text))
    except (literals.LiteralError, literals.NotWritable):
        return ""


def _is_text(text: str) -> bool:
    """Return whether every file format can store a text; lone surrogates are printed bytes that are no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _has_comment(source: str) -> bool:
    if "#" not in source:
        return False
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return True
    return any(token.type == tokenize.COMMENT for token in tokens)


def _returns_one_constant(function: ast.FunctionDef) -> bool:
    """Return whether the same expression without any name is returned everywhere."""
    last = function.body[-1]
    if isinstance(last, ast.Return) and last.value and any(isinstance(node, ast.Name) for node in walk(last.value)):
        return False  # nearly every function
    values = [node.value for node in own_nodes(function) if isinstance(node, ast.Return) and node.value is not None]
    texts = {ast.dump(value) for value in values}
    return len(texts) < 2 and not any(isinstance(node, ast.Name) for value in values for node in walk(value))
