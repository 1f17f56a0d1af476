"""SFT and GRPO rows of a questions list, as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from codereasoner.ledger import write_records
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.training_rows import grpo_row, sft_row

STYLE = find_style("reasoning")


def write_rows(folder: Path, questions: Sequence[Question]) -> tuple[Path, Path]:
    """sft.parquet and grpo.parquet, a row for each question."""
    sft, grpo = folder / "sft.parquet", folder / "grpo.parquet"
    write_records(sft, [sft_row(question, "Step by step.", STYLE) for question in questions], {})
    write_records(grpo, [grpo_row(question, STYLE) for question in questions], {})
    return sft, grpo


def many(questions: Sequence[Question], count: int) -> list[Question]:
    """Questions about that number of programs."""
    return [
        replace(questions[place % len(questions)], id=f"q{place}", program=f"p{place // 2}") for place in range(count)
    ]
