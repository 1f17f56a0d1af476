"""REval's two data files, read into pairs of a program and an input with their probe points."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from codereasoner.errors import DataError
from codereasoner.ledger import read_rows

DATA, TASKS = "DREval_data.jsonl", "DREval_tasks.jsonl"
BLANK = "??"


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
    def invocation(self) -> str:
        """The call of a function."""
        return f"{self.entry}({self.given[1:-2]})"


def read_pairs(data: Path) -> list[Pair]:
    """The 690 pairs, in the order of the tasks file; `data` is the folder of the two files, or either of them.

    Raises:
        DataError: a file is missing, or a record lacks a field.
    """
    folder = data if data.is_dir() else data.parent
    programs = list(read_rows(folder / DATA))
    for number, row in enumerate(programs, start=1):
        _need(folder / DATA, number, row, {"task_id": str, "entry_point": str, "code": str, "inputs": list})
    pairs: list[Pair] = []
    for number, row in enumerate(read_rows(folder / TASKS), start=1):
        _need(folder / TASKS, number, row, {"task_id": str, "idx": int, "tasks": list})
        if not 0 <= row["idx"] < len(programs):
            raise DataError(f"{folder / TASKS}, line {number}: there is no program {row['idx']} in {DATA}")
        pairs += [_pair(folder / TASKS, number, row["idx"], programs[row["idx"]], task) for task in row["tasks"]]
    if not pairs:
        raise DataError(f"{folder / TASKS} has no records")
    return pairs


def _pair(path: Path, number: int, idx: int, program: Mapping[str, Any], task: Mapping[str, Any]) -> Pair:
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


def _need(path: Path, number: int, row: Any, fields: Mapping[str, type]) -> None:
    for name, kind in fields.items():
        value = row.get(name) if isinstance(row, dict) else None
        if not isinstance(value, kind):
            raise DataError(f"{path}, line {number}: '{name}' must be {kind.__name__}, not {value!r:.40}")


@cache
def method_of_test(pair: Pair) -> tuple[str, str]:
    """The source of the pair's test as free-standing assertions, and of the set-up that runs before it.

    The pair's test is the first test method of the test class that its input index counts to.
    """
    classes = [
        node
        for node in ast.parse(pair.test).body
        if isinstance(node, ast.ClassDef) and node.name.startswith(f"{pair.entry}Test")
    ]
    methods = [node for node in classes[pair.input_idx].body if isinstance(node, ast.FunctionDef)]
    test = next(method for method in methods if method.name.startswith("test"))
    setup = next((method for method in methods if method.name == "setUp"), None)
    return _body(test), _body(setup) if setup else ""


def _body(method: ast.FunctionDef) -> str:
    statements = [_Free().visit(statement) for statement in method.body]
    return "\n".join(ast.unparse(statement) for statement in statements)


class _Free(ast.NodeTransformer):
    """Writes `self.assertEqual(...)` as `assertEqual(...)`, as REval's questions do."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Drop `self` before an assertion."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "self" and node.attr.startswith("assert"):
            return ast.Name(node.attr, ast.Load())
        return node
