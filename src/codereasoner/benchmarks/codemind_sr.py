"""CodeMind's specification reasoning: write code by a description, with or without its tests in the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from codereasoner.errors import DataError
from codereasoner.extend import Benchmark
from codereasoner.records import Job, Run
from codereasoner.task import Question, Runner
from codereasoner.tasks.code_generation import PREAMBLE, WHOLE, is_code, whole_tests

_PARTS = ("nl.txt", "asserts.txt", "input.txt", "main.py")
_FENCES = (("```python", "```"), ("[PYTHON]", "[/PYTHON]"), ("[python]", "[/python]"))
_ENDED = re.compile(r"SystemExit(: -?\d+)?$")


class _Specification(Benchmark):
    version = "commit d55bbc1 of github.com/Intelligent-CAT-Lab/CodeMind"
    license = "UIUC/NCSA"
    paper = "arXiv:2402.09664"
    settings: ClassVar[Mapping[str, Any]] = {"temperature": 0.0, "samples": 1, "max_new_tokens": 1024}
    folder: ClassVar[str]

    def __init__(self, use_test: bool = False) -> None:
        self.use_test = use_test

    def load(self, data: Path, runner: Runner | None = None) -> list[Question]:
        """One question for each folder with a description and tests; its name is the id."""
        return [self._question(each) for each in self._folders(data)]

    def sources(self, data: Path) -> dict[str, str]:
        """The reference solutions."""
        return {each.name: (each / "main.py").read_text(encoding="utf-8-sig") for each in self._folders(data)}

    def read_generations(self, path: Path, questions: Sequence[Question]) -> Mapping[str, Sequence[str]] | None:
        """A folder with NAME/raw_output.txt or NAME/main.py, as CodeMind writes it; what is missing is empty."""
        if not path.is_dir():
            return None
        found = {each.parent.name: each for name in ("main.py", "raw_output.txt") for each in path.glob(f"*/{name}")}
        if not found:
            raise DataError(f"{path} has no NAME/raw_output.txt: give CodeMind's folder of results, or a file of texts")
        texts = {name: each.read_text(encoding="utf-8", errors="replace") for name, each in found.items()}
        return {question.id: [texts.get(question.id, "")] for question in questions}

    def parse_generation(self, question: Question, text: str) -> str | None:
        """The first piece of marked code, or the whole text."""
        return code_in(text).strip("\n") or None

    def grade_officially(
        self, questions: Sequence[Question], generations: Mapping[str, Sequence[str]], runner: Runner
    ) -> dict[str, list[bool | None]]:
        """Code and tests are run; what writes nothing to the error stream passes, also a program that ends itself."""
        harness = f"def {WHOLE}():\n    return True\n"
        jobs = {
            question.id: [
                Job(f"{PREAMBLE}{code_in(text)}\n{whole_tests(question)}", WHOLE, "", harness=harness, model_text=True)
                for text in generations[question.id]
            ]
            for question in questions
        }
        runs = iter(runner([job for row in jobs.values() for job in row]))
        return {name: [_passes(next(runs)) for _ in row] for name, row in jobs.items()}

    def _folders(self, data: Path) -> list[Path]:
        root = data / "dataset" / self.folder if (data / "dataset" / self.folder).is_dir() else data
        folders = sorted(root.iterdir(), key=_order) if root.is_dir() else []
        found = [each for each in folders if all((each / name).is_file() for name in _PARTS)]
        if not found:
            raise DataError(f"{data} is no checkout of CodeMind: no dataset/{self.folder}/NAME has {', '.join(_PARTS)}")
        return found

    def _question(self, folder: Path) -> Question:
        described, tests, call, code = ((folder / name).read_text(encoding="utf-8-sig") for name in _PARTS)
        signature = folder / "signature.txt"
        defined = re.findall(r"^def (\w+)\(", described, re.MULTILINE)
        facts = {
            "specification": described.strip("\n"),
            "signature": signature.read_text(encoding="utf-8-sig").strip() if signature.is_file() else "",
            "entry": defined[-1] if defined else call.strip().partition("(")[0],
            "tests": tests.strip("\n"),
            "shown": tests.strip("\n") if self.use_test else "",
        }
        solution = f"{described}\n\n{code}" if is_code(described) else code
        return Question("code-generation", facts, (solution.strip("\n"),), program=folder.name, id=folder.name)


class CodemindSrHumaneval(_Specification):
    """Specification reasoning on HumanEval."""

    name = "codemind-sr-humaneval"
    title = "CodeMind: specification reasoning (HumanEval)"
    folder = "Intermediate/Synthesis/humaneval"
    files = ("codemind/dataset/Intermediate/Synthesis/humaneval", "dataset/Intermediate/Synthesis/humaneval")


class CodemindSrMbpp(_Specification):
    """Specification reasoning on MBPP."""

    name = "codemind-sr-mbpp"
    title = "CodeMind: specification reasoning (MBPP)"
    folder = "Intermediate/Synthesis/mbpp"
    files = ("codemind/dataset/Intermediate/Synthesis/mbpp", "dataset/Intermediate/Synthesis/mbpp")


def code_in(text: str) -> str:
    """The code between the first marks of any of the prompts, or the whole text where there are none."""
    for opening, closing in _FENCES:
        if opening in text:
            return text.split(opening)[1].split(closing)[0]
    return text


def _passes(run: Run) -> bool:
    return run.outcome == "ok" or (run.outcome == "exited" and bool(_ENDED.search(run.reason) or "_exit" in run.reason))


def _order(folder: Path) -> tuple[int, str]:
    digits = folder.name.rpartition("_")[2]
    return (int(digits) if digits.isdecimal() else 0, folder.name)
