"""Presets are data that the real config classes take."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from codereasoner import configs
from codereasoner.cli.train import sft_command
from codereasoner.models import device
from codereasoner.training import grpo, settings, sft, training_run
from codereasoner.training.budget import budget_of
from codereasoner.training.grpo import share_left, vllm_arguments
from codereasoner.training.memory import Memory
from codereasoner.training.presets import flags, preset
from codereasoner.training.settings import quiet
from codereasoner.training.training_config import GrpoConfig, SftConfig

CONFIGS = configs.FOLDER
OTHERS = ("accelerate/", "curriculum/", "experiments/")
LARGE = Memory(weights=16e9, gradients=8e9, optimizer=16e9, activations=30e9)
KINDS: dict[str, Any] = {"sft": SftConfig, "grpo": GrpoConfig}


def command_of(path: Path) -> str:
    """What the first line of a preset starts with it."""
    first = path.read_text(encoding="utf-8").splitlines()[1]
    return first.partition(f" --preset {path.stem}")[0].rpartition("codereasoner ")[2].split()[0]


PRESETS = sorted(path for path in CONFIGS.glob("*.yaml") if command_of(path) in KINDS)


def loaded(path: Path) -> Any:
    return preset(path.stem, KINDS[command_of(path)])


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_file_holds_options_of_their_declared_types(path: Path) -> None:
    config = loaded(path)
    for each in fields(config):
        value, default = getattr(config, each.name), each.default
        assert default is None or type(value) is type(default), each.name


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_trl_takes_every_preset_file(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    config = loaded(path)
    kind = sft if isinstance(config, SftConfig) else grpo
    more = {} if isinstance(config, SftConfig) else {"vllm": vllm_arguments(config, 4096, LARGE, 80e9)}
    with quiet():
        made = kind.trl_config(config, tmp_path, budget_of(config), bf16=False, **more)
    assert made.learning_rate == config.learning_rate
    assert made.per_device_train_batch_size == config.batch
    assert made.gradient_accumulation_steps == config.accumulate
    assert isinstance(config, GrpoConfig) or made.torch_compile == config.compile
    if isinstance(config, GrpoConfig):
        assert made.vllm_mode == ("server" if config.vllm == "server" else "colocate")
        assert made.num_generations == config.num_generations
        assert made.importance_sampling_level == config.importance_sampling_level
        colocated = config.vllm == "colocate"
        assert made.vllm_max_model_length == (4096 if colocated else None)
        assert made.vllm_gpu_memory_utilization == (config.vllm_memory or 0.47 if colocated else 0.3)


def test_vllm_gets_the_context_that_is_needed_and_the_memory_that_is_left() -> None:
    config = GrpoConfig(vllm="colocate", vllm_tensor_parallel=2)
    found = vllm_arguments(config, 1536, LARGE, 80e9)
    assert found["vllm_max_model_length"] == 1536
    assert found["vllm_tensor_parallel_size"] == 2
    assert found["vllm_enable_sleep_mode"]
    assert share_left(LARGE, 80e9, sleeps=True) == found["vllm_gpu_memory_utilization"] == 0.47
    assert share_left(LARGE, 80e9, sleeps=False) == 0.12
    assert share_left(LARGE, 40e9, sleeps=True) == 0.1
    assert (
        vllm_arguments(GrpoConfig(vllm="colocate", vllm_memory=0.7), 9, LARGE, 80e9)["vllm_gpu_memory_utilization"]
        == 0.7
    )
    assert "vllm_gpu_memory_utilization" not in vllm_arguments(config, 1536)
    assert "vllm_max_model_length" not in vllm_arguments(GrpoConfig(), 1536)


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_on_a_gpu_operations_are_bf16_and_large_models_keep_few_activations(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trl")
    config = loaded(path)
    monkeypatch.setattr(training_run, "has_gpu", lambda: True)
    made = training_run.device_arguments(True, config.checkpointing)
    assert (made["bf16"], made["use_cpu"]) == (True, False)
    assert made["gradient_checkpointing"] is not path.stem.startswith("gpu")


@pytest.mark.parametrize("name", [each for each in configs.everything() if not each.startswith(OTHERS)])
def test_the_first_line_of_a_preset_says_when_it_was_last_run(name: str) -> None:
    first = configs.path_of(name).read_text(encoding="utf-8").splitlines()[0]
    assert re.match(r"# Last run: (never\b|20\d\d-\d\d(-\d\d)?, )", first)
    assert "Last run" not in configs.about(name)


def test_a_preset_takes_over_the_options_of_the_one_that_it_extends() -> None:
    small, large = loaded(CONFIGS / "grpo-24gb.yaml"), loaded(CONFIGS / "grpo-80gb.yaml")
    assert (
        (small.vllm, small.epsilon_high, small.dynamic_sampling)
        == ("colocate", 0.28, 2)
        == (
            large.vllm,
            large.epsilon_high,
            large.dynamic_sampling,
        )
    )
    assert (small.batch, small.lora) == (2, 32) != (large.batch, large.lora)


@pytest.mark.parametrize("length", ["max-steps: 3", "epochs: 1.0", "seconds: 60"])
def test_the_length_in_a_file_replaces_that_of_the_preset_which_it_extends(length: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"extends: sft-scratch\n{length}\n")
    found = configs.options_of(tmp_path / "mine.yaml")
    assert "tokens" not in found
    assert found.items() >= {"optimizer": "muon", length.split(":")[0]: float(length.split()[1])}.items()


@pytest.mark.parametrize("order", [("--preset", "--config"), ("--config", "--preset")])
def test_the_length_in_a_config_file_replaces_that_of_a_preset_beside_it(
    order: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text("max-steps: 3\n")
    given = {"--preset": "sft-scratch", "--config": str(tmp_path / "mine.yaml")}
    words = [word for option in order for word in (option, given[option])]
    context = sft_command.make_context("sft", ["rows", "--model", "m", "--out", "o", *words])
    assert (context.params["max_steps"], context.params["tokens"]) == (3, None)
    assert context.params["optimizer"] == "muon"


def test_on_a_gpu_weights_that_are_trained_are_fp32_and_frozen_ones_bf16(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "has_gpu", lambda: True)
    assert str(settings.load(str(base))[0].dtype) == "torch.float32"
    assert str(settings.load(str(base), frozen=True)[0].dtype) == "torch.bfloat16"


def test_the_paper_samples_128_prompts_of_8_completions_and_learns_from_64_at_a_time() -> None:
    paper = preset("grpo-paper", GrpoConfig)
    assert paper.batch * paper.accumulate == 64 * paper.num_generations
    assert paper.batch * paper.accumulate * paper.updates_per_generation == 128 * paper.num_generations
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


def test_the_preset_of_prime_rl_names_the_options_of_our_taskset() -> None:
    """prime-rl itself is in no package index: its keys are those of its own examples, the taskset's are ours."""
    import tomllib

    found = tomllib.loads(configs.path_of("prime-rl/rl-7b").read_text(encoding="utf-8"))
    assert set(found) == {"max_steps", "seq_len", "deployment", "model", "orchestrator", "trainer", "ckpt", "inference"}
    [env] = found["orchestrator"]["train"]["env"]
    source = Path(str(configs.FOLDER.parent / "exports" / "verifiers.py")).read_text(encoding="utf-8")
    options = set(
        re.findall(r"^    (\w+): ", source.partition("class QuestionsConfig")[2].partition("class ")[0], re.M)
    )
    assert env["taskset"].pop("id") == "codereasoner-verifiers"
    assert set(env["taskset"]) <= options
