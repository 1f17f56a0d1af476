"""What an ablation compares: each arm is a way to spend the same compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codereasoner.cli.demo_config import GRPO_TASKS
from codereasoner.cli.demo_data import BACKWARD, FORWARD
from codereasoner.training.settings import option

WHITEBOX, ANCHORS = "whitebox", "anchors"


@dataclass(frozen=True)
class Rows:
    """Which rows SFT learns: the tasks, and those of them that are answered without a chain."""

    tasks: tuple[str, ...]
    direct: tuple[str, ...]
    times: float = 1.0  # as many tokens of SFT: four tasks take longer to learn than two


ROWS = {
    "both": Rows((FORWARD, BACKWARD), (BACKWARD,)),
    "direct": Rows((FORWARD, BACKWARD), (FORWARD, BACKWARD)),
    "forward": Rows((FORWARD,), ()),
    "backward": Rows((BACKWARD,), (BACKWARD,)),
    "inside": Rows((FORWARD, BACKWARD, WHITEBOX, ANCHORS), (BACKWARD, WHITEBOX, ANCHORS), 2.0),
}

PROMPTS = {
    "mixed": GRPO_TASKS,
    "forward": ("output",),
    "backward": ("input",),
    "final": ("output@1-3",),
    "whitebox": ("whitebox@1-3",),
    "anchors": ("anchors@1-3",),
}
"""Which questions reinforcement practises, with the statements of their programs."""


@dataclass(frozen=True)
class Arm:
    """SFT on some rows for one share of the compute, then something for the other."""

    label: str
    rows: str  # of ROWS; "": no SFT at all, all of the compute goes to what follows
    then: Literal["", "sft", "rft", "grpo"] = ""
    prompts: str = ""  # of PROMPTS
    bi_level: bool = False


ARMS = {
    "start": Arm("SFT: where the next ones start", "both"),
    "more-sft": Arm("more SFT: without RL", "both", "sft"),
    "rft": Arm("rejection-sampling fine-tuning", "both", "rft", "mixed"),
    "grpo": Arm("GRPO: the whole method", "both", "grpo", "mixed"),
    "no-chains": Arm("without chains", "direct", "grpo", "mixed"),
    "no-sft": Arm("without SFT", "", "grpo", "mixed"),
    "forward-only": Arm("forward only", "forward", "grpo", "forward"),
    "backward-only": Arm("backward only", "backward", "grpo", "backward"),
    "inside": Arm("SFT with states and steps, twice as long", "inside"),
    "final-answer": Arm("GRPO on it, final answer", "inside", "grpo", "final"),
    "white-box": Arm("GRPO on it, white-box", "inside", "grpo", "whitebox"),
    "bi-level": Arm("GRPO on it, bi-level", "inside", "grpo", "anchors", bi_level=True),
}


@dataclass(frozen=True)
class AblateConfig:
    """What is compared, on what, for how long."""

    arms: tuple[str, ...] = option(("start", "more-sft", "rft", "grpo"), "The arms to compare; repeat it.")
    seeds: int = option(3, "Seeds: each trains every arm anew, from first weights of its own.")
    size: str = option("0.3m", "The size of the from-scratch model.")
    train: int = option(5000, "Programs for instruction tuning, of 1 to 3 statements.")
    rl: int = option(1200, "Programs of 5 statements to practise on; a third as many short ones stand beside them.")
    test: int = option(300, "Programs held out, of 1 to 3 statements, and as many of 5.")
    sft_tokens: int = option(
        2_600_000, "Tokens of SFT, which arms with the same rows share; twice as many with states and steps."
    )
    then_tokens: int = option(
        1_600_000, "What follows gets the operations that SFT would spend on this many tokens, generation included."
    )
    max_tokens: int = option(120, "Tokens of an answer in the evaluation.")
