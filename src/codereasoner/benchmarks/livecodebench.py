"""LiveCodeBench code execution: 479 calls of functions from programming contests; predict the output.

The programs are on the Hub only. Where just the expected outputs are known (`{id: literal}`), files of generations
can still be scored: values are compared, closed expressions are executed, and only an answer that calls the missing
program cannot be judged. It gets the verdict that its scored file records, or counts as wrong; `unjudged` lists it.
"""

import ast
import builtins
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from codereasoner import literals
from codereasoner.benchmarks.assertions import Assertion, AssertionGraded
from codereasoner.benchmarks.generation_answers import predicted_output
from codereasoner.benchmarks.official_prompts import OfficialPrompts, PromptedBenchmark
from codereasoner.benchmarks.record_fields import Row, by_number, call_parts, need_texts, unique_questions
from codereasoner.errors import ConfigError, DataError
from codereasoner.extend import Generations, OfficialVerdicts, Questions, Unjudged
from codereasoner.ledger import read_rows
from codereasoner.task import Question, Runner

FIELDS = ("code", "input", "output", "id")

IMPORTS = """\
from bisect import bisect, bisect_left, bisect_right, insort
import bisect, collections, copy, functools, heapq, itertools, math, operator, random, re, string, sys
from collections import Counter, OrderedDict, defaultdict, deque
from copy import deepcopy
from functools import cache, lru_cache, partial, reduce
from heapq import heapify, heappop, heappush, merge
from itertools import accumulate, chain, combinations, count, cycle, groupby, islice, permutations, product
from itertools import repeat, zip_longest
from math import ceil, comb, floor, gcd, inf, isqrt, log, log2, log10, prod, sqrt
from operator import iand, itemgetter, sub
from os.path import commonprefix
from random import randrange, shuffle
from re import search as re_search
from string import ascii_lowercase
from typing import Any, Callable, Dict, Generator, Iterable, Iterator, List, Optional, Set, Tuple, Union
"""  # what the scorer imports before every program; `bisect` is the module there


class LiveCodeBenchExecution(AssertionGraded, PromptedBenchmark):
    """LiveCodeBench, the scenario "code execution".

    Args:
        echo: what the official grader does with a text that holds the call itself: "drop" leaves it out, as
            LiveCodeBench does; "fail" counts it as wrong, as cruxeval-lcb did, which made the published files.
    """

    name = "livecodebench-exec"
    title = "LiveCodeBench code execution (v2)"
    packages = ("numpy", "pandas")
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
    prompts = OfficialPrompts(
        "lcb_runner/prompts/code_execution.py",
        "make_direct_output_prompt",
        "make_cot_output_prompt",
        ("source", "invocation"),
    )

    def __init__(self, echo: Literal["drop", "fail"] = "drop") -> None:
        if echo not in ("drop", "fail"):
            raise ConfigError(f"echo '{echo}' is unknown; there are: drop, fail")
        self.skipped = False if echo == "fail" else None

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return the questions of the Hub's records (parquet, JSONL, a JSON list) or of a JSON object of outputs by id.

        They are in the order of the numbers in their ids, in which the published scorer adds up.
        """
        rows = enumerate(_rows(data), start=1)
        found = unique_questions(data, (_question(f"{data}, record {number}", row) for number, row in rows))
        return Questions(sorted(found, key=lambda question: by_number(question.id)))

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the value, also where the assertion is repeated before it."""
        call = f"{question.facts['entry']}({question.facts['call']})"
        return predicted_output(text, call if question.facts["source"] else "")

    def grade_officially(
        self, questions: Sequence[Question], generations: Generations, runner: Runner
    ) -> OfficialVerdicts:
        """Execute `assert OUTPUT == TEXT` after the usual imports and the program; `echo` decides about echoes."""
        verdicts = super().grade_officially(questions, generations, runner)
        unjudged: list[Unjudged] = []
        for question in questions:
            row, recorded = verdicts[question.id], generations.recorded.get(question.id)
            for sample, text in enumerate(generations[question.id]):
                if row[sample] is False and not question.facts["entry"] and _calls_a_stranger(text):
                    row[sample] = recorded[sample] if recorded else False
                    unjudged.append({"id": question.id, "sample": sample, "answer": text})
        return OfficialVerdicts(verdicts, unjudged)

    def assertion(self, question: Question, text: str) -> Assertion | None:
        """Return the scorer's check of a text; None for one that holds the call itself."""
        invocation, program = question.facts["invocation"], question.facts["source"]
        if invocation and invocation in text:
            return None
        code = f"{_preamble(f'{program} {text}')}\n{program}"
        return Assertion(code, question.facts["entry"], question.gold[0], text)

    def official_counts(self, verdicts: Sequence[bool | None]) -> list[bool]:
        """Count all as wrong where every answer was dropped: the scorer's own rule."""
        return super().official_counts(verdicts) or [False] * len(verdicts)


def _rows(data: Path) -> Iterator[Row]:
    if data.suffix != ".json":
        yield from read_rows(data)
        return
    try:
        content = json.loads(data.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{data}: not JSON ({error})") from None
    if isinstance(content, dict):
        yield from ({"id": name, "output": output} for name, output in content.items())
    elif isinstance(content, list):
        yield from (row if isinstance(row, dict) else {"id": None} for row in content)
    else:
        raise DataError(f"{data} holds {type(content).__name__}; wanted: a list of records, or {{id: output}}")


def _question(place: str, row: Row) -> Question:
    needed = FIELDS if "code" in row else ("output", "id")
    need_texts(place, row, needed, f"a record of {LiveCodeBenchExecution.hub} has: {', '.join(FIELDS)}")
    facts = {"source": row.get("code", ""), "entry": "", "call": "", "invocation": row.get("input", "")}
    if "code" in row:  # the Hub's inputs are whole calls: `minOperations(nums = [2, 1])`
        facts["entry"], facts["call"] = call_parts(f"{place}: the input", row["input"])
    features = {name: row[name] for name in ("difficulty", "numsteps", "contest_id") if row.get(name) is not None}
    if row.get("contest_date") is not None:
        features["contest_date"] = str(row["contest_date"])[:10]
    program = str(row.get("problem_id") or row["id"])
    return Question("output", facts, (row["output"],), features, program=program, id=row["id"])


def _calls_a_stranger(text: str) -> bool:
    """Return whether a text calls a plain name that neither Python nor the imports define."""
    known = set(dir(builtins)) | set(re.findall(r"\w+", _preamble("np pd")))
    try:
        statements = literals.parse_statements(f"assert 0 == {text}")
    except literals.LiteralError:
        return False
    nodes = (node for statement in statements for node in ast.walk(statement))
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return bool(called - known)


def _preamble(text: str) -> str:
    """Return the scorer's imports; numpy and pandas, which take most of its time, only where their names occur."""
    numpy = "import numpy as np\n" if re.search(r"\bnp\b", text) else ""
    pandas = "import pandas as pd\n" if re.search(r"\bpd\b", text) else ""
    return IMPORTS + numpy + pandas
