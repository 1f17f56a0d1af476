"""Runs inside an environment with OpenRLHF: what it makes of our files and our reward, as one JSON object.

python with_openrlhf.py FOLDER REWARD    FOLDER has sft.jsonl, grpo.jsonl and a model; REWARD is the reward file
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from datasets import load_dataset
from openrlhf.datasets.prompts_dataset import PromptDataset
from openrlhf.datasets.sft_dataset import SFTDataset
from openrlhf.utils.agent import SingleTurnAgentExecutor
from transformers import AutoTokenizer

from codereasoner import extend
from codereasoner.exports.formats import read_label


class Strategy:
    """What the data sets ask of OpenRLHF's strategy: its options, as the command line gives them."""

    args = SimpleNamespace(
        data=SimpleNamespace(input_key="input", output_key="output", label_key="label", apply_chat_template=True)
    )

    def is_rank_0(self) -> bool:
        return True


class Engine:
    """Stands for a vLLM engine: generates the tokens it was given."""

    def __init__(self, ids: list[int], finish: str) -> None:
        self.outputs = [SimpleNamespace(token_ids=ids, finish_reason=finish, logprobs=None)]

    async def generate(self, *arguments: Any, **named: Any) -> Any:
        return self


async def rewarded(executor: SingleTurnAgentExecutor, tokenizer: Any, prompt: str, label: str, text: str) -> Any:
    """The reward that OpenRLHF's own executor gives one completion."""
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    sampling = SimpleNamespace(max_tokens=512, logprobs=None)
    made = await executor.execute(prompt, label, sampling, 4096, tokenizer, Engine(ids, "stop"))
    return None if made["reward"] is None else float(made["reward"])


async def main(folder: Path, reward: str) -> dict[str, Any]:
    """Prompts and labels as its PromptDataset gives them, rewards of its executor, and texts of its SFTDataset."""
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    rows = load_dataset("json", data_files=str(folder / "grpo.jsonl"))["train"]
    prompts = PromptDataset(rows, tokenizer, Strategy())
    executor = SingleTurnAgentExecutor([reward])
    rewards = []
    for place in range(len(prompts)):
        _, prompt, label, _ = prompts[place]
        question, style = read_label(label)
        right = extend.task(question.task).render(question, style, "Step by step.")
        texts = [right + tokenizer.eos_token, "I do not know." + tokenizer.eos_token]
        rewards += await asyncio.gather(*(rewarded(executor, tokenizer, prompt, label, text) for text in texts))
    rows = load_dataset("json", data_files=str(folder / "sft.jsonl"))["train"]
    sft = SFTDataset(rows, tokenizer, 4096, Strategy(), num_processors=1)
    learned = []
    for place in range(len(sft)):
        ids, _, mask = sft[place]
        learned.append(tokenizer.decode([each for each, counts in zip(ids[0][1:], mask[0], strict=False) if counts]))
    return {"prompts": [prompts[place][1] for place in range(len(prompts))], "rewards": rewards, "learned": learned}


if __name__ == "__main__":
    print("\n" + json.dumps(asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))))
