"""REval's own prompts, from the templates of a checkout: `prompts/direct_TASK.txt` and `prompts/cot_TASK.txt`.

What fills them is not quite the same for the four tasks, and is kept as REval has it: the path task numbers the lines
of functions, and only the coverage and state tasks leave the first line of a set-up uncommented.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from codereasoner.benchmarks.reval_data import Pair
from codereasoner.errors import DataError

_SETUP = "\n# setup code executed previously\n"
_PRELUDE = "\n# Test code starts here. Only write the completed test code in your answer.\n"


def read_templates(checkout: Path, reasons: bool) -> dict[str, str]:
    """The four templates by task.

    Raises:
        DataError: the checkout lacks one.
    """
    kind = "cot" if reasons else "direct"
    found = {}
    for task in ("coverage", "state", "path", "output"):
        path = checkout / "prompts" / f"{kind}_{task}.txt"
        try:
            found[task] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise DataError(f"{path} cannot be read: give the folder of a checkout of REval") from None
    return found


def fill(template: str, task: str, pair: Pair, place: int | None) -> str:
    """The prompt of a pair's point (of the pair itself, for outputs).

    Raises:
        DataError: the template has another blank than REval's.
    """
    blanks = _blanks(task, pair) if place is None else _blanks(task, pair) | _point(pair, place)
    try:
        return template.format(**blanks)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise DataError(f"the template of REval's {task} task has a blank that is unknown here: {error}") from None


def _blanks(task: str, pair: Pair) -> dict[str, str]:
    code = pair.code
    if not pair.test:
        if task == "output":
            return {"code": code, "invocation": f"\n{pair.output_pred}"}
        if task == "path":
            code = "".join(f"{number}\t{line}\n" for number, line in enumerate(code.split("\n"), start=1))
        return {"code": code, "invocation": pair.invocation, "invocation_abbr": pair.invocation}
    setup = _set_up(pair, task)
    if task == "output":
        return {"code": code, "invocation": f"{setup}{_PRELUDE}{pair.output_pred}"}
    return {"code": code, "invocation": f"{setup}\n{pair.given.rstrip()}", "invocation_abbr": "the above test code"}


def _point(pair: Pair, place: int) -> dict[str, str]:
    line, expression = pair.points[place]
    return {"line": str(line), "codeline": pair.code.split("\n")[line - 1], "var": expression}


def _set_up(pair: Pair, task: str) -> str:
    lines = _set_up_lines(pair.test, pair.entry, pair.input_idx)
    if not lines:
        return ""
    first = "# " if task in ("path", "output") else ""
    return _SETUP + first + "\n# ".join([*lines[1:], ""])


@cache
def _set_up_lines(test: str, entry: str, index: int) -> list[str]:
    """The lines of the set-up of the pair's test class as they stand in the file; none where it has none."""
    classes = [
        node for node in ast.parse(test).body if isinstance(node, ast.ClassDef) and node.name.startswith(f"{entry}Test")
    ]
    for node in classes[index].body:
        if isinstance(node, ast.FunctionDef) and node.name == "setUp":
            return test.split("\n")[node.lineno - 1 : node.end_lineno]
    return []
