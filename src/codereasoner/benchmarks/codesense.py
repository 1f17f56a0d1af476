"""CodeSense: what statements, blocks, branches, loops and pointers of real projects do, read from a checkout.

Its programs are parts of projects and cannot be run, so the recorded answers are taken as they are. A file whose name
holds "quantized" asks for the class of a value (`Empty List`) in place of the value; give it as --data.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from codereasoner import literals
from codereasoner.benchmarks.generation_answers import answer_block
from codereasoner.benchmarks.record_fields import Row
from codereasoner.errors import DataError
from codereasoner.extend import Benchmark, Generations, OfficialVerdicts, Questions
from codereasoner.ledger import read_rows
from codereasoner.task import Question, Runner

_FOLDERS = ("codesense/", "LLM Evaluation/CodeSemantic/CodeSemantic/dataset/", "dataset/", "")
_ANSWER = re.compile(r"<ans>(.*?)</ans>", re.DOTALL)
_CLASSES = "\nAnswer with the class of the value, such as Positive Small, Zero, Empty List or Mixed String."


def _files(name: str) -> tuple[str, ...]:
    return tuple(f"{folder}{name}" for folder in _FOLDERS)


class _Codesense(Benchmark):
    version = "commit 825b576 of github.com/codesense-bench/codesense-codes"
    license = "none stated"
    paper = "arXiv:2506.00750"
    source: ClassVar[str] = "loop_code"  # the fields of a record: the code, the answer, its class
    answer: ClassVar[str] = "answer"
    quantized: ClassVar[str] = "quantized value"
    cut: ClassVar[str] = ""  # what the published scorer cuts off at the end
    quotes: ClassVar[bool] = True  # does it take quotes away?

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return one question for each record; its id is the record's idx, or its number where it has none."""
        rows = list(read_rows(data))
        if not rows:
            raise DataError(f"{data} has no records")
        by_class = "quantized" in data.name and self.quantized in rows[0]
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
        """Return the last `<ans>`, or an answer in one of our own formats."""
        found = _marked(text)
        return (found[-1].strip() or None) if found else answer_block(text)

    def grade_officially(
        self, questions: Sequence[Question], generations: Generations, runner: Runner
    ) -> OfficialVerdicts:
        """Compare the first `<ans>` in small letters, without quotes at its ends and with single spaces."""
        verdicts = OfficialVerdicts()
        for question in questions:
            gold = question.features["recorded"]
            wanted = self._normal(gold.lower()) if question.features["text"] else self._normal(gold)
            said = map(_marked, generations[question.id])
            verdicts[question.id] = [bool(found) and self._normal(found[0].lower()) == wanted for found in said]
        return verdicts

    def wording(self, row: Row) -> str:
        """Return the question in words."""
        return str(row["question"])

    def recorded(self, answer: Any) -> Any:
        """Return the right answer in what a record has for it."""
        return answer

    def _normal(self, text: str) -> str:
        text = text.strip() if not self.cut else text.rstrip(self.cut).strip()
        return " ".join(text.strip().strip("'").strip('"').split()) if self.quotes else text

    def _question(self, data: Path, number: int, row: Row, by_class: bool) -> Question:
        kind = row.get("Statement Type", "")
        gold = self.quantized if by_class and kind != "Branch" else self.answer
        try:
            source, recorded, wording = str(row[self.source]), self.recorded(row[gold]), self.wording(row)
        except KeyError as error:
            raise DataError(
                f"{data}, record {number + 1}: the field {error} is missing; it has: {', '.join(row)}"
            ) from None
        features = {"recorded": str(recorded), "text": isinstance(recorded, str)} | ({"kind": kind} if kind else {})
        facts = {"source": source, "question": wording + (_CLASSES if gold == self.quantized else "")}
        return Question("code-question", facts, (str(recorded),), features, id=str(row.get("idx", number)))


def _marked(text: str) -> list[str]:
    """Return what is between <ans> and </ans>.

    The text ends with its last mark, or each <ans> after that would be searched in vain.
    """
    return _ANSWER.findall(text[: text.rfind("</ans>") + len("</ans>")])


class _Statement(_Codesense):
    source = "Source Code"
    answer = "Value After Statement Execution"
    cut = ";"

    def wording(self, row: Row) -> str:
        """Return the arguments, the variables before the statement, and what is asked after it."""
        return (
            f"The function is called with: {row.get('Function Input')}\n"
            f"Before this statement, the variables are: {row.get('Variable Values Before Statement')}\n"
            f"The statement: {str(row.get('Selected Statement')).strip()}\n"
            "What is the value after it is executed?"
        )


class CodesenseStatement(_Statement):
    """What value does a statement of a Python project give? 545 statements of five kinds."""

    name = "codesense-statement"
    title = "CodeSense: statements (Python)"
    files = _files("statement_prediction_dataset.jsonl")


