"""CodeGlance: what does a test's expression come to?

Three scenarios: intrinsic logic (CRUXEval), API interaction (DS-1000, PanNumEval), unseen functions (MonkBeatEval,
torchdata).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from codereasoner.benchmarks.assertions import Assertion, passes
from codereasoner.benchmarks.cruxeval import CruxevalOutput
from codereasoner.benchmarks.generation_answers import answer_block
from codereasoner.benchmarks.official_prompts import CODEGLANCE
from codereasoner.benchmarks.published import CODEGLANCE_DS1000
from codereasoner.errors import DataError
from codereasoner.extend import Benchmark, Published
from codereasoner.ledger import read_rows
from codereasoner.styles import Style
from codereasoner.task import Question, Runner

PLACEHOLDER = "<ground_truth>"
FIELDS = ("ID", "code", "test", "result")
FEATURES = (
    "code_lines",
    "cyclomatic_complexity",
    "execution_trace_length",
    "common_api_count",
    "total_api_parameters",
    "specified_api_parameters",
    "unseen_function_count",
    "encapsulated_code_lines",
    "encapsulated_trace_length",
)
VERSION = "commit aa2d7d4 of github.com/greenlight2000/CodeGlance"
SETTINGS: Mapping[str, Any] = {"temperature": 0.8, "samples": 10, "k": (1, 3), "timeout_seconds": 3}


class CodeglanceCruxeval(CruxevalOutput):
    """Intrinsic logic: the 800 records of CRUXEval, output prediction."""

    name = "codeglance-cruxeval"
    title = "CodeGlance: intrinsic logic (CRUXEval)"
    version = VERSION
    license = "none stated; its records are CRUXEval's (MIT)"
    paper = "arXiv:2602.13962"
    hub = ""
    files = ("codeglance/cruxeval.jsonl", "cruxeval/cruxeval.jsonl", "cruxeval.jsonl")
    settings: ClassVar[Mapping[str, Any]] = SETTINGS
    published: ClassVar[Mapping[str, Published]] = {}

    def question(self, row: Mapping[str, Any]) -> Question:
        """The question of CRUXEval, with the features that CodeGlance's own file has."""
        found = super().question(row)
        features = {name: row[name] for name in FEATURES if name in row}
        return replace(found, features={**found.features, **features})


class _Codeglance(Benchmark):
    version = VERSION
    license = "none stated"
    paper = "arXiv:2602.13962"
    settings: ClassVar[Mapping[str, Any]] = SETTINGS

    def load(self, data: Path, runner: Runner | None = None) -> list[Question]:
        """One question for each record; the ids are those of its generations files: sample_0, sample_1, ..."""
        questions = [_question(data, number, row) for number, row in enumerate(read_rows(data))]
        if not questions:
            raise DataError(f"{data} has no records")
        return questions

    def official_style(self, checkout: Path, reasons: bool) -> Style:
        """The prompts of its prompts.py."""
        return CODEGLANCE.style(checkout, self.name, reasons)

    def parse_generation(self, question: Question, text: str) -> str | None:
        """The value, or the completed test."""
        return answer_block(text)

    def grade_officially(
        self, questions: Sequence[Question], generations: Mapping[str, Sequence[str]], runner: Runner
    ) -> dict[str, list[bool | None]]:
        """`assert RESULT == TEXT`, without the program and without its imports."""
        asked = [(question, text) for question in questions for text in generations[question.id]]
        assertions = [Assertion("", "", question.features["result"], text) for question, text in asked]
        verdicts: dict[str, list[bool | None]] = {question.id: [] for question in questions}
        for (question, _), passed in zip(asked, passes(assertions, runner), strict=True):
            verdicts[question.id].append(passed)
        return verdicts


class CodeglanceDs1000(_Codeglance):
    """API interaction: 1,019 calls of solutions of DS-1000 problems."""

    name = "codeglance-ds1000"
    title = "CodeGlance: API interaction (DS-1000)"
    license = "none stated; DS-1000 is CC BY-SA 4.0"
    reruns = True
    packages = ("numpy", "pandas", "scipy")
    large = ("torch",)
    files = ("codeglance/DS1000_reasoning.jsonl", "DS1000_reasoning.jsonl")
    published: ClassVar[Mapping[str, Published]] = CODEGLANCE_DS1000


class CodeglancePannum(_Codeglance):
    """API interaction: 50 programs of pandas and numpy."""

    name = "codeglance-pannum"
    title = "CodeGlance: API interaction (PanNumEval)"
    reruns = True
    packages = ("numpy", "pandas")
    files = ("codeglance/PanNumEval_reasoning.jsonl", "PanNumEval_reasoning.jsonl")


class CodeglanceMonkbeat(_Codeglance):
    """Unseen functions: the 50 programs of PanNumEval with every name of pandas and numpy replaced."""

    name = "codeglance-monkbeat"
    title = "CodeGlance: unseen functions (MonkBeatEval)"
    reruns = True
    files = ("codeglance/MonkBeatEval_reasoning.jsonl", "MonkBeatEval_reasoning.jsonl")


class CodeglanceTorchdata(_Codeglance):
    """Unseen functions: 50 programs of torchdata."""

    name = "codeglance-torchdata"
    title = "CodeGlance: unseen functions (torchdata)"
    reruns = True
    files = ("codeglance/torchdata_reasoning.jsonl", "torchdata_reasoning.jsonl")


def _question(data: Path, number: int, row: Mapping[str, Any]) -> Question:
    for name in FIELDS:
        if not isinstance(row.get(name), str):
            raise DataError(
                f"{data}, line {number + 1}: the field '{name}' must be text, not {row.get(name)!r:.40}; "
                f"a CodeGlance record has: {', '.join(FIELDS)} and its features"
            )
    facts = {"source": row["code"], "test": row["test"], "blank": PLACEHOLDER}
    features = {"ID": row["ID"], "result": row["result"]} | {name: row[name] for name in FEATURES if name in row}
    program = row["ID"].partition("_")[0]
    return Question("assertion-completion", facts, (row["result"],), features, program=program, id=f"sample_{number}")
