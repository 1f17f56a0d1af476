"""Shards of rows that are numbers, and a training on them that writes down which numbers each step learns.

As a program it trains until it is killed: python -m tests.training.following FOLDER MODEL OUT LOG
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyarrow import Table, parquet
from tests.libraries import library

from codereasoner.training.sft import sft
from codereasoner.training.training_config import SftConfig

library("trl")

CONFIG = SftConfig(
    max_steps=40,
    batch=4,
    accumulate=2,
    order="file",
    optimizer="muon",
    learning_rate=1e-3,
    log_every=1,
    threads=1,
    save_seconds=0.05,
)


def row(number: int, style: str = "terse") -> dict[str, Any]:
    """What is learnt is the number."""
    prompt = [{"role": "user", "content": "?"}]
    return {
        "id": str(number),
        "prompt": prompt,
        "completion": [{"role": "assistant", "content": str(number)}],
        "style": style,
    }


def write_shard(folder: Path, number: int, rows: Sequence[dict[str, Any]]) -> None:
    """A shard appears only when it is whole."""
    folder.mkdir(exist_ok=True)
    part = folder / f"part-{number}"
    parquet.write_table(Table.from_pylist(list(rows) or [row(0)]).slice(0, len(rows)), part)
    part.rename(folder / f"rows-{number:05d}.parquet")


def write_shards(folder: Path, sizes: Sequence[int]) -> Path:
    """A folder of the numbers from 0 on that is done."""
    for number, size in enumerate(sizes):
        first = sum(sizes[:number])
        write_shard(folder, number, [row(each) for each in range(first, first + size)])
    (folder / "done.json").write_text("{}")
    return folder


class Recorded:
    """The part of a trainer that appends to LOG the step and the numbers in each batch."""

    log_path: Path
    processing_class: Any
    state: Any

    def training_step(self, model: Any, inputs: Any, *rest: Any, **options: Any) -> Any:
        found = []
        for labels in inputs["labels"]:
            text = self.processing_class.decode(labels[labels >= 0], skip_special_tokens=True)
            found.append(int(text))
        with self.log_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([self.state.global_step, found]) + "\n")
        return super().training_step(model, inputs, *rest, **options)  # type: ignore[misc]


def recorded() -> type:
    """Return TRL's trainer that records."""
    import trl

    return type("Recorded", (Recorded, trl.SFTTrainer), {})


def learnt(log: Path) -> list[tuple[int, list[int]]]:
    return [(step, numbers) for step, numbers in map(json.loads, log.read_text().splitlines())]


if __name__ == "__main__":
    folder, base, out, Recorded.log_path = map(Path, sys.argv[1:])
    import trl

    trl.SFTTrainer = recorded()
    sft(folder, base, out, CONFIG)
