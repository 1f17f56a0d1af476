"""The options that SFT, GRPO and RFT share, and how an option is declared."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal


def option(default: Any, words: str, how: bool = False) -> Any:
    """Declare a field of a config: its default, and its help on the command line.

    An option with `how` changes the way the work is done and nothing of what is learnt, so it may differ when a
    training is continued.
    """
    return field(default=default, metadata={"help": words, "how": how})


@dataclass(frozen=True)
class TrainingConfig:
    """What every training takes."""

    seed: int = option(0, "Seed of the order of the rows and of sampling.")
    tokens: int | None = option(
        None, "Train until this many tokens are read and learnt; over the last 40 % the learning rate falls to zero."
    )
    operations: float | None = option(
        None,
        "Train until this many floating-point operations are spent: for each parameter 6 for a token learnt, 2 for a "
        "token read or written while generating.",
    )
    seconds: float | None = option(
        None, "Train for this many seconds; what is learnt then depends on the machine. Without a budget, epochs count."
    )
    clock: Literal["wall", "cpu"] = option(
        "wall", "How seconds are measured: wall-clock time, or CPU time of this process (unaffected by other load)."
    )
    epochs: float = option(2.0, "Passes over the rows, unless a budget is given (tokens, operations or seconds).")
    max_steps: int | None = option(None, "Number of updates, instead of epochs.")
    batch: int = option(2, "Rows per forward pass and device.")
    accumulate: int = option(8, "Forward passes per update.")
    learning_rate: float = option(1e-5, "Peak learning rate.")
    warmup: float = option(0.1, "Share of the updates over which the learning rate rises; unused with a budget.")
    optimizer: Literal["adamw", "muon"] = option(
        "adamw", "Muon trains a small model from scratch in far fewer steps; AdamW is for pretrained models."
    )
    adam_beta2: float = option(0.999, "Decay of Adam's second moment.")
    weight_decay: float = option(0.0, "Weight decay of matrices and embeddings.")
    max_grad_norm: float = option(1.0, "Clip gradients to this norm.")
    thinking: Literal["auto", "on", "off"] = option(
        "auto", "Turn the model's thoughts on or off (default: as its chat template does)."
    )
    template_args: str = option("{}", "Arguments of the chat template, as a JSON object.")
    lora: int = option(0, "Rank of LoRA adapters (0 trains every weight).")
    threads: int | None = option(None, "CPU threads (default: all cores).", how=True)
    precision: Literal["auto", "bf16", "fp32"] = option(
        "auto",
        "Number format of matrix products: bf16 or fp32; auto takes bf16 on a GPU and on a CPU that multiplies it "
        "faster.",
        how=True,
    )
    checkpointing: bool = option(
        True, "On a GPU, compute activations twice instead of keeping them: slower, for large models.", how=True
    )
    log_every: int = option(10, "Updates between two rows of history.jsonl.", how=True)
    held_out: str | None = option(
        None,
        "Evaluate during training on this file of questions, or of GRPO rows; the time it takes is not counted.",
        how=True,
    )
    checks: int = option(8, "With --held-out: number of evaluations after the first one.", how=True)
    check_questions: int = option(200, "With --held-out: evaluate only the first N questions.", how=True)
    save_seconds: float = option(600.0, "Seconds between two checkpoints (the most that a kill can cost).", how=True)


def changed(name: str, default: Any, words: str = "") -> Any:
    """Declare a shared option anew, with another default and, where it means something else, other help."""
    metadata = next(each.metadata for each in fields(TrainingConfig) if each.name == name)
    return field(default=default, metadata={**metadata, "help": words or metadata["help"]})


def decisive(config: TrainingConfig) -> dict[str, Any]:
    """Return the options that decide what is learnt."""
    return {each.name: getattr(config, each.name) for each in fields(config) if not each.metadata["how"]}
