"""Runs inside verl's own environment: what its classes make of our files and our reward, as one JSON object.

python with_verl.py FOLDER CONFIGS    FOLDER has sft.parquet, grpo.parquet and a model with its tokenizer
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import ray
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from transformers import AutoTokenizer
from verl import DataProto
from verl.experimental.reward_loop.reward_loop import migrate_legacy_reward_impl
from verl.trainer.ppo.core_algos import compute_grpo_outcome_advantage
from verl.trainer.ppo.reward import get_custom_reward_fn, load_reward_manager
from verl.utils.config import omega_conf_to_dataclass, validate_config
from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn
from verl.workers.reward_manager import BatchRewardManager, NaiveRewardManager

from codereasoner import extend
from codereasoner.exports.formats import read_label

LENGTH = 256


def main(folder: Path, configs: Path) -> dict[str, Any]:
    """Everything that can be verified without a GPU."""
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    config = composed(folder, configs)
    dataset = RLHFDataset(str(folder / "grpo.parquet"), tokenizer, config.data)
    rows = [dataset[index] for index in range(len(dataset))]
    batch = answered(collate_fn([row for row in rows for _ in range(2)]), tokenizer)
    found = {
        "prompts": [row["raw_prompt"] for row in rows],
        "right": [read_label(row["reward_model"]["ground_truth"])[0].gold[0] for row in rows],
        "new_manager": asyncio.run(scored_by_the_loop(config, tokenizer, batch)),
        "naive_manager": scored(NaiveRewardManager(tokenizer, 0, reward_fn(config, "compute_score")), batch),
        "batch_manager": scored(BatchRewardManager(tokenizer, 0, reward_fn(config, "compute_scores")), batch),
        "in_ray_workers": scored_in_ray(config, batch, tokenizer),
        "sft": learned(folder, tokenizer),
    }
    scores = torch.tensor(found["naive_manager"])
    mask = torch.ones(len(scores), 1)
    groups = batch.non_tensor_batch["extra_info"]
    advantages, _ = compute_grpo_outcome_advantage(scores[:, None], mask, [each["index"] for each in groups])
    dapo = composed(folder, configs, "dapo-7b")
    filtered = {
        "metric": dapo.algorithm.filter_groups.metric,
        "upper clip": dapo.actor_rollout_ref.actor.clip_ratio_high,
    }
    return found | {"dapo": filtered} | {"advantages": advantages[:, 0].tolist()}


def composed(folder: Path, configs: Path, name: str = "grpo-7b") -> Any:
    """The preset as verl's own launcher sees it, validated by verl; the model alone is a small one on this machine."""
    words = [f"actor_rollout_ref.model.path={folder / 'model'}", "trainer.nnodes=2"]
    with initialize_config_dir(config_dir=str(configs), version_base=None):
        config = migrate_legacy_reward_impl(compose(config_name=name, overrides=words))
    validate_config(config, use_reference_policy=False, use_critic=False)
    for part in ("actor_rollout_ref.rollout", "actor_rollout_ref.model", "algorithm"):
        omega_conf_to_dataclass(OmegaConf.select(config, part))
    return config


def reward_fn(config: Any, name: str) -> Any:
    """The function that verl finds by the preset's path."""
    config = OmegaConf.merge(config, {"reward": {"custom_reward_function": {"name": name}}})
    return get_custom_reward_fn(config)


def answered(batch: dict[str, Any], tokenizer: Any) -> DataProto:
    """Two completions for each prompt, as a rollout would give them: the right one, and one without an answer."""
    texts = []
    for place, model in enumerate(batch["reward_model"]):
        question, style = read_label(model["ground_truth"])
        right = extend.task(question.task).render(question, style, "Step by step.")
        texts.append("I do not know." if place % 2 else right)
    tokenizer.padding_side = "right"
    responses = tokenizer(
        [text + tokenizer.eos_token for text in texts],
        padding="max_length",
        max_length=LENGTH,
        add_special_tokens=False,
        return_tensors="pt",
    )
    prompts = torch.full((len(texts), 4), tokenizer.pad_token_id)
    mask = torch.cat([torch.ones_like(prompts), responses["attention_mask"]], dim=1)
    tensors = {"prompts": prompts, "responses": responses["input_ids"], "attention_mask": mask}
    others = {name: value for name, value in batch.items() if not isinstance(value, torch.Tensor)}
    return DataProto.from_dict(tensors=tensors, non_tensors=others)


def scored(manager: Any, batch: DataProto) -> list[float]:
    """The sums over tokens of the reward tensor."""
    return [float(each) for each in manager(batch).sum(dim=1)]


async def scored_by_the_loop(config: Any, tokenizer: Any, batch: DataProto) -> list[dict[str, Any]]:
    """What the reward manager of verl's reward loop makes of each completion, asked for all at once."""
    manager = load_reward_manager(config, tokenizer)
    manager.loop = asyncio.get_running_loop()
    found = await asyncio.gather(*(manager.run_single(batch[place : place + 1]) for place in range(len(batch))))
    return [{"score": each["reward_score"], **each["reward_extra_info"]} for each in found]


def scored_in_ray(config: Any, batch: DataProto, tokenizer: Any) -> list[list[float]]:
    """The same completions in two Ray workers, each of which makes its own pool."""

    def work(sources: list[str], texts: list[str], truths: list[str]) -> list[float]:
        score = reward_fn(config, "compute_score")
        return [
            score(data_source=source, solution_str=text, ground_truth=truth, extra_info={})["score"]
            for source, text, truth in zip(sources, texts, truths, strict=True)
        ]

    remote = ray.remote(num_cpus=1)(work)
    texts = tokenizer.batch_decode(batch.batch["responses"], skip_special_tokens=True)
    truths = [each["ground_truth"] for each in batch.non_tensor_batch["reward_model"]]
    sources = list(batch.non_tensor_batch["data_source"])
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", object_store_memory=100_000_000)
    found: list[list[float]] = ray.get([remote.remote(sources, texts, truths) for _ in range(2)])
    ray.shutdown()
    return found


def learned(folder: Path, tokenizer: Any) -> list[str]:
    """The text of each SFT row that verl computes a loss on."""
    config = OmegaConf.create({"max_length": 2048, "pad_mode": "right", "ignore_input_ids_mismatch": True})
    dataset = MultiTurnSFTDataset(str(folder / "sft.parquet"), tokenizer, config)
    rows = [dataset[index] for index in range(len(dataset))]
    return [tokenizer.decode(row["input_ids"][row["loss_mask"].bool()]) for row in rows]


if __name__ == "__main__":
    result = main(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n" + json.dumps(result, default=str))
