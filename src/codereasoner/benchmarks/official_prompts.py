"""A benchmark's own prompts, read from a checkout of it: they are other people's text, and none of it is here.

CRUXEval and what follows it keep their prompts as f-strings in functions of a file. The f-string is taken from the
syntax tree and filled in; nothing of the checkout is executed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from codereasoner.answer_formats import Block
from codereasoner.errors import DataError
from codereasoner.styles import Style, official_style
from codereasoner.task import Question


@dataclass(frozen=True)
class Official:
    """Where a prompt is, and what fills it: the functions of a file, the facts in their order, and how texts change."""

    file: str
    direct: str  # the function that makes the prompt without reasoning
    cot: str  # with it
    facts: tuple[str, ...]
    prepare: Callable[[tuple[str, ...]], tuple[str, ...]] = tuple  # what is done to the facts before

    def style(self, checkout: Path, name: str, reasons: bool) -> Style:
        """The style of these prompts.

        Raises:
            DataError: the checkout has no such file or function.
        """
        template = read_template(checkout / self.file, self.cot if reasons else self.direct)

        def prompt(question: Question) -> str:
            return template(self.prepare(tuple(question.facts[fact] for fact in self.facts)))

        kind = "cot" if reasons else "direct"
        return official_style(f"{name}-official-{kind}", prompt, Block(), reasons=reasons, opened=not reasons)


CRUXEVAL_O = Official("prompts.py", "make_direct_output_prompt", "make_cot_output_prompt", ("source", "call"))
CRUXEVAL_I = Official("prompts.py", "make_direct_input_prompt", "make_cot_input_prompt", ("source", "value"))
LIVECODEBENCH = Official(
    "lcb_runner/prompts/code_execution.py",
    "make_direct_output_prompt",
    "make_cot_output_prompt",
    ("source", "invocation"),
)
CODEGLANCE = Official("prompts.py", "make_direct_output_prompt", "make_cot_output_prompt", ("source", "test"))


def _double_quotes(facts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(fact.replace("'", '"') for fact in facts)


def _labelled(facts: tuple[str, ...]) -> tuple[str, ...]:
    """SemCoder's forward monologue names lines: each that is not blank ends in its label, counted from L5."""
    code, *rest = _double_quotes(facts)
    lines = code.split("\n")
    return "\n".join(f"{line} # [L{n}]" if line.strip() else line for n, line in enumerate(lines, start=5)), *rest


_MONOLOGUES = "experiments/cruxeval_prompts.py"
SEMCODER_O = Official(
    _MONOLOGUES, "make_direct_output_prompt", "make_forward_monologue_output_prompt", ("source", "call"), _double_quotes
)
LABELLED_O = replace(SEMCODER_O, prepare=_labelled)
SEMCODER_I = Official(
    _MONOLOGUES, "make_direct_input_prompt", "make_backward_monologue_input_prompt", ("source", "value"), _double_quotes
)


def read_template(path: Path, function: str) -> Callable[[tuple[str, ...]], str]:
    """The text that a function of the form `a, b = s; return f"..."` would return for a tuple of values.

    Raises:
        DataError: the file, the function or its f-string is not there.
    """
    if not path.is_file():
        raise DataError(f"there is no {path}: give the folder of a checkout of the benchmark")
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path} is not Python: {error}") from None
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    names = [name for node in found for name in _unpacked(node)]
    texts = [each.value for node in found for each in ast.walk(node) if isinstance(each, ast.Return)]
    if len(texts) != 1 or not isinstance(texts[0], ast.JoinedStr):
        raise DataError(f"{path} has no function {function} that returns one f-string")
    constants = {name: text for node in found for name, text in _constants(node)}
    parts = [_part(path, part, names, constants) for part in texts[0].values]
    return lambda values: "".join(part if isinstance(part, str) else values[part] for part in parts)


def _unpacked(function: ast.FunctionDef) -> list[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            return [name.id for name in node.targets[0].elts if isinstance(name, ast.Name)]
    return []


def _constants(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """The names that the function gives a text to."""
    for node in function.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)):
                yield name, text


def _part(path: Path, part: ast.expr, names: list[str], constants: Mapping[str, str]) -> str | int:
    match part:
        case ast.FormattedValue(value=ast.Name(id=name), conversion=-1, format_spec=None) if name in constants:
            return constants[name]
        case ast.Constant(value=str() as text):
            return text
        case ast.FormattedValue(value=ast.Name(id=name), conversion=-1, format_spec=None) if name in names:
            return names.index(name)
    raise DataError(f"{path}: the f-string holds more than plain names: {ast.unparse(part)[:60]}")
