"""One training from start to end: done already, continued, or begun; then saved whole under its name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from codereasoner.errors import ConfigError, DataError, import_extra
from codereasoner.ledger import read_manifest, write_manifest, write_whole
from codereasoner.outputs import locked, refuse_others
from codereasoner.training.budget import Budget
from codereasoner.training.callbacks import go_on_from, last_checkpoint, trim_history
from codereasoner.training.distributed import place
from codereasoner.training.settings import write_card

FOREVER = 10_000_000  # steps; a budget ends training before


def is_done(out: Path, config: Mapping[str, Any]) -> bool:
    """Has this training ended with this config, and is its model there?

    Raises:
        ConfigError: the folder holds a training of another config, or a model that we did not train.
    """
    now = plain(config)
    if (begun := _begun(out)) is not None:
        refuse_others(out, known(begun, now), now, "begun")
        return False
    if not any(out.glob("*.safetensors")):
        return False
    manifest = read_manifest(out)
    if manifest is None:
        raise ConfigError(f"{out} holds a model that was not trained there: give another --out")
    refuse_others(out, known(manifest.get("config", {}), now), now)
    return True


def alone(out: Path) -> AbstractContextManager[None]:
    """Hold the lock of a training's folder; one of several processes does so for all."""
    return locked(out) if place()[0] == 0 else nullcontext()


def known(old: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an earlier config says of what counts today: other options may have counted then."""
    return {name: value for name, value in old.items() if name in now}


def _begun(out: Path) -> dict[str, Any] | None:
    """Return the config of a training that has learnt something and was stopped."""
    checkpoints, history = out / "checkpoints", out / "history.jsonl"
    note = checkpoints / "config.json"
    if not note.is_file() or not (
        any(checkpoints.glob("checkpoint-*")) or (history.is_file() and history.stat().st_size)
    ):
        return None
    found: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    return found


def prepare(out: Path, config: Mapping[str, Any], budget: Budget) -> Path | None:
    """Make the folder ready; the checkpoint to continue from, with the budget set to it, or None to begin."""
    checkpoints = out / "checkpoints"
    note = checkpoints / "config.json"
    if _begun(out) is None:
        shutil.rmtree(checkpoints, ignore_errors=True)
        (out / "history.jsonl").unlink(missing_ok=True)
        write_whole(note, json.dumps(plain(config)) + "\n")
    checkpoint = last_checkpoint(checkpoints)
    trim_history(out / "history.jsonl", _steps(checkpoint))
    if checkpoint:
        go_on_from(budget, checkpoint)
    return checkpoint


def mute(trainer: Any) -> None:
    """Take a trainer's own printing away."""
    transformers = import_extra("transformers", "train")
    for callback in (transformers.PrinterCallback, transformers.trainer_callback.ProgressCallback):
        trainer.remove_callback(callback)


def train(trainer: Any, checkpoint: Path | None) -> None:
    """Train without the trainer's own printing; where the rows fail it, what was learnt is saved first."""
    mute(trainer)
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except DataError:
        if trainer.state.global_step and place()[1] == 1:  # several processes may not all have met the same row
            trainer._save_checkpoint(trainer.model, None)
        raise


def finish(
    trainer: Any,
    tokenizer: Any,
    out: Path,
    config: Mapping[str, Any],
    model: str,
    style: str,
    summary: Mapping[str, Any],
) -> None:
    """Save the trained model whole, with its card and manifest, and remove the checkpoints."""
    steps = trainer.state.global_step
    if not trainer.is_world_process_zero():
        trainer.save_model(str(out))
        return
    trained = trainer.accelerator.unwrap_model(trainer.model)
    if hasattr(trained, "merge_and_unload"):
        trained = trained.merge_and_unload()
        trained.save_pretrained(str(out))
    else:
        trainer.save_model(str(out))
    tokenizer.save_pretrained(str(out))
    (out / "training_args.bin").unlink(missing_ok=True)
    facts = {"steps": steps, **summary}
    write_card(out, model, style, facts)
    write_manifest(out, {"config": plain(config), "counts": facts})
    shutil.rmtree(out / "checkpoints", ignore_errors=True)


def arguments(out: Path, config: Any, budget: Budget) -> dict[str, Any]:
    """The arguments that every trainer gets."""
    return {
        "output_dir": str(out / "checkpoints"),
        "seed": config.seed,
        "learning_rate": config.learning_rate,
        "per_device_train_batch_size": config.batch,
        "gradient_accumulation_steps": config.accumulate,
        "num_train_epochs": config.epochs,
        "max_steps": FOREVER if budget.limit is not None else (config.max_steps or -1),
        "warmup_steps": config.warmup,
        "lr_scheduler_type": "cosine",
        "adam_beta2": config.adam_beta2,
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_grad_norm,
        "logging_steps": config.log_every,
        "save_strategy": "no",  # the watch saves by the clock
        "save_total_limit": 1,
        "ddp_find_unused_parameters": False,  # every weight of a language model is used in every step
        "report_to": [],
        "disable_tqdm": True,
    }


def _steps(checkpoint: Path | None) -> int:
    return int(checkpoint.name.rpartition("-")[2]) if checkpoint else -1


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config as it reads back from JSON."""
    plain: dict[str, Any] = json.loads(json.dumps(config, default=str))
    return plain
