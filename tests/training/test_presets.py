"""Presets are data that the real config classes take."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from codereasoner.training import grpo, sft
from codereasoner.training.grpo import GrpoConfig
from codereasoner.training.presets import GRPO, SFT, flags
from codereasoner.training.settings import quiet
from codereasoner.training.sft import SftConfig
from codereasoner.training.watch import Clock

CONFIGS = Path(__file__).parents[2] / "configs"
KINDS: dict[str, Any] = {"sft": SftConfig, "grpo": GrpoConfig}


def loaded(path: Path) -> Any:
    kind = KINDS[path.name.partition("-")[0]]
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    return kind(**{name.replace("-", "_"): value for name, value in values.items()})


@pytest.mark.parametrize(
    "path", sorted([*CONFIGS.glob("sft-*.yaml"), *CONFIGS.glob("grpo-*.yaml")]), ids=lambda p: p.stem
)
def test_every_preset_file_holds_options_of_their_declared_types(path: Path) -> None:
    config = loaded(path)
    for each in fields(config):
        value, default = getattr(config, each.name), each.default
        assert default is None or type(value) is type(default), each.name


@pytest.mark.parametrize(
    "path", sorted([*CONFIGS.glob("sft-*.yaml"), *CONFIGS.glob("grpo-*.yaml")]), ids=lambda p: p.stem
)
def test_trl_takes_every_preset_file(path: Path, tmp_path: Path) -> None:
    config = loaded(path)
    kind = sft if isinstance(config, SftConfig) else grpo
    with quiet():
        made = kind.trl_config(config, tmp_path, Clock(config.seconds))
    assert made.learning_rate == config.learning_rate
    assert made.per_device_train_batch_size == config.batch
    assert made.gradient_accumulation_steps == config.accumulate
    if isinstance(config, GrpoConfig):
        assert made.vllm_mode == ("server" if config.vllm == "server" else "colocate")
        assert made.num_generations == config.rollouts


def test_the_files_of_the_paper_and_the_embedded_model_are_the_presets() -> None:
    assert loaded(CONFIGS / "sft-paper.yaml") == SFT["paper"]
    assert loaded(CONFIGS / "sft-scratch.yaml") == SFT["scratch"]
    assert loaded(CONFIGS / "grpo-paper.yaml") == GRPO["paper"]
    assert loaded(CONFIGS / "grpo-scratch.yaml") == GRPO["scratch"]


def test_the_paper_samples_128_prompts_of_8_rollouts_and_learns_from_64_at_a_time() -> None:
    paper = GRPO["paper"]
    assert paper.batch * paper.accumulate == 64 * paper.rollouts
    assert paper.batch * paper.accumulate * paper.reuse == 128 * paper.rollouts
    assert (paper.beta, paper.temperature, paper.max_tokens) == (0.0, 1.0, 4096)


def test_every_option_has_a_sentence_of_help() -> None:
    for kind in KINDS.values():
        for each in fields(kind):
            assert each.metadata["help"].endswith("."), each.name


def test_a_config_becomes_the_words_of_its_command() -> None:
    words = flags(GrpoConfig(mask_truncated=False), seconds=3.0)
    assert words[words.index("--learning-rate") + 1] == "1e-06"
    assert words[words.index("--seconds") + 1] == "3.0"
    assert "--no-mask-truncated" in words
    assert "--threads" not in words
