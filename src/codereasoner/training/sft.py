"""Instruction tuning: a model learns to write the completions of its rows, and the end of its turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from codereasoner.errors import DataError, import_extra
from codereasoner.extend import Progress, silent
from codereasoner.ledger import fingerprint, read_rows
from codereasoner.task import Runner
from codereasoner.training import session
from codereasoner.training.held_out import make_check
from codereasoner.training.lean import in_one_order, lean
from codereasoner.training.muon import make_optimizer
from codereasoner.training.processes import first_process_first
from codereasoner.training.rows import style_of_rows
from codereasoner.training.settings import arguments_for_device, has_gpu, identity, load, lora, option, quiet, style_of
from codereasoner.training.watch import Clock, make_watch, on_the_clock

IGNORED = -100  # the label of a token that is not learnt


@dataclass(frozen=True)
class SftConfig:
    """How to tune. The defaults are the paper's (arXiv:2507.17548, section 4): 2 epochs, cosine, warm-up 0.1."""

    seed: int = option(0, "Seed of the order of the rows.")
    seconds: float | None = option(
        None, "Train for so many seconds, the learning rate driven by the clock; without it, epochs or steps count."
    )
    clock: Literal["wall", "cpu"] = option(
        "wall", "What seconds are: of the clock, or CPU time of this process, which load does not change."
    )
    epochs: float = option(2.0, "Passes over the rows, where no seconds are given.")
    max_steps: int | None = option(None, "Updates, instead of epochs.")
    batch: int = option(2, "Rows in one forward pass on one device.")
    accumulate: int = option(8, "Forward passes for one update.")
    learning_rate: float = option(1e-5, "The highest learning rate.")
    warmup: float = option(0.1, "Share of the updates over which the learning rate rises; not when seconds are given.")
    optimizer: Literal["adamw", "muon"] = option(
        "adamw", "Muon learns a small model from scratch in far fewer steps; AdamW is for models that know something."
    )
    adam_beta2: float = option(0.999, "Decay of Adam's second moment.")
    weight_decay: float = option(0.0, "Weight decay.")
    max_grad_norm: float = option(1.0, "Gradients are clipped to this norm.")
    max_length: int = option(4096, "Rows of more tokens are left out: a chain without its answer teaches nothing.")
    order: Literal["length", "file"] = option(
        "length", "Rows of like length together, in random order; or as they stand in the file, from easy to hard."
    )
    lora: int = option(0, "Rank of LoRA adapters; 0 trains every weight.")
    threads: int | None = option(None, "CPU threads; all cores by default.")
    log_every: int = option(10, "Updates between two rows of history.jsonl.")
    held_out: str | None = option(
        None, "Rows of questions, as GRPO reads them, that the model is asked while it trains; no training time."
    )
    checks: int = option(8, "How often they are asked, at equal shares of the training; once more at its start.")
    check_questions: int = option(200, "Ask only the first so many of them.")
    check_tokens: int = option(2048, "Tokens of an answer to them.")
    save_seconds: float = option(600.0, "Seconds between two checkpoints; what a kill can cost.")


def sft(
    rows: Path,
    model: str | Path,
    out: Path,
    config: SftConfig,
    progress: Progress = silent,
    runner: Runner | None = None,
) -> Path:
    """Tune a model on the rows of a file; returns its folder. A killed training continues where it was saved.

    The runner executes what held-out questions need executed.

    Raises:
        DataError: the rows are no SFT rows, or all are too long.
        ConfigError: the model cannot be loaded.
    """
    source = str(model)
    whole = {"rows": fingerprint(rows), "model": identity(source), **asdict(config)}
    if session.is_done(out, whole):
        return out
    with quiet():
        clock = Clock(config.seconds, config.clock)
        with first_process_first():
            checkpoint = session.prepare(out, whole, clock)
        progress(0.0, "loading the model")
        loaded, tokenizer = load(source)
        examples = list(read_rows(rows))
        style = style_of_rows(examples, style_of(source))
        dataset = tokenised(examples, tokenizer, config.max_length)
        check = make_check(config.held_out, config.check_questions, config.check_tokens, style, runner, tokenizer)
        watch = make_watch(clock, out / "history.jsonl", config.save_seconds, _row, progress, check, config.checks)
        trainer = make_trainer(loaded, tokenizer, dataset, out, config, clock, watch)
        session.train(trainer, checkpoint)
        session.finish(trainer, tokenizer, out, whole, source, style, clock)
    return out


def tokenised(rows: Iterable[Mapping[str, Any]], tokenizer: Any, max_length: int) -> Any:
    """A dataset of token ids and labels: the loss is on the completion and the end-of-turn token only.

    The prompt and what follows it are tokenised apart, because a model that generates sees them apart.

    Raises:
        DataError: a row lacks its prompt or completion, or none is short enough.
    """
    datasets = import_extra("datasets", "train")
    prompts, completions = _texts(rows, tokenizer)
    columns: dict[str, list[Any]] = {"input_ids": [], "labels": [], "length": []}
    if prompts:
        asked = tokenizer(prompts, add_special_tokens=False)["input_ids"]
        answered = tokenizer(completions, add_special_tokens=False)["input_ids"]
        for before, after in zip(asked, answered, strict=True):
            after = _until_end(after, tokenizer.eos_token_id)
            if len(before) + len(after) <= max_length:
                columns["input_ids"].append(before + after)
                columns["labels"].append([IGNORED] * len(before) + after)
                columns["length"].append(len(before) + len(after))
    if not columns["length"]:
        raise DataError(f"there are {len(prompts)} rows, and none has at most {max_length} tokens")
    return datasets.Dataset.from_dict(columns)


def _texts(rows: Iterable[Mapping[str, Any]], tokenizer: Any) -> tuple[list[str], list[str]]:
    """The prompts and what follows them, as the model's chat template writes them."""
    prompts: list[str] = []
    completions: list[str] = []
    for row in rows:
        if not row.get("prompt") or not row.get("completion"):
            raise DataError(f"row {row.get('id', len(prompts) + 1)} has no prompt and completion: is it an SFT row?")
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, tokenize=False)
        whole = tokenizer.apply_chat_template([*row["prompt"], *row["completion"]], tokenize=False)
        if not whole.startswith(prompt):
            raise DataError("the model's chat template writes a prompt differently when an answer follows it")
        prompts.append(prompt)
        completions.append(whole[len(prompt) :])
    return prompts, completions


def _until_end(ids: list[int], end: int) -> list[int]:
    """Up to and with the last end-of-turn token: what a template writes behind it is never generated."""
    if end not in ids:
        return [*ids, end]
    return ids[: len(ids) - ids[::-1].index(end)]


def make_trainer(
    loaded: Any, tokenizer: Any, dataset: Any, out: Path, config: SftConfig, clock: Clock, watch: Any
) -> Any:
    trl = import_extra("trl", "train")
    trainer = trl.SFTTrainer if has_gpu() else lean(trl.SFTTrainer)
    if config.order == "length":
        trainer = in_one_order(trainer)
    return on_the_clock(trainer, clock)(
        model=loaded,
        args=trl_config(config, out, clock),
        train_dataset=dataset,
        processing_class=tokenizer,
        peft_config=lora(config.lora),
        optimizers=(make_optimizer(loaded, config), None),
        callbacks=[watch],
    )


def trl_config(config: SftConfig, out: Path, clock: Clock) -> Any:
    """TRL's own configuration of this training on this machine."""
    return import_extra("trl", "train").SFTConfig(
        **session.arguments(out, config, clock),
        **arguments_for_device(config.threads),
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
