"""Instruction tuning: a model learns to write the completions of its rows, and the end of its turn."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from codereasoner.errors import ConfigError, import_extra
from codereasoner.extend import Progress, silent
from codereasoner.ledger import fingerprint, read_rows
from codereasoner.models.checkpoint import weights_identity
from codereasoner.models.device import Precision, has_gpu, multiplies_in_bf16
from codereasoner.task import Runner
from codereasoner.training import training_run
from codereasoner.training.budget import Budget, budget_of, on_budget
from codereasoner.training.callbacks import Told, make_watch
from codereasoner.training.distributed import first_process_first, place
from codereasoner.training.evaluation_callback import make_check
from codereasoner.training.fast_trainer import in_one_order, is_small, lean
from codereasoner.training.mfu import full_rate
from codereasoner.training.muon import make_optimizer
from codereasoner.training.settings import (
    BUDGET_OPERATIONS,
    BUDGET_SECONDS,
    BUDGET_TOKENS,
    CLOCK,
    PRECISION,
    arguments_for_device,
    load,
    lora,
    option,
    quiet,
    set_threads,
    style_of,
    template_arguments,
    what,
)
from codereasoner.training.shards import DONE, Shards, is_folder, read_all
from codereasoner.training.streaming import batches_of_pass, streaming
from codereasoner.training.tokens import Seen, examples, tokenised
from codereasoner.training.training_rows import style_of_rows


@dataclass(frozen=True)
class SftConfig:
    """How to tune. The defaults are the paper's (arXiv:2507.17548, section 4): 2 epochs, cosine, warm-up 0.1."""

    seed: int = option(0, "Seed of the order of the rows.")
    tokens: int | None = BUDGET_TOKENS
    operations: float | None = BUDGET_OPERATIONS
    seconds: float | None = BUDGET_SECONDS
    clock: Literal["wall", "cpu"] = CLOCK
    epochs: float = option(2.0, "Passes over the rows, unless a budget is given (tokens, operations or seconds).")
    max_steps: int | None = option(None, "Updates, instead of epochs.")
    batch: int = option(2, "Rows in one forward pass on one device.")
    accumulate: int = option(8, "Forward passes for one update.")
    learning_rate: float = option(1e-5, "The highest learning rate.")
    warmup: float = option(0.1, "Share of the updates over which the learning rate rises; not when a budget is given.")
    optimizer: Literal["adamw", "muon"] = option(
        "adamw", "Muon learns a small model from scratch in far fewer steps; AdamW is for models that know something."
    )
    adam_beta2: float = option(0.999, "Decay of Adam's second moment.")
    weight_decay: float = option(0.0, "Weight decay.")
    max_grad_norm: float = option(1.0, "Gradients are clipped to this norm.")
    max_length: int = option(4096, "Rows of more tokens are left out: a chain without its answer teaches nothing.")
    thinking: Literal["auto", "on", "off"] = option(
        "auto", "Whether the model thinks, where its chat template knows the difference."
    )
    template_args: str = option("{}", "Arguments of the chat template, as a JSON object.")
    order: Literal["length", "file"] = option(
        "length", "Rows of like length together, in random order; or as they stand in the file, from easy to hard."
    )
    lora: int = option(0, "Rank of LoRA adapters; 0 trains every weight.")
    threads: int | None = option(None, "CPU threads; all cores by default.", how=True)
    precision: Precision = PRECISION
    readers: int = option(
        0, "Processes beside the training that read and tokenise a folder of shards; 0: it does so itself.", how=True
    )
    patience: float = option(
        10.0,
        "Minutes without anything new after which a folder of shards that is not done is given up.",
        how=True,
    )
    compile: bool = option(False, "Compile the model (torch.compile): worth the minutes it takes on a GPU.", how=True)
    checkpointing: bool = option(
        True, "On a GPU, compute activations twice instead of keeping them: slower, for large models.", how=True
    )
    log_every: int = option(10, "Updates between two rows of history.jsonl.", how=True)
    held_out: str | None = option(
        None,
        "Questions, or rows as GRPO reads them, to evaluate on during training; their time is not counted.",
        how=True,
    )
    checks: int = option(8, "How often they are asked, at equal shares of the training, and at its start.", how=True)
    check_questions: int = option(200, "Evaluate only on the first N of them.", how=True)
    check_tokens: int = option(2048, "Maximum tokens of an answer to them.", how=True)
    save_seconds: float = option(600.0, "Seconds between two checkpoints; what a kill can cost.", how=True)


