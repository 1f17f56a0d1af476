"""Settings that belong together: of preset files, of pretrained weights, and how they become words of a command."""

from dataclasses import asdict, fields
from functools import cache
from typing import TypeVar

from codereasoner import configs
from codereasoner.training.training_config import GrpoConfig, RftConfig, SftConfig, TrainingConfig

Config = TypeVar("Config", bound=TrainingConfig)


def preset(name: str, config: type[Config]) -> Config:
    """Return the options of a preset that the package brings, such as sft-paper or grpo-scratch."""
    values = configs.options_of(configs.path_of(name))
    return config(**{key.replace("-", "_"): value for key, value in values.items()})


@cache
def scratch() -> dict[str, SftConfig | GrpoConfig]:
    """Return the settings of the embedded model by command: 0.3 to 1 million parameters, from nothing, in minutes.

    rft is the control of grpo: it learns at the rate of SFT.
    """
    sft = preset("sft-scratch", SftConfig)
    return {
        "sft": sft,
        "grpo": preset("grpo-scratch", GrpoConfig),
        "rft": RftConfig(**asdict(sft) | {"max_tokens": 120}),
    }


PRETRAINED: dict[str, SftConfig | GrpoConfig] = {
    "sft": SftConfig(batch=8, accumulate=2, learning_rate=2e-4, max_length=1024, save_seconds=120.0),
    "grpo": GrpoConfig(batch=8, accumulate=4, learning_rate=1e-5, max_tokens=256, select=0, save_seconds=120.0),
    "rft": RftConfig(batch=8, accumulate=2, learning_rate=2e-5, max_length=1024, max_tokens=256, save_seconds=120.0),
}
"""The options that experiments with pretrained weights begin with, by command: for models of 0.1 to 2 billion
parameters, whose right answers GRPO and RFT must not unlearn, so their learning rates are a tenth of SFT's and less."""


def flags(config: SftConfig | GrpoConfig, **changes: object) -> list[str]:
    """Return the config as the words of its command: ["--batch", "16", ...]; `changes` replace single values."""
    words: list[str] = []
    for each in fields(config):
        value = changes.get(each.name, getattr(config, each.name))
        name = each.name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        elif value is not None:
            words += [f"--{name}", str(value)]
    return words
