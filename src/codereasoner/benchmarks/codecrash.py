"""CodeCrash: CRUXEval and LiveCodeBench after rewrites that keep the meaning, most of them to mislead.

A file has one rewrite of one benchmark for one task, `crux_REN_output.jsonl`. A folder of them is read as a whole; the
id of a question is `crux/REN/sample_0`, and `features.original` is the id that the question has in CRUXEval or
LiveCodeBench, so that `compare` shows what the rewrites cost a model. Programs get the imports that they lack and that
CodeCrash's scorer has, such as `from typing import List`.
"""

import builtins
import collections
import functools
import heapq
import itertools
import math
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from codereasoner.benchmarks.assertions import AssertionGraded
from codereasoner.benchmarks.generation_answers import predicted_call, predicted_output
from codereasoner.benchmarks.record_fields import Row, call_parts, need_texts, unique_questions
from codereasoner.errors import DataError
from codereasoner.extend import Questions
from codereasoner.ledger import read_rows
from codereasoner.rewrites.rewrite_draft import bindings
from codereasoner.steps.source import names_in, parse_source
from codereasoner.task import Question, Runner

FIELDS = ("task_id", "dataset", "code", "function_name", "function_call", "output")
_FILE = re.compile(r"(crux|lcb)_([A-Z_]+)_(input|output)\.jsonl")
_STARRED = (heapq, itertools, functools, collections, typing, math)  # the scorer's star-imports, the last one first
_MODULES = ("math", "collections", "itertools", "functools", "re", "random", "bisect", "heapq", "typing")


class _CodeCrash(AssertionGraded):
    version = "CUHK-ARISE/CodeCrash; the fields are those of github.com/CUHK-ARISE/CodeCrash, commit 5bf9e17"
    license = "Apache-2.0"
    paper = "arXiv:2504.14119"
    hub = "CUHK-ARISE/CodeCrash"
    features = ("dataset", "rewrite")
    wanted: ClassVar[str]

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return the questions of a file, or of all files for this task in its folder."""
        folder = data if data.is_dir() else data.parent if _FILE.fullmatch(data.name) is None else None
        paths = [data] if folder is None or not self._files_in(folder) else self._files_in(folder)
        return unique_questions(data, (each for path in paths for each in self._questions(path)))

    def _files_in(self, folder: Path) -> list[Path]:
        named = ((path, _FILE.fullmatch(path.name)) for path in sorted(folder.glob("*.jsonl")))
        return [path for path, found in named if found and found[3] == self.wanted]

    def _questions(self, path: Path) -> Iterator[Question]:
        named = _FILE.fullmatch(path.name)
        if path.is_dir():
            raise DataError(f"{path} has no file such as crux_REN_{self.wanted}.jsonl; give CodeCrash's own files")
        if named and named[3] != self.wanted:
            raise DataError(f"{path} asks for the {named[3]}; {self.name} takes the files that end in {self.wanted}")
        for number, row in enumerate(read_rows(path), start=1):
            place = f"{path}, line {number}"
            need_texts(place, row, FIELDS, f"a record of CodeCrash has: {', '.join(FIELDS)}")
            entry, call = call_parts(f"{place}: the function_call", row["function_call"])
            task_id, dataset, rewrite = row["task_id"], row["dataset"], named[2] if named else "own"
            features = {"original": task_id, "dataset": dataset, "rewrite": rewrite, "output": row["output"]}
            key = f"{dataset}/{rewrite}/{task_id}"
            yield self.question({**row, "code": with_imports(row["code"])}, entry, call, features, key)

    def question(self, row: Row, entry: str, call: str, features: Row, key: str) -> Question:
        """Return the question of one record."""
        raise NotImplementedError


def with_imports(code: str) -> str:
    """Return a program with the scorer's imports of the names that it reads and never sets, in front of it."""
    tree = parse_source(code)
    if tree is None:
        return code
    read = sorted(names_in(tree) - set(bindings(tree)))
    lines = [f"import {name}" for name in read if name in _MODULES]
    for name in (each for each in read if each not in _MODULES and not hasattr(builtins, each)):
        home = next((each for each in _STARRED if name in getattr(each, "__all__", dir(each))), None)
        lines += [f"from {home.__name__} import {name}"] if home else []
    return "\n".join([*lines, code])


class CodeCrashOutput(_CodeCrash):
    """What does the rewritten program return?"""

    name = "codecrash-o"
    title = "CodeCrash (output prediction)"
    wanted = "output"
    files = ("codecrash/crux_REN_output.jsonl", "crux_REN_output.jsonl")

    def question(self, row: Row, entry: str, call: str, features: Row, key: str) -> Question:
        """Return the question whose gold answer is the recorded output."""
        facts = {"source": row["code"], "entry": entry, "call": call}
        return Question("output", facts, (row["output"],), features, program=row["task_id"], id=key)

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the value, also where the assertion is repeated before it."""
        return predicted_output(text, f"{question.facts['entry']}({question.facts['call']})")


class CodeCrashInput(_CodeCrash):
    """Which call of the rewritten program returns this value?"""

    name = "codecrash-i"
    title = "CodeCrash (input prediction)"
    wanted = "input"
    files = ("codecrash/crux_REN_input.jsonl", "crux_REN_input.jsonl")

    def question(self, row: Row, entry: str, call: str, features: Row, key: str) -> Question:
        """Return the question whose gold answer is the recorded call; any call that returns the output is right."""
        facts = {"source": row["code"], "entry": entry, "value": row["output"]}
        return Question("input", facts, (f"{entry}({call})",), features, program=row["task_id"], id=key)

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the call, also where the assertion is written out."""
        return predicted_call(text, question.facts["value"])
