"""Evaluation during training, on held-out questions that are graded as in every evaluation.

It is made at the start, at the end, and at equal shares of the training between. The clock of a budget stands still
meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from codereasoner.errors import ConfigError, DataError
from codereasoner.extend import Sampling
from codereasoner.ledger import read_rows
from codereasoner.models.checkpoint import Checkpoint
from codereasoner.styles import find_style
from codereasoner.task import Question, Runner
from codereasoner.training.row_sampling import sample_rows
from codereasoner.training.training_config import TrainingConfig
from codereasoner.training.training_rows import Row, grpo_row, style_of_rows

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Check: TypeAlias = "Callable[[PreTrainedModel], Mapping[str, float]]"
"""Evaluates a model on the held-out questions: {"held_out": 61.0, "held_out output": 70.5, ...}, percent correct."""


def make_check(
    config: TrainingConfig, max_tokens: int, style: str, runner: Runner | None, tokenizer: PreTrainedTokenizerBase
) -> Check | None:
    """Return the evaluation on the first rows of the held-out file; None where there is no file.

    They are rows as GRPO reads them, or questions, which are then asked in the style that is trained.
    """
    if config.held_out is None:
        return None
    if "true" in (os.environ.get("ACCELERATE_USE_FSDP"), os.environ.get("ACCELERATE_USE_DEEPSPEED")):
        raise ConfigError("held-out questions need a whole model in one process: with FSDP or ZeRO omit --held-out")
    asked = [_as_row(row, style) for row in check_held_out(config.held_out, config.check_questions)]
    found = style_of_rows(asked, style)
    if found != style:
        raise DataError(f"{config.held_out} is in style {found}, and the model is trained in {style}")
    return _check(asked, max_tokens, style, runner, tokenizer)


def check_held_out(path: str, most: int = 1) -> list[Row]:
    """Return the first rows of a held-out file."""
    found = list(islice(read_rows(Path(path)), most))
    if not found or not all(_is_question(row) or (row.get("prompt") and row.get("question")) for row in found):
        raise DataError(
            f"{path} has neither questions (`codereasoner ask`) nor rows with prompt and question (`codereasoner rows`)"
        )
    return [*found]


def _is_question(row: Row) -> bool:
    return {"task", "facts", "gold"} <= row.keys()


def _as_row(row: Row, style: str) -> Row:
    return grpo_row(Question.from_json(dict(row)), find_style(style)) if _is_question(row) else row


def _check(
    rows: Sequence[Row], max_tokens: int, style: str, runner: Runner | None, tokenizer: PreTrainedTokenizerBase
) -> Check:
    def check(model: PreTrainedModel) -> dict[str, float]:
        right: dict[str, list[bool]] = {}
        for each in sample_rows(rows, Checkpoint(model, tokenizer), style, Sampling(max_tokens=max_tokens), runner):
            right.setdefault(each.prompt.question.task, []).append(each.correct)
        whole = [each for part in right.values() for each in part]
        shares = {f"held_out {task}": part for task, part in sorted(right.items())}
        return {name: round(100 * sum(part) / len(part), 2) for name, part in [("held_out", whole), *shares.items()]}

    return check