def sft(
    rows: Path,
    model: str | Path,
    out: Path,
    config: SftConfig,
    progress: Progress = silent,
    runner: Runner | None = None,
    begun: Callable[[], None] = lambda: None,
    notice: Callable[[str], None] = lambda words: None,
) -> Path:
    """Tune a model on the rows of a file, or of a folder of shards; returns its folder.

    A killed training continues where it was saved. With `order` "file" a folder may still be growing: its shards are
    learnt as they come. The runner executes what held-out questions need executed. `begun` is called when nothing
    speaks against the training any more; `notice` gets what the user should know at the start.

    Raises:
        DataError: the rows are no SFT rows, or all are too long, or what makes them has gone silent.
        ConfigError: the folder holds another training, the model cannot be loaded, or how long to train on a folder
            that grows is not said.
    """
    source = str(model)
    budget = budget_of(config)
    bar = Told(progress)
    shards = Shards(rows, 60 * config.patience, budget, bar.again) if is_folder(rows) else None
    whole = {
        "rows": fingerprint(shards.first.path if shards else rows),
        "model": weights_identity(source),
        **what(config),
    }
    if training_run.is_done(out, whole):
        return out
    with quiet(), training_run.alone(out):
        begun()
        with first_process_first():
            checkpoint = training_run.prepare(out, whole, budget)
        bar(0.0, "loading the model")
        loaded, tokenizer = load(source, config.lora > 0, template_arguments(config.thinking, config.template_args))
        budget.parameters = loaded.num_parameters()
        data = _data(rows, shards, tokenizer, config)
        if data.seen.too_long:
            notice(data.seen.words(config.max_length))
        style = data.style or style_of(source)
        check = make_check(config.held_out, config.check_questions, config.check_tokens, style, runner, tokenizer)
        fastest = None if config.lora else full_rate(budget.parameters)
        history = out / "history.jsonl"
        watch = make_watch(budget, history, config.save_seconds, _row, bar, check, config.checks, fastest, data.seen)
        trainer = make_trainer(loaded, tokenizer, data, out, config, budget, watch)
        training_run.train(trainer, checkpoint)
        training_run.finish(trainer, tokenizer, out, whole, source, style, watch.summary())
    return out


@dataclass(frozen=True)
class Data:
    """What is learnt: a data set, or the shards of a folder, of whose rows `dataset` is an example.

    seen: the rows that were read and those that were too long, which grow with the shards.
    """

    dataset: Any
    seen: Seen
    style: str = ""  # as the rows have it
    shards: Shards | None = None
    steps: int | None = None  # for which the shards are learnt, where neither a budget nor max-steps says so


def _data(rows: Path, shards: Shards | None, tokenizer: Any, config: SftConfig) -> Data:
    if shards is None or config.order == "length":
        if shards and not shards.whole:
            raise ConfigError(
                f"{rows} is still growing (no {DONE} in it), and order is 'length': rows of like length can be put "
                "together only when all are there; --order file learns them as they come"
            )
        found = list(read_all(shards) if shards else read_rows(rows))
        seen = Seen()
        return Data(tokenised(found, tokenizer, config.max_length, seen), seen, style_of_rows(found, ""))
    first = shards.first
    example = tokenised(islice(read_rows(first.path), config.batch), tokenizer, config.max_length)
    return Data(example, Seen(), "".join(first.styles), shards, _steps(shards, config))


def _steps(shards: Shards, config: SftConfig) -> int | None:
    """The updates of so many epochs over a folder."""
    if budget_of(config).limit is not None or config.max_steps:
        return None
    if not shards.whole:
        raise ConfigError(
            f"{shards.folder} is still growing (no {DONE} in it), so the length of an epoch is not known, and with it "
            "the learning rate: give --tokens, --operations, --seconds or --max-steps"
        )
    return math.ceil(config.epochs * batches_of_pass(shards, config.batch, place()[1]) / config.accumulate)


def make_trainer(
    model: Any, tokenizer: Any, data: Data, out: Path, config: SftConfig, budget: Budget, watch: Any
) -> Any:
    """TRL's trainer, with what our data, our budget and a small model need."""
    trl = import_extra("trl", "train")
    trainer = lean(trl.SFTTrainer) if is_small(model) or not has_gpu() else trl.SFTTrainer
    if data.shards:
        tokens = partial(examples, tokenizer=tokenizer, max_length=config.max_length)
        trainer = streaming(trainer, data.shards, tokens, config.readers, data.seen)
    elif config.order == "length":
        trainer = in_one_order(trainer)
    set_threads(config.threads)
    bf16 = multiplies_in_bf16(model.config, config.precision)
    return on_budget(trainer, budget)(
        model=model,
        args=trl_config(config, out, budget, bf16, data.steps),
        train_dataset=data.dataset,
        processing_class=tokenizer,
        peft_config=lora(config.lora),
        optimizers=(make_optimizer(model, config), None),
        callbacks=[watch],
    )


def trl_config(config: SftConfig, out: Path, budget: Budget, bf16: bool, steps: int | None = None) -> Any:
    """TRL's own configuration of this training on this machine."""
    common = training_run.arguments(out, config, budget)
    return import_extra("trl", "train").SFTConfig(
        **common | ({"max_steps": steps} if steps else {}),
        **arguments_for_device(bf16, config.checkpointing),
        torch_compile=config.compile,
        pad_to_multiple_of=8 if has_gpu() else None,  # as matrix units want it
        max_length=None,
        remove_unused_columns=False,
        train_sampling_strategy="group_by_length" if config.order == "length" else "sequential",
        length_column_name="length",
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def _row(logs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "loss": logs["loss"],
        "learning_rate": logs.get("learning_rate"),
        "token_accuracy": logs.get("mean_token_accuracy"),
        "grad_norm": logs.get("grad_norm"),
    }
