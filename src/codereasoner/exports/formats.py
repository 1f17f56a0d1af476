"""Our training rows in the formats of other trainers, and the label that carries a question through a trainer.

trl           prompt and completion as messages; prompt and question for GRPO, as our own trainers read them
messages      the whole conversation in one column, as most trainers and chat templates take it
verl          messages for SFT; prompt, data_source, ability, reward_model and extra_info for PPO and GRPO
llamafactory  messages, to be named in its dataset_info.json
openrlhf      input and output for SFT; input and label for PPO and GRPO
nemo-gym      messages for SFT; responses_create_params and verifier_metadata for GRPO
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from codereasoner.errors import DataError
from codereasoner.jsonl_files import object_of

if TYPE_CHECKING:
    from codereasoner.styles import Style
    from codereasoner.task import Question
    from codereasoner.training.training_rows import SftRow

Make: TypeAlias = "Callable[[SftRow, int], dict[str, object]]"
"""Makes another trainer's row from one of ours (without a completion for RL) and its position in the file."""


@dataclass(frozen=True)
class Format:
    """The rows of one trainer; `rl` is None where it has no such training."""

    suffix: str
    sft: Make
    rl: Make | None


def write_label(question: str, style: str) -> str:
    """Return all that grading needs as one text: the question, which is JSON already, and the name of its style."""
    return json.dumps({"style": style, "question": json.loads(question)}, ensure_ascii=True, separators=(",", ":"))


def read_label(label: str) -> tuple[Question, Style]:
    """Return the question and the style of a label.

    Raises:
        DataError: the text was not written by `write_label`. UnknownName: there is no such style.
    """
    from codereasoner import extend
    from codereasoner.styles import find_style
    from codereasoner.task import Question

    try:
        found = object_of("a label", label if isinstance(label, str) else "")
    except DataError:
        found = {}
    question, style = found.get("question"), found.get("style")
    if not isinstance(question, dict) or not isinstance(style, str):
        raise DataError(f"this is not a label that `codereasoner export` wrote: {str(label)[:80]!r}")
    return extend.checked(Question.from_json(question)), find_style(style)


def _conversation(row: SftRow, position: int) -> dict[str, object]:
    return {"id": row["id"], "messages": [*row["prompt"], *row["completion"]]}


def _trl_sft(row: SftRow, position: int) -> dict[str, object]:
    return {"id": row["id"], "prompt": row["prompt"], "completion": row["completion"]}


def _trl_rl(row: SftRow, position: int) -> dict[str, object]:
    return {"id": row["id"], "prompt": row["prompt"], "question": row["question"], "style": row["style"]}


def _verl_rl(row: SftRow, position: int) -> dict[str, object]:
    return {
        "id": row["id"],
        "data_source": "codereasoner",
        "prompt": row["prompt"],
        "ability": "code reasoning",
        "reward_model": {"style": "rule", "ground_truth": write_label(row["question"], row["style"])},
        "extra_info": {"index": position, "id": row["id"]},
    }


def _openrlhf_sft(row: SftRow, position: int) -> dict[str, object]:
    return {"id": row["id"], "input": row["prompt"], "output": row["completion"]}


def _openrlhf_rl(row: SftRow, position: int) -> dict[str, object]:
    label = write_label(row["question"], row["style"])
    return {"id": row["id"], "input": row["prompt"], "label": label, "datasource": "codereasoner"}


def _nemo_gym_rl(row: SftRow, position: int) -> dict[str, object]:
    label = write_label(row["question"], row["style"])
    asked = {"input": row["prompt"]}
    return {"id": row["id"], "responses_create_params": asked, "verifier_metadata": {"label": label}}


FORMATS = {
    "trl": Format(".parquet", _trl_sft, _trl_rl),
    "messages": Format(".parquet", _conversation, None),
    "verl": Format(".parquet", _conversation, _verl_rl),
    "llamafactory": Format(".jsonl", _conversation, None),
    "openrlhf": Format(".jsonl", _openrlhf_sft, _openrlhf_rl),
    "nemo-gym": Format(".jsonl", _conversation, _nemo_gym_rl),
}
