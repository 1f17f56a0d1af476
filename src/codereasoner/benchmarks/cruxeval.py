"""CRUXEval: 800 short functions; predict the output of a call, or an input that gives an output."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from codereasoner import literals
from codereasoner.benchmarks.assertions import Assertion, AssertionGraded
from codereasoner.benchmarks.generation_answers import predicted_call, predicted_output
from codereasoner.benchmarks.official_prompts import OfficialPrompts, PromptedBenchmark
from codereasoner.benchmarks.record_fields import Row, need_texts, unique_questions
from codereasoner.extend import Questions
from codereasoner.ledger import read_rows
from codereasoner.task import Question, Runner

ENTRY = "f"
FIELDS = ("code", "input", "output", "id")


class _Cruxeval(AssertionGraded, PromptedBenchmark):
    version = "commit 190faf1 of github.com/facebookresearch/cruxeval, sha256 8368b81047dc5014 of its 800 records"
    license = "MIT"
    paper = "arXiv:2401.03065"
    hub = "cruxeval-org/cruxeval"
    files: ClassVar[Sequence[str]] = ("cruxeval/cruxeval.jsonl", "cruxeval.jsonl")

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return 800 questions with ids sample_0 to sample_799, in the order of the file."""
        rows = enumerate(read_rows(data), start=1)
        return unique_questions(data, (self._checked(f"{data}, line {number}", row) for number, row in rows))

    def _checked(self, place: str, row: Row) -> Question:
        need_texts(place, row, FIELDS, f"a CRUXEval record has: {', '.join(FIELDS)}")
        return self.question(row)

    def question(self, row: Row) -> Question:
        """Return the question of one record."""
        raise NotImplementedError

    def official_counts(self, verdicts: Sequence[bool | None]) -> list[bool]:
        """Drop skipped answers from the denominator; where none passes, all count as wrong: the scorer's own rule."""
        kept = super().official_counts(verdicts)
        return kept if any(kept) else [False] * len(verdicts)


class CruxevalOutput(_Cruxeval):
    """CRUXEval-O: what does the call return?"""

    name = "cruxeval-o"
    title = "CRUXEval-O (output prediction)"
    prompts = OfficialPrompts("prompts.py", "make_direct_output_prompt", "make_cot_output_prompt", ("source", "call"))

    def question(self, row: Row) -> Question:
        """Return the question whose gold answer is the recorded output."""
        facts = {"source": row["code"], "entry": entry_of(row["code"]), "call": row["input"]}
        return Question("output", facts, (row["output"],), {"output": row["output"]}, program=row["id"], id=row["id"])

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the value, also where the assertion is repeated before it."""
        return predicted_output(text, _invocation(question))

    def assertion(self, question: Question, text: str) -> Assertion | None:
        """Skip a text that holds the call itself: the scorer would compute the answer."""
        return None if _invocation(question) in text else super().assertion(question, text)

    def baselines(self, questions: Sequence[Question]) -> dict[str, float]:
        """Return what the first argument and the commonest constant get."""
        copied = sum(_first_argument_is_right(question) for question in questions)
        false = sum(question.gold[0] == "False" for question in questions)
        return {"copy the first argument": 100 * copied / len(questions), "always False": 100 * false / len(questions)}


class CruxevalInput(_Cruxeval):
    """CRUXEval-I: which call returns this value?"""

    name = "cruxeval-i"
    title = "CRUXEval-I (input prediction)"
    prompts = OfficialPrompts("prompts.py", "make_direct_input_prompt", "make_cot_input_prompt", ("source", "value"))

    def question(self, row: Row) -> Question:
        """Return the question whose gold answer is the recorded input; any call that returns the output is right."""
        facts = {"source": row["code"], "entry": entry_of(row["code"]), "value": row["output"]}
        gold = (f"{facts['entry']}({row['input']})",)
        return Question("input", facts, gold, {"output": row["output"]}, program=row["id"], id=row["id"])

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the call, also where the assertion is written out."""
        return predicted_call(text, question.facts["value"])

    def assertion(self, question: Question, text: str) -> Assertion | None:
        """Skip a text without `f(`: it holds no call."""
        return super().assertion(question, text) if f"{question.facts['entry']}(" in text else None


def entry_of(code: str) -> str:
    """Return `f`, as in all of CRUXEval; in a variant with other names the last function that the code defines."""
    names = re.findall(r"^def ([^\W\d]\w*)\(", code, re.MULTILINE)
    return ENTRY if ENTRY in names or not names else str(names[-1])


def _invocation(question: Question) -> str:
    return f"{question.facts['entry']}({question.facts['call']})"


def _first_argument_is_right(question: Question) -> bool:
    try:
        positional = [value for name, value in literals.parse_arguments(question.facts["call"]) if name is None]
        return bool(positional) and literals.equal(literals.value_of(positional[0]), literals.read(question.gold[0]))
    except literals.LiteralError:
        return False
