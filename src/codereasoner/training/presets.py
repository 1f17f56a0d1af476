"""Settings that belong together: the paper's, those of the embedded model, and how they become words of a command."""

from __future__ import annotations

from dataclasses import asdict, fields

from codereasoner.training.training_config import GrpoConfig, RftConfig, SftConfig

SFT: dict[str, SftConfig] = {
    "paper": SftConfig(),
    "scratch": SftConfig(
        tokens=2_600_000,
        batch=16,
        accumulate=1,
        learning_rate=2e-3,
        optimizer="muon",
        max_length=1024,
        log_every=25,
        save_seconds=15.0,
    ),
}
"""paper: arXiv:2507.17548, section 4. scratch: a model of 0.3 to 1 million parameters, from nothing, in minutes."""

GRPO: dict[str, GrpoConfig] = {
    "paper": GrpoConfig(
        num_generations=8,
        batch=8,
        accumulate=64,
        updates_per_generation=2,
        epochs=2.0,
        learning_rate=1e-6,
        max_tokens=4096,
        temperature=1.0,
        loss="grpo",
        scale_rewards="group",
        beta=0.0,
        epsilon=0.2,
        epsilon_high=0.2,
        mask_truncated=False,
        select=0,
    ),
    "default": GrpoConfig(),
    "scratch": GrpoConfig(
        tokens=1_200_000,
        batch=64,
        accumulate=2,
        learning_rate=6e-4,
        optimizer="muon",
        max_tokens=56,
        select=0,
        save_seconds=15.0,
    ),
}
"""paper: all-or-nothing reward, no KL term; 128 prompts of 8 completions are sampled together and learnt from in two
updates of 64 prompts each. default: current practice. scratch: for the model that SFT's scratch settings made."""


RFT: dict[str, RftConfig] = {"scratch": RftConfig(**asdict(SFT["scratch"]) | {"max_tokens": 120})}
"""scratch: the control of GRPO's scratch settings; its learning rate is that of SFT."""

SCRATCH: dict[str, SftConfig | GrpoConfig] = {"sft": SFT["scratch"], "grpo": GRPO["scratch"], "rft": RFT["scratch"]}
"""The settings of the embedded model, by command."""


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
