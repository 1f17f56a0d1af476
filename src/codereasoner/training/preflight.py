"""Refuse what a training could not do here, before any work."""

from importlib.util import find_spec
from pathlib import Path

from codereasoner.errors import ConfigError
from codereasoner.models.device import has_gpu
from codereasoner.training.settings import template_arguments
from codereasoner.training.training_config import TrainingConfig


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
