"""The options of an experiment's run, apart from its plan: a page of help needs them and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, fields

from codereasoner import configs
from codereasoner.config_fields import option

FOLDER = "experiments"


@dataclass(frozen=True)
class Size:
    """The size of an experiment."""

    seed: int = option(0, "Seed of the model's first weights and of training.")
    size: str = option("0.3m", "Size of the from-scratch model.")
    train: int = option(5000, "Programs for instruction tuning, of 1 to 3 statements.")
    rl: int = option(1200, "Longer programs for GRPO, of 5 statements; a third as many short ones are added.")
    test: int = option(300, "Programs held out, of 1 to 3 statements, and as many of 5.")
    sft_tokens: int = option(2_600_000, "Tokens of instruction tuning.")
    minutes: float | None = option(
        None, "Train on as many tokens as fit into this many minutes here, instead of the numbers above."
    )
    max_tokens: int = option(120, "Maximum tokens per answer in the evaluation.")


@dataclass(frozen=True)
class Settings(Size):
    """The settings of an experiment that the command line can change."""

    model: str = option(
        "", "Weights to start from: a path or Hub name, gguf:FILE, smollm2 (default: a from-scratch model of --size)."
    )
    arms: tuple[str, ...] = option((), "Arms to compare, the baseline first; repeat it.")
    seeds: int = option(1, "Number of seeds: each trains every arm anew, from first weights of its own.")
    then_tokens: int = option(
        1_600_000, "Budget of the trainings after SFT: the operations of SFT on this many tokens, generation included."
    )


def names() -> list[str]:
    """Return the names of the experiments that come with the package."""
    return [name.removeprefix(f"{FOLDER}/") for name in configs.names(FOLDER)]


def decisive_words() -> list[str]:
    """Return the options that decide what a run does; of arms and seeds it may get more."""
    return [each.name.replace("_", "-") for each in fields(Settings) if each.name not in ("arms", "seeds")]
