"""Results of the Python interface: runs that show themselves in a notebook, and the result of an evaluation."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rich.console import Console

from codereasoner.cli.annotated_source import Annotated, result
from codereasoner.errors import counted, import_extra
from codereasoner.ledger import read_rows
from codereasoner.records import Run

if TYPE_CHECKING:
    from pandas import DataFrame

    from codereasoner.evaluation.results import Summary

WIDTH = 120
"""Columns of a trace in a notebook: wide enough for the code and the values of most lines."""


class Printer(Protocol):
    """The printer of IPython."""

    def text(self, text: str) -> None:
        """Print a text."""


@dataclass(frozen=True)
class TracedRun(Run):
    """A run that shows the source with what each line did, in a notebook and as text."""

    def __str__(self) -> str:
        console = Console(file=io.StringIO(), width=WIDTH, force_jupyter=False)
        self._show(console)
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        console = Console(file=io.StringIO(), width=WIDTH, record=True, force_jupyter=False)
        self._show(console)
        code = '<pre style="line-height:1.3;white-space:pre;overflow-x:auto">{code}</pre>'
        return console.export_html(inline_styles=True, code_format=code)

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(str(self))

    def _show(self, console: Console) -> None:
        console.print(Annotated(self))
        console.print(result(self))


@dataclass(frozen=True)
class Evaluation:
    """The result of one evaluation: its folder, and the content of its summary.json."""

    folder: Path
    summary: Summary

    @property
    def pass_at_1(self) -> float:
        """The share of right answers, in percent; with several samples the mean over them."""
        return float(self.summary["pass@1"])

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of pass@1, in percent, clustered by program."""
        low, high = self.summary["interval"]
        return float(low), float(high)

    def to_pandas(self) -> DataFrame:
        """Return one row for each answer: question, task, sample, outcome, parsed answer, reason, and the text.

        Raises:
            MissingExtra: pandas is not installed.
        """
        pandas = import_extra("pandas", "train")
        texts = {row["id"]: row["text"] for row in read_rows(self.folder / "answers.jsonl")}
        rows = [row | {"text": texts.get(row["id"])} for row in read_rows(self.folder / "grades.jsonl")]
        table: DataFrame = pandas.DataFrame(rows)
        return table

    def __repr__(self) -> str:
        low, high = self.interval
        name, model = self.summary["benchmark"], self.summary["model"]
        count = counted(self.summary["n_questions"], "question")
        return f"{model} on {name}: {self.pass_at_1:.1f} % [{low:.1f}, {high:.1f}] of {count} ({self.folder})"
