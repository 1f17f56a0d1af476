"""CodeSense: what statements, blocks, branches, loops and pointers of real projects do, read from a checkout.

Its programs are parts of projects and cannot be run, so the recorded answers are taken as they are. A file whose name
holds "quantized" asks for the class of a value (`Empty List`) in place of the value; give it as --data. Each of its
files is a benchmark, which codesense.yaml describes.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import yaml

from codereasoner import literals
from codereasoner.benchmarks.generation_answers import answer_block
from codereasoner.errors import DataError
from codereasoner.extend import Benchmark, Generations, OfficialVerdicts, Questions
from codereasoner.jsonl_files import check_fields
from codereasoner.ledger import read_rows
from codereasoner.parquet_files import Row
from codereasoner.task import Question, Runner

_FOLDERS = ("codesense/", "LLM Evaluation/CodeSemantic/CodeSemantic/dataset/", "dataset/", "")
_ANSWER = re.compile(r"<ans>(.*?)</ans>", re.DOTALL)
_CLASSES = "\nAnswer with the class of the value, such as Positive Small, Zero, Empty List or Mixed String."


@dataclass(frozen=True)
class _Described:
    """One file of CodeSense, as codesense.yaml describes it."""

    title: str
    about: str
    file: str
    source: str = "loop_code"
    answer: str = "answer"
    classes: str = "quantized value"
    asks: str = ""  # "": the record's own question
    cut: str = ""
    quotes: bool = True  # does the published scorer take quotes away?
    path: Sequence[str | int] = ()  # to the value in an answer that holds more
    numbered: bool = True  # have its records an idx?


class _Codesense(Benchmark):
    version = "commit 825b576 of github.com/codesense-bench/codesense-codes"
    license = "none stated"
    paper = "arXiv:2506.00750"
    reruns = False  # its programs are parts of projects that are not in its data
    described: ClassVar[_Described]

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return one question for each record; its id is the record's idx, or its number where it has none."""
        rows = list(read_rows(data))
        if not rows:
            raise DataError(f"{data} has no records")
        by_class = "quantized" in data.name and self.described.classes in rows[0]
        return Questions(self._question(data, number, row, by_class) for number, row in enumerate(rows))

    def read_generations(self, path: Path, questions: Sequence[Question]) -> Generations | None:
        """Return CodeSense's own detailed results: rows with `idx` and `model_prediction`; None for another file."""
        if path.suffix != ".jsonl" or not path.is_file():
            return None
        found: dict[str, list[str]] = defaultdict(list)
        for number, row in enumerate(read_rows(path)):
            if "model_prediction" not in row:
                return None
            text = row["model_prediction"]
            found[str(row.get("idx", number))].append(text if isinstance(text, str) else json.dumps(text))
        return Generations(found)

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the last `<ans>`, or an answer in one of our own formats; an `<ans>` that is never closed is none."""
        if found := _marked(text):
            return found[-1].strip() or None
        answer = answer_block(text)
        return None if answer and "<ans>" in answer else answer

    def grade_officially(
        self, questions: Sequence[Question], generations: Generations, runner: Runner
    ) -> OfficialVerdicts:
        """Compare the first `<ans>` in small letters, without quotes at its ends and with single spaces."""
        verdicts = OfficialVerdicts()
        for question in questions:
            gold = question.features["recorded"]
            wanted = self._normal(gold.lower()) if question.features["text"] else gold
            said = map(_marked, generations[question.id])
            verdicts[question.id] = [bool(found) and self._normal(found[0].lower()) == wanted for found in said]
        return verdicts

    def official_counts(self, verdicts: Sequence[bool | None]) -> list[bool]:
        """Count an additional wrong answer for each record without an idx, which the published scorer misses."""
        missed = () if self.described.numbered else (False,)
        return [counted for verdict in super().official_counts(verdicts) for counted in (verdict, *missed)]

    def _normal(self, text: str) -> str:
        text = text.rstrip(self.described.cut).strip()
        return " ".join(text.strip("'").strip('"').split()) if self.described.quotes else text

    def _question(self, data: Path, number: int, row: Row, by_class: bool) -> Question:
        described, kind, place = self.described, row.get("Statement Type", ""), f"{data}, record {number + 1}"
        is_class = by_class and kind != "Branch"
        texts = {described.source: str} if described.asks else {described.source: str, "question": str}
        check_fields(place, row, {**texts, "basic_input": list})
        try:
            source, answer = row[described.source], row[described.classes if is_class else described.answer]
            wording = _wording(described.asks, row) + (_CLASSES if is_class else "")
        except KeyError as error:
            raise DataError(f"{place}: the field {error} is missing; it has: {', '.join(row)}") from None
        recorded = _value(place, answer, described.path)
        features = {"recorded": str(recorded), "text": isinstance(recorded, str)} | ({"kind": kind} if kind else {})
        facts = {"source": source, "question": wording}
        return Question("code-question", facts, (str(recorded),), features, id=str(row.get("idx", number)))


def _wording(asks: str, row: Row) -> str:
    if not asks:
        return str(row["question"])
    blanks = {**row, "statement": str(row.get("Selected Statement")).strip()}
    if "{arguments}" in asks:
        described = [each if isinstance(each, dict) else {} for each in row["basic_input"]]
        given = [f"{each.get('type')} {each.get('name')} = {each.get('value')}" for each in described]
        blanks["arguments"] = ", ".join(given)
    return asks.format_map(defaultdict(type(None), blanks))


def _value(place: str, answer: object, path: Sequence[str | int]) -> object:
    """Return the value that the debugger saw, and that the published scorer compares, without its type."""
    try:
        found = literals.read(answer) if path and isinstance(answer, str) else answer
        for step in path:
            held = dict(enumerate(found)) if isinstance(found, list) else found if isinstance(found, dict) else {}
            found = held[step]
    except (literals.LiteralError, KeyError):
        raise DataError(f"{place}: the answer must be one with {list(path)} in it, not {answer!r:.80}") from None
    return found


def _marked(text: str) -> list[str]:
    """Return what is between <ans> and </ans>.

    The text ends with its last mark, or each <ans> after that would be searched in vain.
    """
    return _ANSWER.findall(text[: text.rfind("</ans>") + len("</ans>")])


def _benchmarks() -> Iterator[tuple[str, type[Benchmark]]]:
    quick = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a tenth of the time: every list of benchmarks reads this
    described = yaml.load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"), quick)
    for name, facts in described.items():
        one = _Described(**facts)
        members = {
            "name": f"codesense-{name}",
            "title": f"CodeSense: {one.title}",
            "files": tuple(f"{folder}{one.file}" for folder in _FOLDERS),
            "described": one,
            "__doc__": one.about,
            "__module__": __name__,
        }
        class_name = f"Codesense{name.title().replace('-', '')}"
        yield class_name, type(class_name, (_Codesense,), members)


globals().update(_benchmarks())
