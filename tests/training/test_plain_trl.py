"""Our reward in somebody's own training script: plain TRL, no other part of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import codereasoner as cr
from codereasoner.ledger import write_records

pytest.importorskip("trl")


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
