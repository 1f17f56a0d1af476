"""Read the program in a completion of a language model, or the reason why there is none."""

import ast
import re
from dataclasses import dataclass

from codereasoner import literals
from codereasoner.steps.source import parse_any

_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(</\1>|\Z)", re.DOTALL)
_FENCE = re.compile(
    r"^[ \t]*(?:```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*(?:```+|~~~+)[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_REFUSAL = re.compile(
    r"\b(i(?:'m| am) (?:sorry|unable|not able)|i (?:can(?:no|')t|won't|must decline)|as an ai|cannot (?:help|assist))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Written:
    """A program that was read: its source without the call, the function that is called, and the arguments."""

    source: str
    entry: str
    call: str


def read_written(text: str, finish: str = "stop") -> Written | str:
    """Return the program in a completion, or the short reason why there is none.

    Thoughts are left out, fences may be missing or not closed, and the last block with a function counts.
    """
    answer = _THOUGHT.sub("", text.replace("\r\n", "\n").replace("’", "'"))
    if not answer.strip():
        return "cut off" if finish == "length" else "thought only" if text.strip() else "empty"
    blocks = [block for _, block in _FENCE.findall(answer) if "def " in block] or [answer]
    tree = parse_any(blocks[-1])
    if tree is None or not any(isinstance(node, ast.FunctionDef) for node in tree.body):
        if finish == "length":
            return "cut off"
        if blocks[-1] is answer and "def " not in answer:
            return "refusal" if _REFUSAL.search(answer) else "no code"
        return "does not parse" if tree is None else "no function"
    return _split(tree, blocks[-1])


def _split(tree: ast.Module, code: str) -> Written | str:
    """Require one print, outside the functions, of one call with literal arguments."""
    prints = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node) == "print"]
    outside = [node for node in tree.body if isinstance(node, ast.Expr) and node.value in prints]
    if not outside:
        return "no print outside a function"
    if len(prints) > 1:
        return "more than one print"
    call = prints[0].args[0] if len(prints[0].args) == 1 and not prints[0].keywords else None
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if not isinstance(call, ast.Call) or _name(call) not in functions:
        return "the print holds no call"
    if sum(_name(each) == _name(call) for node in tree.body for each in _outer_calls(node)) > 1:
        return "called more than once"
    try:
        arguments = literals.call_arguments(call)
    except literals.LiteralError:
        return "arguments are not literals"
    rest = [node for node in tree.body if node is not outside[0]]
    if not all(isinstance(node, ast.FunctionDef) for node in rest):
        return "more than functions"
    return Written(_without(outside[0], code), _name(call), arguments)


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _outer_calls(node: ast.stmt) -> list[ast.Call]:
    if isinstance(node, ast.FunctionDef):
        return []
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


def _without(node: ast.stmt, code: str) -> str:
    """Return the code without the lines of one statement, and without the empty lines around it."""
    lines = re.split("\r\n|\r|\n", code)
    del lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(line.rstrip() for line in lines).strip("\n")
