"""LiveCodeBench code execution: 479 calls of functions from programming contests; predict the output.

The programs are on the Hub only. Where just the expected outputs are known (`{id: literal}`), files of generations
can still be scored: values are compared, closed expressions are executed, and only an answer that calls the missing
program can not be judged. It has the verdict that a scored file brings along, or counts as wrong; `unjudged` lists it.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from codereasoner import literals
from codereasoner.benchmarks.assertions import Assertion, passes
from codereasoner.benchmarks.generation_answers import predicted_output
from codereasoner.benchmarks.official_prompts import LIVECODEBENCH
from codereasoner.benchmarks.published import LIVECODEBENCH_EXECUTION
from codereasoner.errors import ConfigError, DataError
from codereasoner.extend import Benchmark, Published
from codereasoner.ledger import read_rows
from codereasoner.styles import Style
from codereasoner.task import Question, Runner

FIELDS = ("code", "input", "output", "id")

# What the scorer imports before every program, as (module, names); "" imports the module itself.
_IMPORTS: tuple[tuple[str, str], ...] = (
    ("bisect", ""),
    ("collections", ""),
    ("copy", ""),
    ("functools", ""),
    ("heapq", ""),
    ("itertools", ""),
    ("math", ""),
    ("operator", ""),
    ("random", ""),
    ("re", ""),
    ("string", ""),
    ("sys", ""),
    ("bisect", "bisect, bisect_left, bisect_right, insort"),
    ("collections", "Counter, OrderedDict, defaultdict, deque"),
    ("copy", "deepcopy"),
    ("functools", "cache, lru_cache, partial, reduce"),
    ("heapq", "heapify, heappop, heappush, merge"),
    (
        "itertools",
        "accumulate, chain, combinations, count, cycle, groupby, islice, permutations, product, repeat, zip_longest",
    ),
    ("math", "ceil, comb, floor, gcd, inf, isqrt, log, log2, log10, prod, sqrt"),
    ("operator", "iand, itemgetter, sub"),
    ("os.path", "commonprefix"),
    ("random", "randrange, shuffle"),
    ("re", "search as re_search"),
    ("string", "ascii_lowercase"),
    ("typing", "Any, Callable, Dict, Generator, Iterable, Iterator, List, Optional, Set, Tuple, Union"),
)


class LiveCodeBenchExecution(Benchmark):
    """LiveCodeBench, the scenario "code execution".

    Args:
        echo: what the official grader does with a text that holds the call itself: "drop" leaves it out, as
            LiveCodeBench does; "fail" counts it as wrong, as cruxeval-lcb did, which made the published files.
    """

    name = "livecodebench-exec"
    title = "LiveCodeBench code execution (v2)"
    reruns = True
    version = "livecodebench/execution-v2: 479 calls, 92 problems, contests of 2023-05-07 to 2023-11-26"
    license = "MIT"
    paper = "arXiv:2403.07974"
    hub = "livecodebench/execution-v2"
    files = (
        "livecodebench/execution-v2.parquet",
        "livecodebench/execution-v2.jsonl",
        "livecodebench/test.jsonl",
        "livecodebench/recovered_outputs.json",
        "recovered_outputs.json",
    )
    settings: ClassVar[Mapping[str, Any]] = {
        "temperature": 0.2,
        "samples": 10,
        "top_p": 0.95,
        "stop": "[/ANSWER]",
        "timeout_seconds": 3,
    }
    published: ClassVar[Mapping[str, Published]] = LIVECODEBENCH_EXECUTION

    def __init__(self, echo: Literal["drop", "fail"] = "drop") -> None:
        if echo not in ("drop", "fail"):
            raise ConfigError(f"echo '{echo}' is unknown; there are: drop, fail")
        self.echo = echo

    def load(self, data: Path, runner: Runner | None = None) -> list[Question]:
        """The questions of the Hub's records (parquet, JSONL, a JSON list) or of a JSON object of outputs by id.

        They stand in the order of the numbers in their ids, in which the published scorer adds up.
        """
        questions = sorted(
            (_question(data, number, row) for number, row in enumerate(_rows(data), start=1)), key=_number_in_id
        )
        if not questions:
            raise DataError(f"{data} has no records")
        seen: set[str] = set()
        for question in questions:
            if question.id in seen:
                raise DataError(f"{data}: the id '{question.id}' is there twice; remove one of the two")
            seen.add(question.id)
        return questions

    def official_style(self, checkout: Path, reasons: bool) -> Style:
        """The prompts of lcb_runner/prompts/code_execution.py."""
        return LIVECODEBENCH.style(checkout, self.name, reasons)

    def parse_generation(self, question: Question, text: str) -> str | None:
        """The value, also where the assertion is repeated before it."""
        call = f"{question.facts['entry']}({question.facts['call']})"
        return predicted_output(text, call if question.facts["source"] else "")

    def grade_officially(
        self, questions: Sequence[Question], generations: Mapping[str, Sequence[str]], runner: Runner
    ) -> dict[str, list[bool | None]]:
        """`assert OUTPUT == TEXT` after the usual imports and the program; what holds the call itself is dropped."""
        verdicts: dict[str, list[bool | None]] = {}
        asked: list[tuple[str, int]] = []
        assertions: list[Assertion] = []
        for question in questions:
            texts = generations[question.id]
            verdicts[question.id] = [False if self.echo == "fail" else None] * len(texts)
            for index, text in enumerate(texts):
                if not _echoes(question, text):
                    asked.append((question.id, index))
                    assertions.append(_assertion(question, text))
        self.unjudged = []
        for (name, index), assertion, passed in zip(asked, assertions, passes(assertions, runner), strict=True):
            verdicts[name][index] = passed
            if not assertion.entry and not passed and _calls_a_stranger(assertion.text):
                verdicts[name][index] = self.recorded[name][index] if name in self.recorded else False
                self.unjudged.append((name, index, assertion.text))
        return verdicts

    def official_counts(self, verdicts: Sequence[bool | None]) -> list[bool]:
        """Where every answer was dropped, all count as wrong: the scorer's own rule."""
        return super().official_counts(verdicts) or [False] * len(verdicts)


