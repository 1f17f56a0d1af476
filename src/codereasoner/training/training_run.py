"""One training from start to end: done already, continued, or begun; then saved whole under its name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from codereasoner.errors import ConfigError, DataError, import_extra
from codereasoner.extend import Progress
from codereasoner.ledger import read_manifest, write_manifest, write_whole
from codereasoner.models.checkpoint import Checkpoint, load_checkpoint, weights_identity
from codereasoner.models.device import avoid_cudnn_attention, has_gpu
from codereasoner.outputs import locked, refuse_others
from codereasoner.training.budget import Budget
from codereasoner.training.callbacks import Summarized, last_checkpoint, restore_budget, trim_history
from codereasoner.training.distributed import main_process_first, rank_and_size
from codereasoner.training.memory import Memory, free_bytes
from codereasoner.training.settings import load, quiet, template_arguments, write_card
from codereasoner.training.training_config import TrainingConfig, decisive

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, Trainer

FOREVER = 10_000_000  # steps; a budget ends training before
WITH_TABLES = ("trackio", "wandb")  # the trackers to which TRL also sends a table of completions


class Made(NamedTuple):
    """A trainer with its callback, the style of what it learns, and the memory that it will need."""

    trainer: Trainer
    style: str
    callback: Summarized
    memory: Memory


def run_training(
    source: str,
    out: Path,
    config: TrainingConfig,
    facts: Mapping[str, object],
    budget: Budget,
    make: Callable[[Checkpoint, float | None], Made],
    progress: Progress,
    begun: Callable[[], None],
    notice: Callable[[str], None],
) -> Path:
    """Train the model `source` into a folder with what `make` makes of it and the bytes that are free.

    Returns the folder. A training that is done does nothing; one that was killed continues. `facts` identify the
    training, with its model and config. `begun` is called once it is sure to start; `notice` gets what a user should
    know at the start.
    """
    whole = {"model": weights_identity(source), **decisive(config), **facts}
    if is_done(out, whole):
        return out
    template = check_before(config)
    with quiet(), lock(out):
        begun()
        with main_process_first():
            checkpoint = _prepare(out, whole, budget)
        if checkpoint:
            notice(f"continues at step {_step(checkpoint):,}")
        progress(0.0, "loading the model")
        avoid_cudnn_attention()
        free = free_bytes()
        loaded = load(source, config.lora > 0, template, config.quantize != "none")
        budget.parameters = loaded.model.num_parameters()
        made = make(loaded, free)
        notice(made.memory.words(free))
        _add_tensorboard(made.trainer, config, out)
        _train(made.trainer, checkpoint)
        _finish(made, loaded, out, config, whole, source)
    return out


def check_before(config: TrainingConfig) -> dict[str, object]:
    """Refuse options that do not fit one another or this machine; returns the arguments of the chat template."""
    for given, words in (
        (config.save != "merged", f"--save {config.save} saves LoRA adapters"),
        (config.quantize != "none", f"--quantize {config.quantize} holds the weights below LoRA adapters in 4 bits"),
    ):
        if given and not config.lora:
            raise ConfigError(f"{words}, and there are none: give --lora RANK as well")
    for given, option in (
        (config.quantize != "none", f"--quantize {config.quantize}"),
        (config.optimizer == "adamw-8bit", f"--optimizer {config.optimizer}"),
    ):
        if given and not has_gpu():
            raise ConfigError(f"{option} needs a GPU, and torch finds none here")
        if given and find_spec("bitsandbytes") is None:
            raise ConfigError(f"{option} needs the package bitsandbytes: pip install 'codereasoner[bitsandbytes]'")
    if config.track != "none" and find_spec(config.track) is None:
        raise ConfigError(f"--track {config.track} needs the package {config.track}: pip install {config.track}")
    if config.held_out is not None and not Path(config.held_out).is_file():
        raise ConfigError(f"--held-out: there is no file {config.held_out}")
    return template_arguments(config.thinking, config.template_args)


def is_done(out: Path, config: Mapping[str, object]) -> bool:
    """Return whether this training has ended with this config and its model is there."""
    now = as_json(config)
    if (old := _begun(out)) is not None:
        refuse_others(out, comparable(old, now), now, "begun")
        return False
    if not any(out.glob("*.safetensors")):
        return False
    manifest = read_manifest(out)
    if manifest is None:
        raise ConfigError(f"{out} holds a model that was not trained there: give another --out")
    refuse_others(out, comparable(manifest.get("config", {}), now), now)
    return True


def lock(out: Path) -> AbstractContextManager[None]:
    """Hold the lock of a training's folder; rank 0 does so for all processes."""
    return locked(out) if rank_and_size()[0] == 0 else nullcontext()


def comparable(old: Mapping[str, object], now: Mapping[str, object]) -> dict[str, object]:
    """Return the part of an earlier config that counts today: other options may have counted then."""
    return {name: value for name, value in old.items() if name in now}


def _begun(out: Path) -> dict[str, object] | None:
    """Return the config of a training that has learnt something and was stopped, if there is one."""
    checkpoints, history = out / "checkpoints", out / "history.jsonl"
    note = checkpoints / "config.json"
    if not note.is_file() or not (
        any(checkpoints.glob("checkpoint-*")) or (history.is_file() and history.stat().st_size)
    ):
        return None
    found: dict[str, object] = json.loads(note.read_text(encoding="utf-8"))
    return found


