"""The rows of trainers agree with themselves."""

from __future__ import annotations

from pathlib import Path

from codereasoner import extend
from codereasoner.ledger import read_rows, write_records
from codereasoner.records import Chain, Run
from codereasoner.stages.write_rows import write_grpo_rows, write_sft_rows
from codereasoner.styles import find_style
from codereasoner.training.training_rows import style_of_rows

RUN = Run("def f(x):\n    return [x]\n", "f", "1", "ok", value="[1]", split="train")


def test_a_row_never_asks_for_reasoning_and_answers_without(tmp_path: Path) -> None:
    asked = [question for name in ("output", "input") for question in extend.task(name).collect(RUN).questions]
    write_records(tmp_path / "questions.jsonl", asked, {})
    write_records(tmp_path / "chains.jsonl", [Chain(asked[0].id, "x is 1", "narrator")], {})
    paths = (tmp_path / "questions.jsonl", tmp_path / "chains.jsonl", tmp_path / "sft.parquet")
    write_sft_rows(*paths, find_style("reasoning"), direct=["input"])
    grpo = tmp_path / "grpo.parquet"
    write_grpo_rows(paths[0], grpo, find_style("reasoning"), ["output", "input"], "train", direct=["input"])
    rows = list(read_rows(paths[2]))
    for row in rows:
        assert ("Reason step by step" in row["prompt"][-1]["content"]) == (
            "<reasoning>" in row["completion"][0]["content"]
        )
    assert [row["prompt"] for row in read_rows(grpo)] == [row["prompt"] for row in rows]
    style = find_style(style_of_rows(rows, ""))
    assert [extend.task_of(each).prompt(each, style) for each in asked] == [row["prompt"] for row in rows]
