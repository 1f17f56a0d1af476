"""CodeMind, read from a checkout: what does a call return (IER, DER), and what code does a description ask for (SR)?

Independent execution reasoning (IER) is about given programs, the dependent one (DER) about programs that models
wrote. Its Avatar programs read standard input and are not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from codereasoner.benchmarks.generation_answers import predicted_output
from codereasoner.errors import DataError
from codereasoner.extend import Benchmark
from codereasoner.task import Question, Runner

OUTPUT, END = "<<<Output>>>", "[END-OF-RESPONSE]"
PARTS = ("main.py", "input.txt", "output.txt")
PREAMBLE = "from typing import *\n\n"  # as CodeMind runs programs that models wrote


class _Codemind(Benchmark):
    version = "commit d55bbc1 of github.com/Intelligent-CAT-Lab/CodeMind"
    license = "UIUC/NCSA"
    paper = "arXiv:2402.09664"
    settings: ClassVar[Mapping[str, Any]] = {"temperature": 0.0, "samples": 1}
    folder: ClassVar[str]
    reruns = True

    def load(self, data: Path, runner: Runner | None = None) -> list[Question]:
        """One question for each folder of a program; its name is the id. A name with a dot is skipped, as upstream."""
        return [self.question(each) for each in self.folders(data) if "." not in each.name]

    def folders(self, data: Path) -> list[Path]:
        """The folders of the programs, in the order of the numbers in their names."""
        root = data / "dataset" / self.folder if (data / "dataset" / self.folder).is_dir() else data
        found = [each for each in root.iterdir() if (each / PARTS[0]).is_file()] if root.is_dir() else []
        if not found:
            raise DataError(f"{data} is no checkout of CodeMind: there is no dataset/{self.folder}/NAME/main.py in it")
        return sorted(found, key=_order)

    def question(self, folder: Path) -> Question:
        """The question of one program."""
        return _question(folder)

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


class _Dependent(_Codemind):
    """A folder of the results of DER is read too: programs that another model wrote, of those that pass."""

    def load(self, data: Path, runner: Runner | None = None) -> list[Question]:
        """One question for each program; one without a call or an output is unavailable."""
        found: list[Question] = []
        unavailable = {}
        for folder in self.folders(data):
            try:
                found.append(self.question(folder))
            except DataError as error:
                unavailable[folder.name] = str(error)
        self.unavailable = unavailable
        return found

    def folders(self, data: Path) -> list[Path]:
        """Those that pass_id.txt names, where it is there: DER asks only about programs that do what they should."""
        passing = data / "pass_id.txt"
        names = set(_text(passing).split()) if passing.is_file() else None
        return [each for each in super().folders(data) if names is None or each.name in names]

    def question(self, folder: Path) -> Question:
        """The call and its output are in the folder, or in that of the data set above it."""
        return _question(folder, f"dataset/{self.folder}/{folder.name}", PREAMBLE)


class CodemindDerHumaneval(_Dependent):
    """Dependent execution reasoning on programs for HumanEval."""

    name = "codemind-der-humaneval"
    title = "CodeMind: dependent execution reasoning (HumanEval)"
    folder = "Intermediate/Synthesis/humaneval"
    files = ("codemind/dataset/Intermediate/Synthesis/humaneval", "dataset/Intermediate/Synthesis/humaneval")


class CodemindDerMbpp(_Dependent):
    """Dependent execution reasoning on programs for MBPP."""

    name = "codemind-der-mbpp"
    title = "CodeMind: dependent execution reasoning (MBPP)"
    folder = "Intermediate/Synthesis/mbpp"
    files = ("codemind/dataset/Intermediate/Synthesis/mbpp", "dataset/Intermediate/Synthesis/mbpp")


def _question(folder: Path, beside: str = "", preamble: str = "") -> Question:
    """`beside` is where input and output may lie in a folder above; `preamble` stands before the program."""
    places = [folder, *(above / beside for above in folder.parents if beside)]
    texts = []
    for name in PARTS:
        place = next((each / name for each in places if (each / name).is_file()), None)
        if place is None:
            raise DataError(f"{folder} has no {name}; a program of CodeMind has: {', '.join(PARTS)}")
        texts.append(_text(place).strip())
    source, invocation, output = texts
    entry, opening, rest = invocation.partition("(")
    if not opening or not rest.endswith(")") or not entry.isidentifier():
        raise DataError(f"{folder / 'input.txt'} must hold a call such as f([1]), not {invocation!r:.60}")
    facts = {"source": preamble + source, "entry": entry, "call": rest[:-1]}
    return Question("output", facts, (output,), program=folder.name, id=folder.name)


def _order(folder: Path) -> tuple[int, str]:
    digits = folder.name.rpartition("_")[2]
    return (int(digits) if digits.isdecimal() else 0, folder.name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.start})") from None


def _prediction(text: str) -> str:
    return text.rpartition(OUTPUT)[2].partition(END)[0]


def _normal(text: str) -> str:
    """CodeMind's own rule of comparison."""
    text = text.replace("\n", "").replace(" ", "").replace('"', "'")
    text = text[1:] if text.startswith(("'", "`")) else text
    return text[:-1] if text.endswith(("'", "`")) else text