def _prepare(out: Path, config: Mapping[str, object], budget: Budget) -> Path | None:
    """Make the folder ready; returns the checkpoint to continue from, with the budget set to it, or None to begin."""
    checkpoints = out / "checkpoints"
    if _begun(out) is None:
        for path in (checkpoints, out / "history.jsonl"):
            if _is_kept(path):
                raise ConfigError(
                    f"{path} is of something else: give another --out, or --fresh, which keeps {out} as {out.name}.old"
                )
        shutil.rmtree(checkpoints, ignore_errors=True)
        (out / "history.jsonl").unlink(missing_ok=True)
        write_whole(checkpoints / "config.json", json.dumps(as_json(config)) + "\n")
    checkpoint = last_checkpoint(checkpoints)
    trim_history(out / "history.jsonl", _step(checkpoint) if checkpoint else -1)
    if checkpoint:
        restore_budget(budget, checkpoint)
    return checkpoint


def _step(checkpoint: Path) -> int:
    """Return the step at which a checkpoint was saved."""
    return int(checkpoint.name.rpartition("-")[2])


def _is_kept(path: Path) -> bool:
    """Return whether a path holds what a training that has not begun would delete."""
    if path.is_dir():
        return any(path.iterdir()) and not (path / "config.json").is_file()
    return path.is_file() and path.stat().st_size > 0


def mute(trainer: Trainer) -> None:
    """Remove the callbacks by which a trainer prints."""
    transformers = import_extra("transformers", "train")
    for callback in (transformers.PrinterCallback, transformers.trainer_callback.ProgressCallback):
        trainer.remove_callback(callback)


def _add_tensorboard(trainer: Trainer, config: TrainingConfig, out: Path) -> None:
    """Write TensorBoard's events to OUT/tensorboard, next to the checkpoint, where that tracker is asked for."""
    if config.track == "tensorboard" and trainer.is_world_process_zero():
        transformers = import_extra("transformers", "train")
        import_extra("torch.utils.tensorboard", "train")
        writer = import_extra("torch", "train").utils.tensorboard.SummaryWriter(log_dir=str(out / "tensorboard"))
        trainer.add_callback(transformers.integrations.TensorBoardCallback(writer))


def _train(trainer: Trainer, checkpoint: Path | None) -> None:
    """Train without printing; where the rows fail, save first what was learnt."""
    mute(trainer)
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except DataError:
        if trainer.state.global_step and rank_and_size()[1] == 1:  # other processes may not have met the same row
            trainer._save_checkpoint(trainer.model, None)
        raise


def _finish(
    made: Made, loaded: Checkpoint, out: Path, config: TrainingConfig, whole: Mapping[str, object], source: str
) -> None:
    """Save the trained model or its adapters, with card and manifest, and remove the checkpoints."""
    trainer = made.trainer
    if not trainer.is_world_process_zero():
        trainer.save_model(str(out))
        return
    trained = trainer.accelerator.unwrap_model(trainer.model)
    if config.lora:
        _save_adapted(trained, loaded, out, config, source)
    else:
        trainer.save_model(str(out))
    loaded.tokenizer.save_pretrained(str(out))
    (out / "training_args.bin").unlink(missing_ok=True)
    facts = {"steps": trainer.state.global_step, **made.callback.summary()}
    write_card(out, source, made.style, facts)
    write_manifest(out, {"config": as_json(whole), "counts": facts})
    shutil.rmtree(out / "checkpoints", ignore_errors=True)


def _save_adapted(trained: PeftModel, loaded: Checkpoint, out: Path, config: TrainingConfig, source: str) -> None:
    """Save a model with LoRA adapters: merged, the adapters alone, or both."""
    here = Path(source).is_dir()
    trained.peft_config["default"].base_model_name_or_path = str(Path(source).resolve()) if here else source
    if config.save != "merged":
        folder = out if config.save == "adapter" else out / "adapter"
        trained.save_pretrained(str(folder))
        (folder / "README.md").unlink(missing_ok=True)  # peft's empty form; ours is written in its place
    if config.save == "both":
        loaded.tokenizer.save_pretrained(str(out / "adapter"))
    if config.save != "adapter":
        _merged(trained, loaded, out, config).save_pretrained(str(out))


def _merged(trained: PeftModel, loaded: Checkpoint, out: Path, config: TrainingConfig) -> PreTrainedModel:
    """Return the model with its adapters merged: into the weights as they were, where training held them in 4 bits."""
    if config.quantize == "none":
        return trained.merge_and_unload()
    adapter = out / "checkpoints" / "adapter"
    trained.save_pretrained(str(adapter))
    loaded.tokenizer.save_pretrained(str(adapter))
    return load_checkpoint(str(adapter), half=True).model


def arguments(out: Path, config: TrainingConfig, budget: Budget, bf16: bool) -> dict[str, object]:
    """Return the arguments that every TRL trainer gets."""
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
        **({"optim": "adamw_8bit"} if config.optimizer == "adamw-8bit" else {}),
        "adam_beta2": config.adam_beta2,
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_grad_norm,
        "logging_steps": config.log_every,
        "save_strategy": "no",  # the callback saves by the clock
        "save_total_limit": 1,
        "ddp_find_unused_parameters": False,  # every weight of a language model is used in every step
        "report_to": [config.track] if config.track in WITH_TABLES else [],
        "run_name": str(out),
        "disable_tqdm": True,
        **device_arguments(bf16, config.checkpointing),
    }


def device_arguments(bf16: bool, checkpointing: bool) -> dict[str, bool]:
    """Return the arguments of a TRL trainer that follow from the device: checkpointing pays on a GPU only."""
    gpu = has_gpu()
    return {"use_cpu": not gpu, "bf16": bf16, "gradient_checkpointing": gpu and checkpointing}


def as_json(config: Mapping[str, object]) -> dict[str, object]:
    """Return a config as it reads back from JSON."""
    found: dict[str, object] = json.loads(json.dumps(config, default=str))
    return found
