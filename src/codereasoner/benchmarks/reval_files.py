"""Read REval's files: its data as pairs of a program and an input, the logs of its evaluation, its prompt templates."""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from codereasoner.benchmarks.record_fields import Row
from codereasoner.errors import DataError
from codereasoner.ledger import read_rows
from codereasoner.steps.source import parse_or_say_why

DATA, TASKS = "DREval_data.jsonl", "DREval_tasks.jsonl"
REPACKAGED = "problems.jsonl", "tasks.jsonl"  # the same two files in JetBrains-Research/REval, on the Hub
BLANK = "??"
PARTS = ("coverage", "state", "path", "output")


@dataclass(frozen=True)
class Pair:
    """A program and one of its inputs. `test` is "" for a function, and the test module's source for a class."""

    idx: int
    input_idx: int
    code: str
    entry: str
    given: str  # the arguments of a function as a tuple; of a class, the body of its test method
    test: str
    expected: str  # the recorded output of a function; "" for a class
    points: tuple[tuple[int, str], ...]  # line, expression
    output_pred: str  # the assertions with blanks

    @property
    def id(self) -> str:
        """`DREval/IDX/INPUT`."""
        return f"DREval/{self.idx}/{self.input_idx}"

    @property
    def call(self) -> str:
        """The arguments of a function; "" for a class."""
        return "" if self.test else self.given[1:-2]

    @property
    def invocation(self) -> str:
        """The call of a function as an expression."""
        return f"{self.entry}({self.call})"


def read_pairs(data: Path) -> list[Pair]:
    """Return the 690 pairs, in the order of the tasks file; `data` is the folder of the two files, or either of them;
    the files of JetBrains-Research/REval do, too.

    Raises:
        DataError: a file is missing, or a record lacks a field.
    """
    folder = data if data.is_dir() else data.parent
    is_repackaged = not (folder / DATA).is_file() and (folder / REPACKAGED[0]).is_file()
    problems, tasks = (folder / name for name in (REPACKAGED if is_repackaged else (DATA, TASKS)))
    programs: dict[str, Row] = {}
    for number, row in enumerate(read_rows(problems), start=1):
        _need(problems, number, row, {"task_id": str, "entry_point": str, "code": str, "inputs": list})
        _add(problems, number, programs, row["task_id"], row)
    pairs: dict[str, Pair] = {}
    for number, row in enumerate(read_rows(tasks), start=1):
        asked = _listed(tasks, number, row) if is_repackaged else row
        _need(tasks, number, asked, {"task_id": str, "idx": int, "tasks": list})
        if row["task_id"] not in programs:
            raise DataError(f"{tasks}, line {number}: there is no program {row['task_id']} in {problems.name}")
        for task in asked["tasks"]:
            pair = _pair(tasks, number, row["idx"], programs[row["task_id"]], task)
            _add(tasks, number, pairs, pair.id, pair)
    if not pairs:
        raise DataError(f"{tasks} has no records")
    return list(pairs.values())


def _add(path: Path, number: int, known: dict[str, Any], name: str, found: object) -> None:
    if name in known:
        raise DataError(f"{path}, line {number}: {name} was there before; remove one of the two")
    known[name] = found


def _listed(path: Path, number: int, row: Row) -> Row:
    """Return a row whose tasks are a list; the repackaged file has them as JSON text."""
    if not isinstance(row.get("tasks"), str):
        return row
    try:
        return {**row, "tasks": json.loads(row["tasks"])}
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}, line {number}: 'tasks' is not JSON: {error}") from None


def _pair(path: Path, number: int, idx: int, program: Row, task: Row) -> Pair:
    _need(path, number, task, {"input_idx": int, "task": list, "output_pred": str})
    index, inputs = task["input_idx"], program["inputs"]
    if not 0 <= index < len(inputs):
        raise DataError(f"{path}, line {number}: program {idx} has no input {index}")
    for point in task["task"]:
        _need(path, number, point, {"lineno": int, "var": str})
    outputs: Sequence[str] = program.get("outputs") or []
    return Pair(
        idx,
        index,
        program["code"],
        program["entry_point"],
        inputs[index],
        program.get("test") or "",
        outputs[index] if index < len(outputs) else "",
        tuple((point["lineno"], point["var"]) for point in task["task"]),
        task["output_pred"],
    )


def _need(path: Path, number: int, row: object, fields: Mapping[str, type]) -> None:
    for name, kind in fields.items():
        value = row.get(name) if isinstance(row, dict) else None
        if not isinstance(value, kind):
            raise DataError(f"{path}, line {number}: '{name}' must be {kind.__name__}, not {value!r:.40}")


@cache
def method_of_test(pair: Pair) -> tuple[str, str]:
    """Return the source of the pair's test as free-standing assertions, and of the set-up that runs before it.

    The pair's test is the first test method of the test class that its input index counts to.
    """
    setup = _method(pair, "setUp")
    test = _method(pair, "test")
    return _body(test) if test else "", _body(setup) if setup else ""


@cache
def _method(pair: Pair, start: str) -> ast.FunctionDef | None:
    """Return the first method of the pair's test class whose name begins so."""
    classes = [node for node in parsed(pair, "test", pair.test).body if isinstance(node, ast.ClassDef)]
    tests = [node for node in classes if node.name.startswith(f"{pair.entry}Test")]
    if pair.input_idx >= len(tests):
        raise DataError(f"{pair.id} has no class {pair.entry}Test... in its 'test' for input {pair.input_idx}")
    methods = [node for node in tests[pair.input_idx].body if isinstance(node, ast.FunctionDef)]
    return next((node for node in methods if node.name.startswith(start)), None)


