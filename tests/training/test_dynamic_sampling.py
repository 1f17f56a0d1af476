"""Groups without a difference are replaced by groups of other prompts, and what that took is counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codereasoner.training.dynamic_sampling import flat_groups, rows_of_both
from codereasoner.training.grpo import grpo
from codereasoner.training.training_config import GrpoConfig

FAST = GrpoConfig(max_steps=3, batch=16, accumulate=1, max_tokens=8, select=0, threads=1, num_generations=2)


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def write_reward(folder: Path, body: str) -> str:
    path = folder / "mine.py"
    path.write_text(f"def mine(grade, completion, tokens):\n    {body}\n")
    return f"{path}:mine"


@pytest.mark.parametrize("config", [FAST, replace(FAST, advantage="bi-level")], ids=["group", "bi-level"])
def test_groups_without_a_difference_are_replaced_and_counted(
    started: Path, grpo_rows: Path, tmp_path: Path, config: GrpoConfig
) -> None:
    plain = history(grpo(grpo_rows, started, tmp_path / "plain", config, None))
    found = history(grpo(grpo_rows, started, tmp_path / "dynamic", replace(config, dynamic_sampling=3), None))
    assert sum(row["zero_variance"] for row in plain) > 0
    first, other = found[0], plain[0]
    assert {name: first[name] for name in ("reward", "zero_variance")} == {
        name: other[name] for name in ("reward", "zero_variance")
    }
    assert sum(row["replaced_groups"] for row in found) > 0
    assert "replaced_groups" not in other
    thrown = sum(row["thrown_tokens"] for row in found)
    tokens, operations = found[-1]["tokens"], found[-1]["operations"]
    parameters = plain[-1]["operations"] / (8 * plain[-1]["tokens"])  # 2 to write and 6 to learn
    assert operations == pytest.approx(parameters * (8 * (tokens - thrown) + 2 * thrown))
    assert tokens - thrown < tokens


def test_what_no_prompt_can_teach_is_given_up_after_the_last_round(
    started: Path, grpo_rows: Path, tmp_path: Path
) -> None:
    equal = replace(FAST, max_steps=1, dynamic_sampling=2, reward=write_reward(tmp_path, "return 1.0"))
    [row] = history(grpo(grpo_rows, started, tmp_path / "grpo", equal, None))
    assert row["replaced_groups"] == 0
    assert row["zero_variance"] == 1
    once = history(grpo(grpo_rows, started, tmp_path / "once", replace(equal, dynamic_sampling=0), None))[0]
    assert row["thrown_tokens"] == row["tokens"] - once["tokens"]


@pytest.mark.parametrize(
    ("advantages", "flat"), [([0.0, 0.0, 0.5, -0.5], [0]), ([1e-8] * 4, [0, 1]), ([0.1, -0.1] * 2, [])]
)
def test_a_group_is_flat_where_no_completion_is_better(advantages: Sequence[float], flat: list[int]) -> None:
    assert flat_groups(advantages, 2) == flat


def test_rows_of_two_batches_keep_their_sides_of_padding() -> None:
    torch = pytest.importorskip("torch")

    def batch(start: int, prompt: int, completion: int) -> dict[str, Any]:
        ids = torch.arange(start, start + 2 * prompt).view(2, prompt)
        made = torch.arange(start, start + 2 * completion).view(2, completion)
        masks = {"prompt_mask": torch.ones_like(ids), "completion_mask": torch.ones_like(made)}
        return masks | {
            "prompt_ids": ids,
            "completion_ids": made,
            "advantages": torch.tensor([1.0, -1.0]) * start,
            "n": 7,
        }

    both = rows_of_both(batch(10, 2, 3), batch(50, 3, 1), [0, 3], pad=9)
    assert both["prompt_ids"].tolist() == [[9, 10, 11], [53, 54, 55]]
    assert both["prompt_mask"].tolist() == [[0, 1, 1], [1, 1, 1]]
    assert both["completion_ids"].tolist() == [[10, 11, 12], [51, 9, 9]]
    assert both["completion_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert both["advantages"].tolist() == [10.0, -50.0]
    assert both["n"] == 7
