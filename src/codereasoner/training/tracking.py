"""Experiment trackers: TensorBoard, trackio and Weights & Biases, through the trainer's own integrations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codereasoner.errors import import_extra
from codereasoner.training.training_config import TrainingConfig

if TYPE_CHECKING:
    from transformers import Trainer

WITH_TABLES = ("trackio", "wandb")
"""The trackers to which TRL also sends a table of completions."""


def tracker_arguments(config: TrainingConfig, out: Path) -> dict[str, object]:
    """Return the arguments of a TRL trainer that name its tracker; the run is named by its folder."""
    return {"report_to": [config.track] if config.track in WITH_TABLES else [], "run_name": str(out)}


def add_tensorboard(trainer: Trainer, config: TrainingConfig, out: Path) -> None:
    """Write TensorBoard's events to OUT/tensorboard, next to the checkpoint, where that tracker is asked for."""
    if config.track == "tensorboard" and trainer.is_world_process_zero():
        transformers = import_extra("transformers", "train")
        import_extra("torch.utils.tensorboard", "train")
        writer = import_extra("torch", "train").utils.tensorboard.SummaryWriter(log_dir=str(out / "tensorboard"))
        trainer.add_callback(transformers.integrations.TensorBoardCallback(writer))