def parsed(pair: Pair, name: str, text: str) -> ast.Module:
    """Return the syntax tree of a field of a pair, which must be Python."""
    try:
        return parse_or_say_why(text)
    except SyntaxError as error:
        why = f"{error.msg}, line {error.lineno}" if error.lineno else error.msg
        raise DataError(f"{pair.id}: its '{name}' is not Python ({why})") from None


def _body(method: ast.FunctionDef) -> str:
    statements = [_Free().visit(statement) for statement in method.body]
    return "\n".join(ast.unparse(statement) for statement in statements)


class _Free(ast.NodeTransformer):
    """Write `self.assertEqual(...)` as `assertEqual(...)`, as REval's questions do."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Drop `self` before an assertion."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "self" and node.attr.startswith("assert"):
            return ast.Name(node.attr, ast.Load())
        return node


# ---- logs: TASK@MODEL.jsonl, or a folder TASK@MODEL with one file for each run
#
# A row holds a program's results: {"task_id", "generation": [{"input_idx", "results": [{"generated", ...}]}]}; the last
# row holds the run's numbers and no task_id.


@dataclass(frozen=True)
class Logs:
    """The logs of one model, one file for each task."""

    model: str
    files: Mapping[str, Path]

    @property
    def reasoned(self) -> bool:
        """True where the answers were asked for with a chain of thought, as REval marks it in the model's name."""
        return "_cot" in self.model


def find_logs(path: Path, tasks: Sequence[str]) -> list[Logs]:
    """Return the models that have logs of all these tasks; [] where the path has nothing to do with logs.

    `path` is a folder of logs, one log (the others are found next to it), or FOLDER/MODEL.
    """
    if path.is_dir() and "@" not in path.name:
        folder, wanted = path, ""
    elif "@" in path.name and path.exists():
        folder, wanted = path.parent, path.name.partition("@")[2].removesuffix(".jsonl")
    elif path.parent.is_dir() and not path.exists():
        folder, wanted = path.parent, path.name
    else:
        return []
    models: dict[str, dict[str, Path]] = {}
    for each in sorted(folder.iterdir()):
        task, at, model = each.name.removesuffix(".jsonl").partition("@")
        if at and task in PARTS and wanted in ("", model) and (log := _newest(each)):
            models.setdefault(model, {})[task] = log
    for model, files in models.items():
        if missing := [task for task in tasks if task not in files]:
            raise DataError(f"{folder} has no log {missing[0]}@{model}.jsonl; this needs: {', '.join(tasks)}")
    return [Logs(model, {task: files[task] for task in tasks}) for model, files in models.items()]


def _newest(path: Path) -> Path | None:
    """Return the file itself, or the newest file of a folder, which is the one that REval reads."""
    if path.is_file():
        return path
    return max(path.glob("*.jsonl"), key=lambda each: (each.stat().st_mtime, each.name), default=None)


def read_log(path: Path, task: str) -> Iterator[tuple[str, Row]]:
    """Yield each result of a log with its question's id: `TASK/DREval/IDX/INPUT/POINT`, without a point for outputs."""
    for number, row in enumerate(read_rows(path), start=1):
        if "task_id" not in row:
            continue
        for pair in _list(path, number, row, "generation"):
            results = _list(path, number, pair, "results")
            for place, result in enumerate(results):
                if not isinstance(result, dict) or not isinstance(result.get("generated"), str):
                    raise DataError(f"{path}, line {number}: a result needs the text 'generated', not {result!r:.60}")
                pair_id = f"{task}/{row['task_id']}/{pair.get('input_idx')}"
                yield (pair_id if task == "output" else f"{pair_id}/{place}"), result


def recorded_verdict(task: str, result: Mapping[str, object]) -> bool | None:
    """Return the verdict that the log itself holds; None where it has none."""
    match task, result:
        case "coverage", {"response": bool() as response, "expected": bool() as expected}:
            return response == expected
        case "path", {"response": list() as response, "expected": list() as expected}:
            return any(line in expected for line in response)
        case "state", {"eq": bool() as right}:
            return right
        case "output", {"pass": bool() as right}:
            return right
    return None


def _list(path: Path, number: int, row: object, name: str) -> list[Any]:
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, list):
        raise DataError(f"{path}, line {number}: '{name}' must be a list, not {value!r:.60}; is this a log of REval?")
    return value


# ---- prompts: `prompts/direct_TASK.txt` and `prompts/cot_TASK.txt` of a checkout
#
# The four tasks fill them in slightly different ways, as REval does: the path task numbers the lines of functions, and
# only the coverage and state tasks leave the first line of a set-up uncommented.

_SETUP = "\n# setup code executed previously\n"
_PRELUDE = "\n# Test code starts here. Only write the completed test code in your answer.\n"


def read_templates(checkout: Path, reasons: bool) -> dict[str, str]:
    """Return the four templates by task, or raise DataError if the checkout lacks one."""
    kind = "cot" if reasons else "direct"
    found = {}
    for task in PARTS:
        path = checkout / "prompts" / f"{kind}_{task}.txt"
        try:
            found[task] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise DataError(f"{path} cannot be read: give the folder of a checkout of REval") from None
    return found


def fill(template: str, task: str, pair: Pair, place: int | None) -> str:
    """Return the prompt of a pair's point; for outputs, of the pair itself."""
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
    """Return the set-up as it is in the file, as comments."""
    node = _method(pair, "setUp")
    if node is None:
        return ""
    lines = pair.test.split("\n")[node.lineno : node.end_lineno]
    first = "# " if task in ("path", "output") else ""
    return _SETUP + first + "\n# ".join([*lines, ""])
