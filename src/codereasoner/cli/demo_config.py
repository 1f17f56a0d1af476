"""What the demo can be told, and what it does when it is told nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MODELS = {
    "base": "untrained",
    "sft": "after SFT",
    "grpo": "after GRPO",
    "control": "control: more SFT",
}
"""The models that the demo evaluates, by their folder."""

TAUGHT, LONGER = (1, 3), (5, 5)
"""Statements of the programs that SFT teaches, and of those that GRPO practises without being shown an answer."""

GRPO_TASKS = ("input@5", "input@1-3", "output@1-3")
"""GRPO practises finding inputs of longer programs, where the final answer alone can teach something; beside them stand
some short questions of both directions, so that what SFT taught is not forgotten."""


def _option(default: Any, words: str) -> Any:
    return field(default=default, metadata={"help": words})


@dataclass(frozen=True)
class DemoConfig:
    """The options of the demo; every default is what `make demo` does."""

    seed: int = _option(0, "Seed of the model's first weights and of training.")
    size: str = _option("0.3m", "The size of the from-scratch model.")
    train: int = _option(5000, "Programs for instruction tuning, of 1 to 3 statements.")
    rl: int = _option(1200, "Longer programs for GRPO, of 5 statements; a third as many short ones stand beside them.")
    test: int = _option(300, "Programs held out, of 1 to 3 statements, and as many of 5.")
    sft_tokens: int = _option(2_600_000, "Tokens of instruction tuning.")
    grpo_tokens: int = _option(
        1_200_000, "Tokens of GRPO, prompts and completions; the control spends its operations on more SFT."
    )
    minutes: float | None = _option(
        None, "Train on as many tokens as fit into this many minutes here, instead of the numbers above."
    )
    max_tokens: int = _option(120, "Tokens of an answer in the evaluation.")
