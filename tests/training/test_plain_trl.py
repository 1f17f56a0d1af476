"""Our reward in somebody's own training script: plain TRL, no other part of ours."""

from __future__ import annotations

import asyncio
import json
import pickle
import queue
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.libraries import library

import codereasoner as cr
from codereasoner.ledger import write_records

library("trl")


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of TRL's own defaults, by this version of transformers
def test_two_steps_of_plain_trl_with_our_reward(base: Path, grpo_rows: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer

    write_records(
        tmp_path / "grpo.parquet", [json.loads(line) for line in grpo_rows.read_text().split("\n") if line], {}
    )
    trainer = GRPOTrainer(
        AutoModelForCausalLM.from_pretrained(base),
        reward_funcs=cr.reward(),
        train_dataset=cr.dataset(tmp_path / "grpo.parquet"),
        processing_class=AutoTokenizer.from_pretrained(base),
        args=GRPOConfig(
            output_dir=str(tmp_path / "out"),
            max_steps=2,
            per_device_train_batch_size=4,
            num_generations=2,
            max_completion_length=8,
            use_cpu=True,
            bf16=False,
            report_to=[],
            logging_steps=1,
        ),
    )
    trainer.train()
    [first, second, *_] = [row for row in trainer.state.log_history if "rewards/codereasoner_reward/mean" in row]
    assert all(0.0 <= row["rewards/codereasoner_reward/mean"] <= 1.0 for row in (first, second))


class Offline:
    """The worker that generates, and the transfer of weights to it, without a server."""

    def __init__(self) -> None:
        self.rollout_buffer: queue.Queue[object] = queue.Queue()
        self.metrics_queue: queue.Queue[object] = queue.Queue()


@pytest.mark.filterwarnings("ignore")  # the trainer is experimental, which it says
def test_trls_asynchronous_trainer_takes_our_rows_and_its_worker_our_reward(
    base: Path, grpo_rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to what needs vLLM on a GPU: the trainer is made, and a group of completions is graded as its process does."""
    asynchronous = pytest.importorskip("trl.experimental.async_grpo")
    from trl.experimental.async_grpo.async_rollout_worker import RolloutGroup, _AsyncRolloutLoop

    of_gpu = "trl.experimental.async_grpo.async_grpo_trainer.get_peak_flops_per_device"
    monkeypatch.setattr(of_gpu, lambda *about: None)
    rows = cr.dataset(grpo_rows)
    args = asynchronous.AsyncGRPOConfig(
        str(tmp_path / "out"), max_completion_length=8, use_cpu=True, bf16=False, report_to=[]
    )
    trainer = asynchronous.AsyncGRPOTrainer(
        str(base), cr.reward(), args, rows, rollout_worker=Offline(), weight_transfer=Offline()
    )
    assert trainer.rollout_queue is trainer.rollout_worker.rollout_buffer
    worker = _AsyncRolloutLoop.__new__(_AsyncRolloutLoop)
    worker.reward_funcs = pickle.loads(pickle.dumps([cr.reward()]))
    worker.reward_func_names, worker._env_reward_types, worker._provides_rollout_reward = ["grade"], [], False
    texts = ["=7", "=8", "=7", "7"]
    sequence = SimpleNamespace(input_ids=[1], completion_mask=[1], old_log_probs=[0.0])
    group = RolloutGroup(
        prompts=[rows[0]["prompt"]] * 4,
        reward_kwargs={name: [rows[0][name]] * 4 for name in ("question", "style")},
        completions=[[{"role": "assistant", "content": text}] for text in texts],
        completions_ids=[[1]] * 4,
        completions_sequences=[[sequence]] * 4,
        tool_call_counts=[0] * 4,
        tool_failure_counts=[0] * 4,
        model_version=0,
        group_id=0,
        env_rewards=[None] * 4,
        rollout_rewards=[None] * 4,
    )
    samples = asyncio.run(worker._score_group(group))
    assert [each.metrics["reward"] for each in samples] == [1.0, 0.0, 1.0, 0.0]
    assert [each.advantage > 0 for each in samples] == [True, False, True, False]
