"""CodeMind's independent execution reasoning: predict the output of a call, read from a checkout of the benchmark.

Covered are its CRUXEval (800) and its HumanEval (162), which are calls with a value. Its Avatar programs read standard
input, and its other tasks ask for code; they are not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from codereasoner.benchmarks.answers import predicted_output
from codereasoner.errors import DataError
from codereasoner.extend import Benchmark
from codereasoner.task import Question, Runner

OUTPUT, END = "<<<Output>>>", "[END-OF-RESPONSE]"
PARTS = ("main.py", "input.txt", "output.txt")


class _Codemind(Benchmark):
    version = "commit d55bbc1 of github.com/Intelligent-CAT-Lab/CodeMind"
    license = "UIUC/NCSA"
    paper = "arXiv:2402.09664"
    settings: ClassVar[Mapping[str, Any]] = {"temperature": 0.0, "samples": 1}
    folder: ClassVar[str]
    reruns = True

    def load(self, data: Path, runner: Runner | None = None) -> list[Question]:
        """One question for each folder of a program; its name is the id. A name with a dot is skipped, as upstream."""
        root = data / "dataset" / self.folder if (data / "dataset" / self.folder).is_dir() else data
        folders = (
            [each for each in root.iterdir() if each.is_dir() and (each / PARTS[0]).is_file()] if root.is_dir() else []
        )
        if not folders:
            raise DataError(f"{data} is no checkout of CodeMind: there is no dataset/{self.folder}/NAME/main.py in it")
        return [_question(each) for each in sorted(folders, key=_order) if "." not in each.name]

    def read_generations(self, path: Path, questions: Sequence[Question]) -> Mapping[str, Sequence[str]] | None:
        """A folder with NAME/response.txt for each program, as CodeMind writes it; a missing one is an empty answer."""
        if not path.is_dir():
            return None
        found = {each.parent.name: _text(each) for each in path.glob("*/response.txt")}
        if not found:
            raise DataError(f"{path} has no NAME/response.txt: give CodeMind's folder of results, or a file of texts")
        return {question.id: [found.get(question.id, "")] for question in questions}

    def parse_generation(self, question: Question, text: str) -> str | None:
        """What stands after the last output mark, up to the end mark."""
        return predicted_output(_prediction(text), f"{question.facts['entry']}({question.facts['call']})")

    def grade_officially(
        self, questions: Sequence[Question], generations: Mapping[str, Sequence[str]], runner: Runner
    ) -> dict[str, list[bool | None]]:
        """Equal as strings without spaces, newlines, kinds of quotes, and one quote at either end."""
        return {
            question.id: [_normal(_prediction(text)) == _normal(question.gold[0]) for text in generations[question.id]]
            for question in questions
        }


class CodemindCruxeval(_Codemind):
    """Independent execution reasoning on CRUXEval."""

    name = "codemind-cruxeval"
    title = "CodeMind: independent execution reasoning (CRUXEval)"
    folder = "cruxeval"
    files = ("codemind/dataset/cruxeval", "dataset/cruxeval", "cruxeval")


class CodemindHumaneval(_Codemind):
    """Independent execution reasoning on HumanEval."""

    name = "codemind-humaneval"
    title = "CodeMind: independent execution reasoning (HumanEval)"
    folder = "humaneval"
    files = ("codemind/dataset/humaneval", "dataset/humaneval", "humaneval")


def _question(folder: Path) -> Question:
    for name in PARTS:
        if not (folder / name).is_file():
            raise DataError(f"{folder} has no {name}; a program of CodeMind has: {', '.join(PARTS)}")
    source, invocation, output = (_text(folder / name).strip() for name in PARTS)
    entry, opening, rest = invocation.partition("(")
    if not opening or not rest.endswith(")") or not entry.isidentifier():
        raise DataError(f"{folder / 'input.txt'} must hold a call such as f([1]), not {invocation!r:.60}")
    facts = {"source": source, "entry": entry, "call": rest[:-1]}
    return Question("output", facts, (output,), program=folder.name, id=folder.name)


def _order(folder: Path) -> tuple[int, str]:
    digits = folder.name.rpartition("_")[2]
    return (int(digits) if digits.isdecimal() else 0, folder.name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.start})") from None


def _prediction(text: str) -> str:
    return text.rpartition(OUTPUT)[2].partition(END)[0]


def _normal(text: str) -> str:
    """CodeMind's own rule of comparison."""
    text = text.replace("\n", "").replace(" ", "").replace('"', "'")
    text = text[1:] if text.startswith(("'", "`")) else text
    return text[:-1] if text.endswith(("'", "`")) else text
