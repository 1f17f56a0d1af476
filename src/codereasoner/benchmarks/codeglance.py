"""CodeGlance: what does a test's expression come to?

Three scenarios: intrinsic logic (CRUXEval), API interaction (DS-1000, PanNumEval), unseen functions (MonkBeatEval,
torchdata).
"""

from dataclasses import replace
from pathlib import Path

from codereasoner.benchmarks.assertions import Assertion, AssertionGraded
from codereasoner.benchmarks.cruxeval import CruxevalOutput
from codereasoner.benchmarks.generation_answers import answer_block
from codereasoner.benchmarks.official_prompts import OfficialPrompts, PromptedBenchmark
from codereasoner.benchmarks.record_fields import Row, need_texts, unique_questions
from codereasoner.extend import Questions
from codereasoner.ledger import read_rows
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
PAPER = "arXiv:2602.13962"


class CodeglanceCruxeval(CruxevalOutput):
    """Intrinsic logic: the 800 records of CRUXEval, output prediction."""

    name = "codeglance-cruxeval"
    title = "CodeGlance: intrinsic logic (CRUXEval)"
    version = VERSION
    license = "none stated; its records are CRUXEval's (MIT)"
    paper = PAPER
    hub = ""
    files = ("codeglance/cruxeval.jsonl", "cruxeval/cruxeval.jsonl", "cruxeval.jsonl")
    features = FEATURES

    def question(self, row: Row) -> Question:
        """Return the question of CRUXEval, with the features that CodeGlance's own file has."""
        found = super().question(row)
        return replace(found, features={**found.features, **_features(row)})


class _Codeglance(AssertionGraded, PromptedBenchmark):
    version = VERSION
    license = "none stated"
    paper = PAPER
    features = FEATURES
    prompts = OfficialPrompts("prompts.py", "make_direct_output_prompt", "make_cot_output_prompt", ("source", "test"))

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return one question for each record; the ids are those of its generations files: sample_0, sample_1, ..."""
        return unique_questions(data, (_question(data, number, row) for number, row in enumerate(read_rows(data))))

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the value, or the completed test."""
        return answer_block(text)

    def assertion(self, question: Question, text: str) -> Assertion:
        """Check `assert RESULT == TEXT`, without the program and without its imports."""
        return Assertion("", "", question.features["result"], text)


class CodeglanceDs1000(_Codeglance):
    """API interaction: 1,019 calls of solutions of DS-1000 problems."""

    name = "codeglance-ds1000"
    title = "CodeGlance: API interaction (DS-1000)"
    license = "none stated; DS-1000 is CC BY-SA 4.0"
    packages = ("numpy", "pandas", "scipy")
    large = ("torch",)
    files = ("codeglance/DS1000_reasoning.jsonl", "DS1000_reasoning.jsonl")


class CodeglancePannum(_Codeglance):
    """API interaction: 50 programs of pandas and numpy."""

    name = "codeglance-pannum"
    title = "CodeGlance: API interaction (PanNumEval)"
    packages = ("numpy", "pandas")
    files = ("codeglance/PanNumEval_reasoning.jsonl", "PanNumEval_reasoning.jsonl")


class CodeglanceMonkbeat(_Codeglance):
    """Unseen functions: the 50 programs of PanNumEval with every name of pandas and numpy replaced."""

    name = "codeglance-monkbeat"
    title = "CodeGlance: unseen functions (MonkBeatEval)"
    files = ("codeglance/MonkBeatEval_reasoning.jsonl", "MonkBeatEval_reasoning.jsonl")


class CodeglanceTorchdata(_Codeglance):
    """Unseen functions: 50 programs of torchdata."""

    name = "codeglance-torchdata"
    title = "CodeGlance: unseen functions (torchdata)"
    files = ("codeglance/torchdata_reasoning.jsonl", "torchdata_reasoning.jsonl")


def _question(data: Path, number: int, row: Row) -> Question:
    record = f"a CodeGlance record has: {', '.join(FIELDS)} and its features"
    need_texts(f"{data}, line {number + 1}", row, FIELDS, record)
    facts = {"source": row["code"], "test": row["test"], "blank": PLACEHOLDER}
    features = {"ID": row["ID"], "result": row["result"], **_features(row)}
    program = row["ID"].partition("_")[0]
    return Question("assertion-completion", facts, (row["result"],), features, program=program, id=f"sample_{number}")


def _features(row: Row) -> dict[str, object]:
    return {name: row[name] for name in FEATURES if name in row}
