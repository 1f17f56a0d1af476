"""Programs from files: a JSONL of Programs, or a folder of Python files with a call at the end of each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from codereasoner.curation.canonical import normal_form
from codereasoner.errors import ConfigError, DataError
from codereasoner.extend import Source
from codereasoner.grammar.draft import SHARES, split_of
from codereasoner.ledger import read_records
from codereasoner.records import Program
from codereasoner.steps import read_source, split_lines


class Files(Source):
    """Programs that somebody else wrote.

    In a Python file the entry is the last function at top level, and its calls are those in the `print(f(...))` and
    `assert f(...) == ...` lines, which do not become part of the program. A program without a split gets the one that
    a hash of its normalised source decides.
    """

    name = "files"

    def __init__(self, path: str | Path = "", license: str = "") -> None:
        if not str(path):
            raise ConfigError("the source 'files' needs a path: a JSONL of programs or a folder of .py files")
        self.path = Path(path)
        self.license = license

    def programs(self, split: str, count: int) -> Iterator[Program]:
        """The first `count` programs of a split, or all there are; a program that comes twice is given once.

        Raises:
            ConfigError: the split is unknown.
            DataError: there is no such file, or one of them is not what it should be.
        """
        if split not in SHARES:
            raise ConfigError(f"split '{split}' is unknown; there are: {', '.join(SHARES)}")
        seen: set[str] = set()
        for program in self._all():
            if len(seen) == count:
                return
            if program.split == split and program.id not in seen:
                seen.add(program.id)
                yield program

    def _all(self) -> Iterator[Program]:
        if self.path.is_dir():
            files = sorted(self.path.rglob("*.py"))
            if not files:
                raise DataError(f"{self.path} holds no .py file")
            for file in files:
                yield self._with_split(read_program(file), file)
            return
        for program in read_records(self.path, Program):
            yield self._with_split(program, self.path)

    def _with_split(self, program: Program, file: Path) -> Program:
        row = program.to_json()
        if not program.split:
            try:
                row["split"] = split_of(normal_form(program.source))
            except SyntaxError as error:
                raise DataError(f"{file}: not Python ({error})") from None
        row["origin"] = program.origin or f"{self.name}/{file.name}"
        row["license"] = program.license or self.license
        return Program.from_json(row)


def read_program(file: Path) -> Program:
    """The program in a Python file: its entry is the last function, its calls stand in the lines that print or assert.

    Raises:
        DataError: the file does not parse, or has no function or no call of it.
    """
    text = read_source(file)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise DataError(f"{file}: not Python ({error})") from None
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if not functions:
        raise DataError(f"{file} has no function at top level")
    entry = functions[-1]
    found = [(node, call) for node in tree.body if (call := _call(node, entry)) is not None]
    if not found:
        raise DataError(f"{file} has no line `print({entry}(...))` or `assert {entry}(...) == ...`")
    calls = tuple(dict.fromkeys(_arguments(call, text) for _, call in found))
    return Program(_without([node for node, _ in found], text), entry, calls)


def _call(node: ast.stmt, entry: str) -> ast.Call | None:
    """The call of the entry in a print or an assertion."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[call])):
            pass
        case ast.Assert(test=ast.Compare(left=call)):
            pass
        case _:
            return None
    return call if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == entry else None


def _arguments(call: ast.Call, text: str) -> str:
    parts = [ast.get_source_segment(text, node) or ast.unparse(node) for node in call.args]
    parts += [f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in call.keywords]
    return ", ".join(parts)


def _without(nodes: list[ast.stmt], text: str) -> str:
    """The text without the lines of some statements."""
    gone = {line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    lines = [line for number, line in enumerate(split_lines(text), start=1) if number not in gone]
    return "\n".join(lines).strip("\n")
