"""Runs inside LLaMA-Factory's own environment: what it learns from our files, as one JSON object.

python with_llamafactory.py FOLDER    FOLDER has sft.jsonl, dataset_info.json and a model with its tokenizer
"""

from __future__ import annotations

import json
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any


def main(folder: Path) -> dict[str, Any]:
    """The text of each row that LLaMA-Factory computes a loss on, and the whole of the first."""
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import get_train_args
    from llamafactory.model import load_tokenizer

    model_args, data_args, training_args, _, _ = get_train_args(
        {
            "stage": "sft",
            "do_train": True,
            "model_name_or_path": str(folder / "model"),
            "dataset": "sft",
            "dataset_dir": str(folder),
            "template": "qwen",
            "cutoff_len": 4096,
            "finetuning_type": "full",
            "output_dir": str(folder / "out"),
            "report_to": "none",
        }
    )
    loaded = load_tokenizer(model_args)
    tokenizer = loaded["tokenizer"]
    template = get_template_and_fix_tokenizer(tokenizer, data_args)
    rows = get_dataset(template, model_args, data_args, training_args, stage="sft", **loaded)["train_dataset"]
    return {
        "learned": [tokenizer.decode([each for each in row["labels"] if each >= 0]) for row in rows],
        "first": tokenizer.decode(rows[0]["input_ids"]),
    }


def without_sound() -> None:
    """LLaMA-Factory imports torchaudio, whose wheels need CUDA's libraries; no row of ours has any sound."""
    module = types.ModuleType("torchaudio")
    module.__spec__ = ModuleSpec("torchaudio", None)
    sys.modules["torchaudio"] = module


if __name__ == "__main__":
    without_sound()
    print("\n" + json.dumps(main(Path(sys.argv[1]))))
