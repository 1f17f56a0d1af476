"""What the demo can be told, and what it does when it is told nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MODELS = {
    "base": "untrained",
    "sft": "after SFT",
    "grpo": "after GRPO",
    "control": "control: more SFT for GRPO's compute",
}
"""The models that the demo evaluates, by their folder."""


SFT = ("--optimizer", "muon", "--batch", "16", "--accumulate", "1", "--learning-rate", "0.005")
GRPO = ("--batch", "128", "--accumulate", "1", "--learning-rate", "0.0005", "--max-tokens", "24", "--select", "0")
"""The settings of training that differ from the commands' defaults, which are for models that know something."""


def _option(default: Any, words: str) -> Any:
    return field(default=default, metadata={"help": words})


@dataclass(frozen=True)
class DemoConfig:
    """The options of the demo; every default is what `make demo` does."""

    seed: int = _option(0, "Seed of the model's first weights and of training.")
    breadth: str = _option("tiny", "How much of Python the programs use.")
    size: str = _option("0.3m", "The size of the from-scratch model.")
    train: int = _option(8000, "Programs for instruction tuning.")
    rl: int = _option(3000, "Programs for GRPO.")
    test: int = _option(400, "Programs held out.")
    questions: int = _option(300, "Held-out questions of each direction that every model answers.")
    grpo_tasks: tuple[str, ...] = _option(("input",), "A task that GRPO trains; repeat it.")
    sft_seconds: float = _option(150.0, "Seconds of instruction tuning.")
    grpo_seconds: float = _option(100.0, "Seconds of GRPO, and of the control that spends them on more SFT.")
    max_tokens: int = _option(160, "Tokens of an answer in the evaluation.")
