"""A benchmark's own prompts, read from a checkout of it: they are other people's text, and none of it is here.

CRUXEval keeps its prompts as f-strings in functions of a prompts.py. The f-string is taken from the syntax tree and
filled in; nothing of the checkout is executed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import Path

from codereasoner.errors import DataError, UnknownName
from codereasoner.styles import Style, official_style
from codereasoner.task import Question

# Name of the style -> function in prompts.py, the fact that is shown, is reasoning asked for?
CRUXEVAL: Mapping[str, tuple[str, str, bool]] = {
    "cruxeval-direct-output": ("make_direct_output_prompt", "call", False),
    "cruxeval-cot-output": ("make_cot_output_prompt", "call", True),
    "cruxeval-direct-input": ("make_direct_input_prompt", "value", False),
    "cruxeval-cot-input": ("make_cot_input_prompt", "value", True),
    "cruxeval-phind-output": ("make_direct_output_prompt_phind", "call", False),
}


def cruxeval_style(checkout: Path, name: str) -> Style:
    """A style with an official prompt of CRUXEval, from `prompts.py` of its checkout.

    Raises:
        UnknownName: there is no such prompt; the message lists them.
        DataError: the checkout has no such file or function.
    """
    if name not in CRUXEVAL:
        raise UnknownName("official prompt", name, CRUXEVAL)
    function, fact, reasons = CRUXEVAL[name]
    template = read_template(checkout / "prompts.py", function)

    def prompt(question: Question) -> str:
        return template((question.facts["source"], question.facts[fact]))

    return official_style(name, prompt, "block", reasons=reasons, opened=not reasons and "phind" not in name)


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
    parts = [_part(path, part, names) for part in texts[0].values]
    return lambda values: "".join(part if isinstance(part, str) else values[part] for part in parts)


def _unpacked(function: ast.FunctionDef) -> list[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            return [name.id for name in node.targets[0].elts if isinstance(name, ast.Name)]
    return []


def _part(path: Path, part: ast.expr, names: list[str]) -> str | int:
    match part:
        case ast.Constant(value=str() as text):
            return text
        case ast.FormattedValue(value=ast.Name(id=name), conversion=-1, format_spec=None) if name in names:
            return names.index(name)
    raise DataError(f"{path}: the f-string holds more than plain names: {ast.unparse(part)[:60]}")
