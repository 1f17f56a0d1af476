"""CRUXEval: 800 short functions; predict the output of a call, or an input that gives an output."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from codereasoner import literals
from codereasoner.benchmarks.assertions import Assertion, passes
from codereasoner.benchmarks.generation_answers import predicted_call, predicted_output
from codereasoner.benchmarks.official_prompts import CRUXEVAL_I, CRUXEVAL_O
from codereasoner.benchmarks.published import CRUXEVAL_INPUT, CRUXEVAL_OUTPUT
from codereasoner.errors import DataError
from codereasoner.extend import Benchmark, Published
from codereasoner.ledger import read_rows
from codereasoner.styles import Style
from codereasoner.task import Question, Runner

ENTRY = "f"
FIELDS = ("code", "input", "output", "id")


class _Cruxeval(Benchmark):
    version = "commit 190faf1 of github.com/facebookresearch/cruxeval, sha256 8368b81047dc5014 of its 800 records"
    license = "MIT"
    paper = "arXiv:2401.03065"
    hub = "cruxeval-org/cruxeval"
    files: ClassVar[Sequence[str]] = ("cruxeval/cruxeval.jsonl", "cruxeval.jsonl")
    settings: ClassVar[Mapping[str, Any]] = {
        "temperature": {"pass@1": 0.2, "pass@5": 0.8},
        "samples": 10,
        "top_p": 0.95,
        "shots": {"direct": 2, "cot": 1},
        "stop": "[/ANSWER]",
        "timeout_seconds": 3,
    }
    reruns = True
    task: ClassVar[str]

    def load(self, data: Path, runner: Runner | None = None) -> list[Question]:
        """800 questions with ids sample_0 to sample_799, in the order of the file."""
        return [self.question(row) for row in read_cruxeval(data)]

    def question(self, row: Mapping[str, Any]) -> Question:
        """The question of one record."""
        raise NotImplementedError

    def left_out(self, question: Question, text: str) -> bool:
        """Does the published scorer skip this text without a verdict?"""
        raise NotImplementedError

    def grade_officially(
        self, questions: Sequence[Question], generations: Mapping[str, Sequence[str]], runner: Runner
    ) -> dict[str, list[bool | None]]:
        """`assert OUTPUT == TEXT` after the program; an echo, and a text without a call, get no verdict."""
        kept = [
            (question, index, text)
            for question in questions
            for index, text in enumerate(generations[question.id])
            if not self.left_out(question, text)
        ]
        verdicts: dict[str, list[bool | None]] = {q.id: [None] * len(generations[q.id]) for q in questions}
        assertions = [
            Assertion(question.facts["source"], question.facts["entry"], question.features["output"], text)
            for question, _, text in kept
        ]
        for (question, index, _), passed in zip(kept, passes(assertions, runner), strict=True):
            verdicts[question.id][index] = passed
        return verdicts

    def official_counts(self, verdicts: Sequence[bool | None]) -> list[bool]:
        """Skipped answers shrink the denominator, but where none passes all count as wrong: the scorer's own rule."""
        kept = super().official_counts(verdicts)
        return kept if any(kept) else [False] * len(verdicts)


class CruxevalOutput(_Cruxeval):
    """CRUXEval-O: what does the call return?"""

    name = "cruxeval-o"
    title = "CRUXEval-O (output prediction)"
    task = "output"
    published: ClassVar[Mapping[str, Published]] = CRUXEVAL_OUTPUT

    def question(self, row: Mapping[str, Any]) -> Question:
        """The gold is the recorded output."""
        facts = {"source": row["code"], "entry": entry_of(row["code"]), "call": row["input"]}
        return Question("output", facts, (row["output"],), {"output": row["output"]}, program=row["id"], id=row["id"])

    def parse_generation(self, question: Question, text: str) -> str | None:
        """The value, also where the assertion is repeated before it."""
        return predicted_output(text, _invocation(question))

    def official_style(self, checkout: Path, reasons: bool) -> Style:
        """The prompts of its prompts.py."""
        return CRUXEVAL_O.style(checkout, self.name, reasons)

    def left_out(self, question: Question, text: str) -> bool:
        """A text that holds the call itself would let the scorer compute the answer."""
        return _invocation(question) in text

    def floors(self, questions: Sequence[Question]) -> dict[str, float]:
        """What answers without a model get: the first argument, and the commonest constant."""
        copied = sum(_first_argument_is_right(question) for question in questions)
        false = sum(question.gold[0] == "False" for question in questions)
        return {
            "copy the first argument": 100 * copied / len(questions),
            "always False": 100 * false / len(questions),
        }


class CruxevalInput(_Cruxeval):
    """CRUXEval-I: which call returns this value?"""

    name = "cruxeval-i"
    title = "CRUXEval-I (input prediction)"
    task = "input"
    published: ClassVar[Mapping[str, Published]] = CRUXEVAL_INPUT

    def question(self, row: Mapping[str, Any]) -> Question:
        """The gold is the recorded input; any call that returns the output is right."""
        facts = {"source": row["code"], "entry": entry_of(row["code"]), "value": row["output"]}
        gold = (f"{facts['entry']}({row['input']})",)
        return Question("input", facts, gold, {"output": row["output"]}, program=row["id"], id=row["id"])

    def parse_generation(self, question: Question, text: str) -> str | None:
        """The call, also where the assertion is written out."""
        return predicted_call(text, question.facts["value"])

    def official_style(self, checkout: Path, reasons: bool) -> Style:
        """The prompts of its prompts.py."""
        return CRUXEVAL_I.style(checkout, self.name, reasons)

    def left_out(self, question: Question, text: str) -> bool:
        """A text without `f(` holds no call."""
        return f"{question.facts['entry']}(" not in text

    def floors(self, questions: Sequence[Question]) -> dict[str, float]:
        """None is computed: a fixed call would have to be run on every program."""
        return {}


def read_cruxeval(data: Path) -> list[dict[str, Any]]:
    """The records of a CRUXEval file.

    Raises:
        DataError: a record lacks a field, or a field is not text, or an id comes twice.
    """
    rows: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(read_rows(data), start=1):
        for name in FIELDS:
            if not isinstance(row.get(name), str):
                raise DataError(
                    f"{data}, line {number}: the field '{name}' must be text, not {row.get(name)!r:.40}; "
                    f"a CRUXEval record has: {', '.join(FIELDS)}"
                )
        if row["id"] in rows:
            raise DataError(f"{data}, line {number}: the id '{row['id']}' was there before; remove one of the two")
        rows[row["id"]] = row
    if not rows:
        raise DataError(f"{data} has no records")
    return list(rows.values())


def entry_of(code: str) -> str:
    """`f`, as in all of CRUXEval; in a variant with other names the last function that the code defines."""
    names = re.findall(r"^def ([A-Za-z_]\w*)\(", code, re.MULTILINE)
    return ENTRY if ENTRY in names or not names else str(names[-1])


def _invocation(question: Question) -> str:
    return f"{question.facts['entry']}({question.facts['call']})"


def _first_argument_is_right(question: Question) -> bool:
    try:
        call = literals.parse(f"f({question.facts['call']}\n)")
        first = next(iter(getattr(call, "args", [])), None)
        return first is not None and literals.equal(literals.read(ast.unparse(first)), literals.read(question.gold[0]))
    except literals.LiteralError:
        return False
