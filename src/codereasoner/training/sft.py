"""Instruction tuning: a model learns to write the completions of its rows, and the end of its turn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from codereasoner.errors import ConfigError, import_extra
from codereasoner.extend import Progress, silent
from codereasoner.ledger import fingerprint, read_rows
from codereasoner.models.checkpoint import Checkpoint, context_of
from codereasoner.models.device import has_gpu, multiplies_in_bf16
from codereasoner.task import Runner
from codereasoner.training.budget import Budget, budget_of, full_rate, on_budget
from codereasoner.training.callbacks import LastProgress, make_callback
from codereasoner.training.distributed import rank_and_size
from codereasoner.training.evaluation_callback import make_check
from codereasoner.training.fast_trainer import fast_trainer, in_one_order, is_small
from codereasoner.training.memory import Memory, estimate, fitted
from codereasoner.training.muon import make_optimizer
from codereasoner.training.settings import lora, set_threads, style_of
from codereasoner.training.shards import DONE, Shards, is_folder, read_all
from codereasoner.training.streaming import batches_of_pass, streaming
from codereasoner.training.tokens import IGNORED, Seen, examples, tokenised
from codereasoner.training.training_config import SftConfig
from codereasoner.training.training_rows import style_of_rows
from codereasoner.training.training_run import Made, arguments, run_training

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase, TrainerCallback
    from trl import SFTConfig as TrlSftConfig
    from trl import SFTTrainer

LOGGED = {
    "loss": "loss",
    "learning_rate": "learning_rate",
    "token_accuracy": "mean_token_accuracy",
    "grad_norm": "grad_norm",
}
"""Columns of history.jsonl, by the names that TRL logs."""


def sft(
    rows: Path,
    model: str | Path,
    out: Path,
    config: SftConfig,
    runner: Runner | None = None,
    progress: Progress = silent,
    begun: Callable[[], None] = lambda: None,
    notice: Callable[[str], None] = lambda words: None,
) -> Path:
    """Tune a model on the rows of a file, or of a folder of shards; returns its folder.

    A killed training continues where it was saved. With `order` "file" a folder may still be growing: its shards are
    learnt as they arrive. The runner executes what held-out questions need executed. `begun` is called once the
    training is sure to start; `notice` gets what the user should know at the start.
    """
    budget, source = budget_of(config), str(model)
    bar = LastProgress(progress)
    shards = Shards(rows, 60 * config.patience, budget, bar.repeat, notice) if is_folder(rows) else None

    def make(loaded: Checkpoint, free: float | None) -> Made:
        most = context_of(loaded.model)
        limited = replace(config, max_length=min(config.max_length, most))
        data = _data(rows, shards, loaded.tokenizer, limited)
        if data.seen.too_long:
            limit = f"--max-length {config.max_length:,}" if limited == config else f"the model reads, {most:,}"
            notice(data.seen.words(f"{limit} tokens"))
        style = data.style or style_of(source)
        check = make_check(config, config.check_tokens, style, runner, loaded.tokenizer)
        fastest = None if config.lora else full_rate(budget.parameters)
        callback = make_callback(budget, out, config, LOGGED, bar, check, fastest, data.seen)
        bf16 = multiplies_in_bf16(loaded.model.config, config.precision)
        longest = _longest(data, limited)

        def need(config: SftConfig) -> Memory:
            return estimate(loaded.model, config, *longest, bf16)

        small = limited if data.shards else fitted(limited, need, free, notice)
        step = small.batch * small.accumulate * rank_and_size()[1]
        budget.announce(step * fmean(data.dataset["length"][:]), "about", notice)
        return Made(make_trainer(loaded, data, out, small, budget, callback, bf16), style, callback, need(small))

    content = fingerprint(shards.first.path if shards else rows)
    return run_training(source, out, config, {"rows": content}, budget, make, bar, begun, notice)


def _longest(data: Data, config: SftConfig) -> tuple[int, int]:
    """Return the tokens of the longest row, and of its part from the first one on that is learnt."""
    if data.shards:
        return config.max_length, config.max_length
    behind = (
        len(row) - next(place for place, each in enumerate(row) if each != IGNORED) for row in data.dataset["labels"]
    )
    return max(data.dataset["length"][:]), max(behind)  # a column is decoded at each access, not as a whole


@dataclass(frozen=True)
class Data:
    """A data set to learn, or the shards of a folder, with one batch of them in `dataset` as an example.

    seen: the rows that were read and those that were too long, which grow with the shards.
    """

    dataset: Dataset
    seen: Seen
    style: str = ""  # as the rows have it
    shards: Shards | None = None
    steps: int | None = None  # to learn the shards for, where neither a budget nor max-steps says so


def _data(rows: Path, shards: Shards | None, tokenizer: PreTrainedTokenizerBase, config: SftConfig) -> Data:
    if shards is None or config.order == "length":
        if shards and not shards.whole:
            raise ConfigError(
                f"{rows} is still growing (no {DONE} in it), and order is 'length': rows of like length can be put "
                "together only when all are there; --order file learns them as they arrive"
            )
        found = list(read_all(shards) if shards else read_rows(rows))
        seen = Seen()
        return Data(tokenised(found, tokenizer, config.max_length, seen), seen, style_of_rows(found, ""))
    first = shards.first
    example = tokenised(islice(read_rows(first.path), config.batch), tokenizer, config.max_length)
    return Data(example, Seen(), "".join(first.styles), shards, _steps(shards, config))


def _steps(shards: Shards, config: SftConfig) -> int | None:
    """Return the updates of the epochs over a folder; None where something else says how long to train."""
    if budget_of(config).limit is not None or config.max_steps:
        return None
    if not shards.whole:
        raise ConfigError(
            f"{shards.folder} is still growing (no {DONE} in it), so the length of an epoch is not known, and with it "
            "the learning rate: give --tokens, --operations, --seconds or --max-steps"
        )
    return math.ceil(config.epochs * batches_of_pass(shards, config.batch, rank_and_size()[1]) / config.accumulate)


def make_trainer(
    loaded: Checkpoint, data: Data, out: Path, config: SftConfig, budget: Budget, callback: TrainerCallback, bf16: bool
) -> SFTTrainer:
    """Make TRL's trainer, adapted to our data, our budget and small models."""
    trl = import_extra("trl", "train")
    trainer = fast_trainer(trl.SFTTrainer) if is_small(loaded.model) or not has_gpu() else trl.SFTTrainer
    if data.shards:
        tokens = partial(examples, tokenizer=loaded.tokenizer, max_length=config.max_length)
        trainer = streaming(trainer, data.shards, tokens, config.readers, data.seen)
    elif config.order == "length":
        trainer = in_one_order(trainer)
    set_threads(config.threads)
    return on_budget(trainer, budget)(
        model=loaded.model,
        args=trl_config(config, out, budget, bf16, data.steps),
        train_dataset=data.dataset,
        processing_class=loaded.tokenizer,
        peft_config=lora(config.lora),
        optimizers=(make_optimizer(loaded.model, config), None),
        callbacks=[callback],
    )


def trl_config(config: SftConfig, out: Path, budget: Budget, bf16: bool, steps: int | None = None) -> TrlSftConfig:
    """Return TRL's own configuration of this training on this machine."""
    return import_extra("trl", "train").SFTConfig(
        **arguments(out, config, budget, bf16) | ({"max_steps": steps} if steps else {}),
        torch_compile=config.compile,
        pad_to_multiple_of=8 if has_gpu() else None,  # as matrix units want it
        max_length=None,
        remove_unused_columns=False,
        train_sampling_strategy="group_by_length" if config.order == "length" else "sequential",
        length_column_name="length",
        dataset_kwargs={"skip_prepare_dataset": True},
    )
