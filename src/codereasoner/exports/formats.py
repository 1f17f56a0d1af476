"""The formats of other trainers: what one of our rows becomes in each, for instruction tuning and for reinforcement.

trl           prompt and completion as messages; prompt and question for GRPO, as our own trainers read them
messages      the whole conversation in one column, as most trainers and chat templates take it
verl          messages for SFT; prompt, data_source, ability, reward_model and extra_info for PPO and GRPO
llamafactory  messages, to be named in its dataset_info.json
openrlhf      input and output for SFT; input and label for PPO and GRPO
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from codereasoner.exports.labels import write_label

Row: TypeAlias = Mapping[str, Any]
Make: TypeAlias = Callable[[Row, int], dict[str, Any]]  # a row of ours and its place in the file


@dataclass(frozen=True)
class Format:
    """How rows are written for one trainer; None: it has no such training."""

    suffix: str
    sft: Make
    rl: Make | None


def _conversation(row: Row, place: int) -> dict[str, Any]:
    return {"id": row["id"], "messages": [*row["prompt"], *row["completion"]]}


def _trl_sft(row: Row, place: int) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "prompt", "completion")}


def _trl_rl(row: Row, place: int) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "prompt", "question", "style")}


def _verl_rl(row: Row, place: int) -> dict[str, Any]:
    return {
        "id": row["id"],
        "data_source": "codereasoner",
        "prompt": row["prompt"],
        "ability": "code reasoning",
        "reward_model": {"style": "rule", "ground_truth": write_label(row["question"], row["style"])},
        "extra_info": {"index": place, "id": row["id"]},
    }


def _openrlhf_sft(row: Row, place: int) -> dict[str, Any]:
    return {"id": row["id"], "input": row["prompt"], "output": row["completion"]}


def _openrlhf_rl(row: Row, place: int) -> dict[str, Any]:
    label = write_label(row["question"], row["style"])
    return {"id": row["id"], "input": row["prompt"], "label": label, "datasource": "codereasoner"}


FORMATS = {
    "trl": Format(".parquet", _trl_sft, _trl_rl),
    "messages": Format(".parquet", _conversation, None),
    "verl": Format(".parquet", _conversation, _verl_rl),
    "llamafactory": Format(".jsonl", _conversation, None),
    "openrlhf": Format(".jsonl", _openrlhf_sft, _openrlhf_rl),
}
