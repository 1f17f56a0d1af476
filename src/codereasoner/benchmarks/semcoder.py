"""SemCoder's monologues: CRUXEval, answered after a monologue that simulates the execution forward or backward.

The data is CRUXEval's. What is SemCoder's own is how an answer is found in a raw generation (`generations_raw.json`):
behind the LAST [ANSWER], with every double quote made a single one; CRUXEval's scorer judges what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from codereasoner.benchmarks.cruxeval import CruxevalInput, CruxevalOutput
from codereasoner.benchmarks.official_prompts import LABELLED_O, SEMCODER_I, SEMCODER_O
from codereasoner.benchmarks.published import CRUXEVAL_INPUT, CRUXEVAL_OUTPUT
from codereasoner.extend import Published
from codereasoner.styles import Style
from codereasoner.task import Question, Runner

_VERSION = "commit edc4ad3 of github.com/ARiSE-Lab/SemCoder, on CRUXEval"
_COMPARED = ("SemCoder-S 6.7B", "GPT-3.5 Turbo")


class SemcoderOutput(CruxevalOutput):
    """CRUXEval-O after a forward monologue."""

    name = "semcoder-cruxeval-o"
    title = "SemCoder: forward monologues (CRUXEval-O)"
    version = _VERSION
    paper = "arXiv:2406.01006"
    published: ClassVar[Mapping[str, Published]] = {name: CRUXEVAL_OUTPUT[name] for name in _COMPARED}

    def official_style(self, checkout: Path, reasons: bool) -> Style:
        """The prompts of experiments/cruxeval_prompts.py; those that reason ask for a monologue."""
        return (LABELLED_O if reasons else SEMCODER_O).style(checkout, self.name, reasons)

    def grade_officially(
        self, questions: Sequence[Question], generations: Mapping[str, Sequence[str]], runner: Runner
    ) -> dict[str, list[bool | None]]:
        """CRUXEval's scorer on what SemCoder's script finds in each text."""
        found = {name: [answer_in(text, wanted="o") for text in texts] for name, texts in generations.items()}
        return super().grade_officially(questions, found, runner)


class SemcoderInput(CruxevalInput):
    """CRUXEval-I after a backward monologue."""

    name = "semcoder-cruxeval-i"
    title = "SemCoder: backward monologues (CRUXEval-I)"
    version = _VERSION
    paper = "arXiv:2406.01006"
    published: ClassVar[Mapping[str, Published]] = {name: CRUXEVAL_INPUT[name] for name in _COMPARED}

    def official_style(self, checkout: Path, reasons: bool) -> Style:
        """The prompts of experiments/cruxeval_prompts.py; those that reason ask for a monologue."""
        return SEMCODER_I.style(checkout, self.name, reasons)

    def grade_officially(
        self, questions: Sequence[Question], generations: Mapping[str, Sequence[str]], runner: Runner
    ) -> dict[str, list[bool | None]]:
        """CRUXEval's scorer on what SemCoder's script finds in each text."""
        found = {name: [answer_in(text, wanted="i") for text in texts] for name, texts in generations.items()}
        return super().grade_officially(questions, found, runner)


def answer_in(raw: str, wanted: str) -> str:
    """What SemCoder's script takes for the answer: `wanted` is "i" (left of the first ==) or "o" (right of it)."""
    mark = "ANSWER]" if "\nANSWER]" in raw else "[ANSWER]"
    start, end = raw.rfind(mark) + len(mark), raw.rfind("[/ANS")
    # Where there is no mark, the script cuts off as many characters as the mark has, less one.
    answer = raw[start : end if end >= start else len(raw)]
    if "==" in answer:
        answer = answer.split("==")[1 if wanted == "o" else 0].strip()
    if "assert" in answer:
        answer = answer.split("assert")[1].strip()
    return answer.replace('"', "'")
