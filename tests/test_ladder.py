"""The ladder's configurations and its script: what is made, in which order, and how it is counted."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from codereasoner.evaluation.evaluate import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.extend import find
from codereasoner.ledger import read_records, read_rows, write_records
from codereasoner.records import Program
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.grpo import GrpoConfig
from codereasoner.training.scratch import SIZES, is_scratch_name
from codereasoner.training.sft import SftConfig

ROOT = Path(__file__).parents[1]
LADDERS = sorted((ROOT / "configs" / "ladder").glob("*.yaml"))


@pytest.fixture(scope="module")
def ladder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ladder", ROOT / "benchmarks" / "ladder.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["ladder"] = module
    spec.loader.exec_module(module)
    return module


def test_every_rung_holds_the_one_below_it(ladder: ModuleType) -> None:
    rungs = [list(ladder.read_ladder(path).rungs) for path in LADDERS if path.name[0].isdigit()]
    assert len(rungs) >= 4
    assert all(upper[: len(lower)] == lower for lower, upper in itertools.pairwise(rungs))


@pytest.mark.parametrize("name", ["pocket-first", "pocket", "gpu"])
def test_a_preset_file_holds_options_of_the_training(name: str) -> None:
    text = (ROOT / "configs" / f"{name}.yaml").read_text(encoding="utf-8")
    config = SftConfig(**{key.replace("-", "_"): value for key, value in yaml.safe_load(text).items()})
    assert config.order == "file"
    assert (config.seconds or 0.0) <= 3600
    models = [word for word in text.split() if is_scratch_name(word)]
    assert all(model.removeprefix("scratch:") in SIZES for model in models)
    assert models or "--model runs/first" in text


def test_the_preset_of_reinforcement_holds_options_of_the_training() -> None:
    values = yaml.safe_load((ROOT / "configs" / "pocket-grpo.yaml").read_text(encoding="utf-8"))
    assert GrpoConfig(**{key.replace("-", "_"): value for key, value in values.items()}).select == 0


@pytest.fixture(scope="module")
def made(ladder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    rungs = {"straight": {"difficulty": 1, "train": 40, "test": 6}, "loops": {"difficulty": 3, "train": 20, "test": 6}}
    whole = ladder.read_ladder(ROOT / "configs" / "ladder" / "4-whole.yaml")
    small = replace(whole, rungs=rungs, batch=4, first_tokens=2000)
    out = tmp_path_factory.mktemp("ladder")
    ladder.make_rows(small, out)
    return small, out


def test_easy_and_short_rows_come_first_in_whole_batches(ladder: ModuleType, made: tuple[Any, Path]) -> None:
    small, out = made
    rows = list(read_rows(out / "rows.parquet"))
    sizes = ladder.sizes_of(rows)
    assert len(rows) > 40
    assert len(rows) % small.batch == 0
    assert max(sizes) <= small.max_length
    assert max(sizes[:8]) <= small.first_length < max(sizes)
    spread = [max(sizes[at : at + 4]) - min(sizes[at : at + 4]) for at in range(0, len(sizes), 4)]
    assert sorted(spread)[len(spread) // 2] < 20


def test_held_out_questions_are_of_other_programs_and_name_their_rung(made: tuple[Any, Path]) -> None:
    _, out = made
    questions = list(read_records(out / "held-out.jsonl", Question))
    assert {question.features["rung"] for question in questions} == {"straight", "loops"}
    assert {question.split for question in questions} == {"test"}
    assert len({question.program for question in questions}) == len(questions)


def test_right_answers_are_counted_by_rung_and_construct(
    ladder: ModuleType, made: tuple[Any, Path], tmp_path: Path
) -> None:
    _, out = made
    questions = list(read_records(out / "held-out.jsonl", Question))
    wrong = questions[0]
    grades = [{"id": q.id, "question": q.id, "outcome": "wrong" if q is wrong else "correct"} for q in questions]
    write_records(tmp_path / "grades.jsonl", grades, {})
    found = ladder.by_rung(out / "held-out.jsonl", tmp_path)
    assert sum(asked for _, asked in found["rung"].values()) == len(questions)
    right, asked = found["rung"][wrong.features["rung"]]
    assert right == asked - 1
    assert all(found["construct"][name][0] < found["construct"][name][1] for name in wrong.features["constructs"])


def test_failures_are_told_with_their_first_false_claim(
    ladder: ModuleType, made: tuple[Any, Path], tmp_path: Path, pool: Pool
) -> None:
    _, out = made
    questions = [q for q in read_records(out / "held-out.jsonl", Question) if q.features["rung"] == "straight"]
    evaluate("held-out", questions, find("model", "scripted:wrong"), Asking(find_style("terse")), tmp_path, pool.run)
    found = list(ladder.failures(tmp_path, 3))
    assert len(found) == 3
    for question, outcome, text, claims, why in found:
        assert outcome == "wrong"
        assert text != question.gold[0]
        assert claims.checked == 0
        assert why is not None


def test_trainings_that_follow_one_another_are_one_curve(ladder: ModuleType, tmp_path: Path) -> None:
    for name in ("first", "second"):
        row = {"id": name, "step": 1, "tokens": 10, "seconds": 2.0, "loss": 1.0, "token_accuracy": 0.5}
        (tmp_path / name).mkdir()
        (tmp_path / name / "history.jsonl").write_text(json.dumps(row) + "\n")
    found = list(ladder.learnt([tmp_path / "first", tmp_path / "second"]))
    assert found == [(10, 2.0, 1.0, 0.5), (20, 4.0, 1.0, 0.5)]


def test_no_program_of_the_ladder_is_a_benchmarks(
    ladder: ModuleType, made: tuple[Any, Path], shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out = made
    arguments = type("Arguments", (), {"out": out, "data": shared_data})()
    assert ladder.clean(arguments) == 0
    assert '"same": []' in capsys.readouterr().out
    record = json.loads((shared_data / "cruxeval" / "cruxeval.jsonl").read_text(encoding="utf-8").splitlines()[0])
    renamed = re.sub(r"\bf\b", "g", record["code"])
    write_records(tmp_path / "programs.jsonl", [Program(renamed, "g", (record["input"],))], {})
    assert ladder.clean(type("Arguments", (), {"out": tmp_path, "data": shared_data})()) == 1


def test_the_share_of_the_matrix_rate_is_six_operations_a_weight_and_token(ladder: ModuleType) -> None:
    assert ladder.share_of_peak(30e6, 1e6, 800e12) == pytest.approx(0.225)