def _rows(data: Path) -> Iterator[Mapping[str, Any]]:
    if data.suffix != ".json":
        yield from read_rows(data)
        return
    try:
        content = json.loads(data.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{data}: not JSON ({error})") from None
    if isinstance(content, dict):
        yield from ({"id": name, "output": output} for name, output in content.items())
    elif isinstance(content, list):
        yield from (row if isinstance(row, dict) else {"id": None} for row in content)
    else:
        raise DataError(f"{data} holds {type(content).__name__}; wanted: a list of records, or {{id: output}}")


def _question(data: Path, number: int, row: Mapping[str, Any]) -> Question:
    needed = FIELDS if "code" in row else ("output", "id")
    for name in needed:
        if not isinstance(row.get(name), str):
            raise DataError(
                f"{data}, record {number}: the field '{name}' must be text, not {row.get(name)!r:.40}; "
                f"a record of {LiveCodeBenchExecution.hub} has: {', '.join(FIELDS)}"
            )
    facts = {"source": row.get("code", ""), "entry": "", "call": "", "invocation": row.get("input", "")}
    if "code" in row:
        facts["entry"], facts["call"] = _split(data, number, row["input"])
    features = {name: row[name] for name in ("difficulty", "numsteps", "contest_id") if row.get(name) is not None}
    if row.get("contest_date") is not None:
        features["contest_date"] = str(row["contest_date"])[:10]
    program = str(row.get("problem_id") or row["id"])
    return Question("output", facts, (row["output"],), features, program=program, id=row["id"])


def _split(data: Path, number: int, invocation: str) -> tuple[str, str]:
    """`name(arguments)` in its two parts.

    The Hub's inputs are whole calls with keyword arguments: `minOperations(nums = [2, 1])`.
    """
    entry, opening, rest = invocation.strip().partition("(")
    if not opening or not rest.endswith(")") or not entry.isidentifier():
        raise DataError(
            f"{data}, record {number}: the input must be a call such as g(nums = [1]), not {invocation!r:.60}"
        )
    return entry, rest[:-1]


def _number_in_id(question: Question) -> tuple[int, str]:
    digits = question.id.rpartition("_")[2]
    return (int(digits) if digits.isdecimal() else 0, question.id)


def _calls_a_stranger(text: str) -> bool:
    """Does this text call a plain name that neither Python nor the imports define?"""
    known = set(dir(builtins)) | set(re.findall(r"\w+", _preamble("np. pd.")))
    try:
        statements = literals.parse_statements(f"assert 0 == {text}")
    except literals.LiteralError:
        return False
    nodes = (node for statement in statements for node in ast.walk(statement))
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return bool(called - known)


def _echoes(question: Question, text: str) -> bool:
    invocation = question.facts["invocation"]
    return bool(invocation) and invocation in text


def _assertion(question: Question, text: str) -> Assertion:
    program, entry = question.facts["source"], question.facts["entry"]
    return Assertion(f"{_preamble(program + text)}\n{program}", entry, question.gold[0], text)


def _preamble(text: str) -> str:
    """The scorer's imports; numpy and pandas, which take most of its time, only where their names occur."""
    lines = [f"from {module} import {names}" if names else f"import {module}" for module, names in _IMPORTS]
    lines += ["import numpy as np"] if "np." in text else []
    lines += ["import pandas as pd"] if "pd." in text else []
    return "\n".join(lines)
