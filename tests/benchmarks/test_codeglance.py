"""CodeGlance: DS1000 to the digit, and what is wrong with its records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.errors import DataError
from codereasoner.evaluation.gold_check import check_benchmark
from codereasoner.evaluation.score import score_file
from codereasoner.task import Runner


def test_deepseek_coder_on_ds1000_scores_what_the_official_scorer_gives(shared_data: Path, runner: Runner) -> None:
    path = shared_data / "codeglance/ds1000_deepseek-coder-7b_generations.json"
    result: Any = score_file("codeglance-ds1000", path, shared_data, "official", runner, compare=False)
    assert result["n_answers"] == 10190
    assert (result["pass@1"], result["pass@3"]) == pytest.approx((47.84102060843965, 60.448969578017696), rel=1e-12)


@pytest.mark.parametrize(("name", "count"), [("pannum", 50), ("monkbeat", 50), ("torchdata", 50)])
def test_every_gold_of_the_small_sets_is_accepted(name: str, count: int, shared_data: Path, runner: Runner) -> None:
    result = check_benchmark(f"codeglance-{name}", shared_data, runner)
    assert result["questions"] == result["gold_accepted"] == count


def test_the_ill_posed_records_of_ds1000_are_listed_with_their_reason(shared_data: Path, runner: Runner) -> None:
    result = check_benchmark("codeglance-ds1000", shared_data, runner)
    assert len(result["ill_posed"]) == 30
    assert {row["id"]: row["reason"] for row in result["ill_posed"]}["sample_244"] == "not a literal: B"


def test_programs_of_a_library_that_exists_nowhere_cannot_run(shared_data: Path, runner: Runner) -> None:
    result = check_benchmark("codeglance-monkbeat", shared_data, runner)["rerun"]
    assert result["agree"] == 0
    assert sum(result["cannot_run"].values()) == 49
    assert [row["id"] for row in result["ill_posed"]] == ["sample_36"]


def test_ids_are_those_of_the_generations_and_features_are_kept(shared_data: Path) -> None:
    questions = extend.find("benchmark", "codeglance-monkbeat").load(
        shared_data / "codeglance/MonkBeatEval_reasoning.jsonl"
    )
    assert questions[7].id == "sample_7"
    assert questions[7].features["ID"] == "7"
    assert questions[7].features["unseen_function_count"] > 0


def test_a_record_without_a_result_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"ID": "0", "code": "", "test": ""}\n')
    with pytest.raises(DataError, match="line 1: the field 'result' must be text, not None"):
        extend.find("benchmark", "codeglance-pannum").load(path)