class CodesenseStatementC(_Statement):
    """What value does a statement of a C project give? 498 statements."""

    name = "codesense-statement-c"
    title = "CodeSense: statements (C)"
    files = _files("statement_prediction_dataset_C.jsonl")


class CodesenseBlockC(_Statement):
    """What value does the last of several statements of a C project give? 731 blocks."""

    name = "codesense-block-c"
    title = "CodeSense: blocks (C)"
    files = _files("block_analysis_c.jsonl")


class CodesenseBranch(_Codesense):
    """Is a branch of a Python project taken? 233 questions."""

    name = "codesense-branch"
    title = "CodeSense: branches (Python)"
    source = "Source Code"
    quotes = False
    files = _files("conditional_dataset_python.jsonl")


class CodesenseLoopCount(_Codesense):
    """How often does a loop of a Python project run? 107 loops."""

    name = "codesense-loop-count"
    title = "CodeSense: iterations of loops (Python)"
    files = _files("loop_iteration_dataset_python.jsonl")


class CodesenseLoopBody(_Codesense):
    """What value has a variable in an iteration of a loop? 107 loops."""

    name = "codesense-loop-body"
    title = "CodeSense: bodies of loops (Python)"
    files = _files("loop_body_dataset_python.jsonl")


class CodesenseLoopFinal(_Codesense):
    """What value has a variable of a loop at its end? 104 loops."""

    name = "codesense-loop-final"
    title = "CodeSense: final values of loops (Python)"
    files = _files("loop_final_dataset_python.jsonl")


class CodesenseLoopAfter(_Codesense):
    """What value has a variable after a loop? 28 loops."""

    name = "codesense-loop-after"
    title = "CodeSense: values after loops (Python)"
    files = _files("loop_after_dataset_python.jsonl")


class CodesenseAliasC(_Codesense):
    """Do two pointers of a C project point to the same place? 49 pairs."""

    name = "codesense-alias-c"
    title = "CodeSense: aliases (C)"
    source = "Source Code"
    answer = "Aliasing"
    quotes = False
    files = _files("aliasing_dataset_c.jsonl")

    def wording(self, row: Row) -> str:
        """Return the two pointers and the two statements after which they are compared."""
        return (
            f"The function is called with: {row.get('Function Input')}\n"
            f"Does the pointer {row.get('Selected Pointer')} at the statement\n{row.get('Selected Statement')}\n"
            f"point to the same place as {row.get('Compared Pointer')} at the statement\n"
            f"{row.get('Compared Statement')}\nAnswer Yes or No."
        )


class CodesenseOutput(_Codesense):
    """What does a function of a Python project return? 308 functions."""

    name = "codesense-output"
    title = "CodeSense: outputs (Python)"
    source = "code"
    answer = "output"
    quantized = "quantized_value_output"
    files = _files("input_output_dataset_python.jsonl")

    def wording(self, row: Row) -> str:
        """Return what asks for the result of the call."""
        return f"What does the function return when it is called with: {row.get('input')}"


class CodesenseInput(_Codesense):
    """What was a function of a Python project given? 308 functions."""

    name = "codesense-input"
    title = "CodeSense: inputs (Python)"
    source = "code"
    answer = "input"
    quantized = "quantized_value_input"
    files = _files("input_output_dataset_python.jsonl")

    def wording(self, row: Row) -> str:
        """Return what asks for the arguments of the call."""
        return f"With which arguments does the function return: {row.get('output')}"


class CodesenseOutputC(CodesenseOutput):
    """What does a function of a C project return? 93 functions; the answer is the value of `{'type', 'value'}`."""

    name = "codesense-output-c"
    title = "CodeSense: outputs (C)"
    files = _files("input_output_dataset_c.jsonl")

    def recorded(self, answer: Any) -> Any:
        """Return the value that the debugger saw, without its type.

        Raises:
            DataError: the record has no value.
        """
        try:
            found = literals.read(answer) if isinstance(answer, str) else answer
            return found["value"]
        except (literals.LiteralError, LookupError, TypeError):
            raise DataError(f"an output of C must be {{'type': ..., 'value': ...}}, not {answer!r:.80}") from None


class CodesenseOutputJava(CodesenseOutput):
    """What does a method of a Java project return? 74 methods; the answer is the value of the first output."""

    name = "codesense-output-java"
    title = "CodeSense: outputs (Java)"
    files = _files("input_output_dataset_java.jsonl")

    def recorded(self, answer: Any) -> Any:
        """Return the value of the first variable, which is the one that the published scorer compares.

        Raises:
            DataError: the record has none.
        """
        try:
            return answer[0]["value"]
        except (LookupError, TypeError):
            raise DataError(f"an output of Java must be [{{'name', 'type', 'value'}}], not {answer!r:.80}") from None

    def wording(self, row: Row) -> str:
        """Return what asks for the result of the call, with every argument."""
        given = ", ".join(f"{each.get('type')} {each.get('name')} = {each.get('value')}" for each in row["basic_input"])
        return f"What does the method return when it is called with: {given}"
