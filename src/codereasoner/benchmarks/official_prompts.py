"""Read a benchmark's own prompts from a checkout of it: they are other people's text, and none of it is here.

CRUXEval and the benchmarks after it keep their prompts as f-strings in functions of a file. The f-string is taken from
the syntax tree and filled in; nothing of the checkout is executed.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias

from codereasoner.answer_formats import Block
from codereasoner.errors import DataError
from codereasoner.extend import Benchmark
from codereasoner.styles import Style, official_style
from codereasoner.task import Question

Texts: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class OfficialPrompts:
    """The functions of a file that make a benchmark's prompts, and the facts of a question that fill them."""

    file: str
    direct: str  # the function that makes the prompt without reasoning
    cot: str  # the function that makes the one with reasoning
    facts: Texts  # in the order of the template
    prepare: Callable[[Texts], Texts] = tuple  # changes the facts before they fill the direct prompt
    prepare_cot: Callable[[Texts], Texts] | None = None  # the same for the prompt with reasoning, where it differs


class PromptedBenchmark(Benchmark):
    """A benchmark whose own prompts are f-strings in a file of its checkout."""

    prompts: ClassVar[OfficialPrompts]

    def official_style(self, checkout: Path, reasons: bool) -> Style:
        """Return the style of its prompts, or raise DataError if the checkout has no such file or function."""
        source = self.prompts
        template = read_template(checkout / source.file, source.cot if reasons else source.direct)
        prepare = source.prepare_cot if reasons and source.prepare_cot else source.prepare

        def prompt(question: Question) -> str:
            return template(prepare(tuple(question.facts[fact] for fact in source.facts)))

        name = f"{self.name}-official-{'cot' if reasons else 'direct'}"
        return official_style(name, prompt, Block(), reasons=reasons, opened=not reasons)


def read_template(path: Path, function: str) -> Callable[[Texts], str]:
    """Return the text that a function of the form `a, b = s; return f"..."` would return for a tuple of values."""
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
    """Yield the names that the function gives a text to."""
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
