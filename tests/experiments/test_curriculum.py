"""Curricula: their files, the rows that are made of them, in which order, and the figures about them."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from codereasoner import configs
from codereasoner.curation import excluded
from codereasoner.errors import ConfigError
from codereasoner.evaluation.run_evaluation import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.experiments import analysis, curriculum_rows
from codereasoner.experiments.analysis import accuracy_by_level, joined_history, means
from codereasoner.experiments.curriculum import Curriculum, Level, TaskShare, read_curriculum
from codereasoner.experiments.curriculum_rows import Row
from codereasoner.extend import find
from codereasoner.ledger import read_records, read_rows, write_records
from codereasoner.records import Program
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.scratch import SIZES, is_scratch_name, make_tokenizer
from codereasoner.training.tokens import examples
from codereasoner.training.training_config import GrpoConfig, SftConfig

CURRICULA = sorted((configs.FOLDER / "curriculum").glob("*.yaml"))


@pytest.mark.parametrize("path", CURRICULA, ids=lambda path: path.stem)
def test_a_file_is_a_curriculum_whose_later_shards_are_not_easier(path: Path) -> None:
    found = read_curriculum(path)
    assert found.version == 3
    shares, longest = found.at(0)
    later, most = found.at(found.shards)
    assert longest <= most
    assert sum(shares) == pytest.approx(1)
    assert sum(later) == pytest.approx(1)
    mean = [sum(place * share for place, share in enumerate(each)) for each in (shares, later)]
    assert mean[0] <= mean[1]
    assert found.at(found.rising) == (later, most)


def test_every_level_holds_the_one_below_it() -> None:
    levels = [list(read_curriculum(path).levels) for path in CURRICULA if path.name[0].isdigit()]
    assert len(levels) == 6
    assert all(upper[: len(lower)] == lower and len(upper) == len(lower) + 1 for lower, upper in pairwise(levels))


def test_shares_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    text = CURRICULA[0].read_text(encoding="utf-8").replace("shares: [1, 1]", "shares: [1, 0.5]")
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"add up to 0\.5, not to 1"):
        read_curriculum(tmp_path / "odd.yaml")


@pytest.mark.parametrize("name", ["pocket", "gpu"])
def test_a_preset_file_holds_options_of_the_training(name: str) -> None:
    text = configs.path_of(name).read_text(encoding="utf-8")
    config = SftConfig(**{key.replace("-", "_"): value for key, value in yaml.safe_load(text).items()})
    assert config.order == "file"
    assert config.tokens
    models = [word for word in text.split() if is_scratch_name(word)]
    assert all(model.removeprefix("scratch:") in SIZES for model in models)
    assert models


def test_the_preset_of_reinforcement_holds_options_of_the_training() -> None:
    values = yaml.safe_load(configs.path_of("pocket-grpo").read_text(encoding="utf-8"))
    assert GrpoConfig(**{key.replace("-", "_"): value for key, value in values.items()}).select == 0


@pytest.fixture(scope="module")
def small() -> Curriculum:
    pytest.importorskip("transformers")
    levels = {
        "copy": Level(0, 6, (0.5, 0.25)),
        "straight": Level(1, 6, (0.5, 0.25)),
        "loops": Level(3, 6, (0, 0.5)),
    }
    whole = read_curriculum(configs.path_of("curriculum/5-whole"))
    questions = (TaskShare("output", "states"), TaskShare("input", share=0.25))
    return replace(whole, levels=levels, questions=questions, turns=1, batch=4, rows=48, shards=2, rising=1)


@pytest.fixture(scope="module")
def made(small: Curriculum, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rows")
    curriculum_rows.make_rows(small, out, tell=lambda words: None)
    return out


def rows_of(path: Path) -> list[dict[str, Any]]:
    return list(read_rows(path))


def test_shards_are_whole_batches_of_like_length_and_done_json_comes_last(small: Curriculum, made: Path) -> None:
    shards = [rows_of(curriculum_rows.shard_path(made, shard)) for shard in range(2)]
    assert [len(rows) for rows in shards] == [48, 48]
    assert set(shards[0][0]) == {"id", "prompt", "completion", "style"}
    assert [len({row["id"] for row in rows}) for rows in shards] == [48, 48]
    for shard, rows in enumerate(shards):
        sizes = [size for size, _ in curriculum_rows.sized(cast(list[Row], rows))]
        assert max(sizes) <= small.at(shard)[1]
        spread = [max(sizes[at : at + 4]) - min(sizes[at : at + 4]) for at in range(0, 48, 4)]
        assert sorted(spread)[6] < 40
    assert {each.name for each in made.glob("rows-*")} == {"rows-00000.parquet", "rows-00001.parquet"}
    assert json.loads((made / "done.json").read_text())["rows"] == 96


def test_rows_ask_for_outputs_by_chain_and_for_inputs_at_once(made: Path) -> None:
    rows = [row for path in sorted(made.glob("rows-*")) for row in rows_of(path)]
    texts = [(row["prompt"][0]["content"], row["completion"][0]["content"]) for row in rows]
    inputs = [completion for prompt, completion in texts if "assert ?? ==" in prompt]
    assert 5 < len(inputs) < 48
    assert all(re.fullmatch(r"=f\(.*\)", each, re.DOTALL) for each in inputs)
    assert all("\n=" in completion for prompt, completion in texts if "assert ?? ==" not in prompt)


def test_several_questions_about_a_program_stand_in_one_row(small: Curriculum, tmp_path: Path) -> None:
    several = replace(small, turns=3, calls=6, questions=(TaskShare("output"), TaskShare("input", share=0.5)))
    curriculum_rows.make_rows(several, tmp_path, tell=lambda words: None)
    rows = [row for path in sorted(tmp_path.glob("rows-*")) for row in rows_of(path)]
    assert Counter((len(row["completion"]) + 1) // 2 for row in rows).most_common(1)[0][0] == 3
    ways: Counter[bool] = Counter()
    for row in rows:
        said = [*row["prompt"], *row["completion"]]
        assert [each["role"] for each in said] == ["user", "assistant"] * (len(said) // 2)
        assert len(said) <= 6
        program = said[0]["content"][: said[0]["content"].rindex("\nassert ")]
        calls = []
        for asked, answer in pairwise(each["content"].removeprefix(program) for each in said):
            if not asked.startswith("\nassert "):
                continue
            backward = asked.startswith("\nassert ?? == ")
            ways[backward] += 1
            calls.append(answer[1:] if backward else asked.removeprefix("\nassert ").removesuffix(" == ??"))
        assert len(set(calls)) == len(calls) == len(said) // 2  # what one answer says is not the answer to another
    assert ways[True] > 5
    assert ways[False] > 2 * ways[True]
    for shard in range(2):
        own = rows_of(curriculum_rows.shard_path(tmp_path, shard))
        sizes = [size for size, _ in curriculum_rows.sized(cast(list[Row], own))]
        assert sizes == [len(each["input_ids"]) for each in examples(own, make_tokenizer(), 10_000)]
        assert max(sizes) <= several.at(shard)[1]


def test_a_folder_that_was_left_goes_on_and_ends_with_the_same_rows(
    small: Curriculum, made: Path, tmp_path: Path
) -> None:
    (tmp_path / "rows-00000.parquet").write_bytes((made / "rows-00000.parquet").read_bytes())
    told: list[str] = []
    curriculum_rows.make_rows(small, tmp_path, tell=told.append)
    (shard,) = [json.loads(each) for each in told]
    assert shard["shard"] == 1
    assert 0.01 < shard["cpu_seconds"] < 60
    assert rows_of(tmp_path / "rows-00001.parquet") == rows_of(made / "rows-00001.parquet")
    assert (tmp_path / "done.json").is_file()
    other = replace(small, facts={**small.facts, "calls": 1})
    with pytest.raises(ConfigError, match="begun with another curriculum"):
        curriculum_rows.make_rows(other, tmp_path)


@pytest.mark.slow
def test_several_processes_make_the_same_rows(small: Curriculum, made: Path, tmp_path: Path) -> None:
    curriculum_rows.make_rows(small, tmp_path, workers=2, tell=lambda words: None)
    for shard in range(2):
        path = curriculum_rows.shard_path(tmp_path, shard)
        assert rows_of(path) == rows_of(made / path.name)


def test_held_out_questions_are_of_other_programs_and_name_their_level(made: Path) -> None:
    questions = list(read_records(made / "held-out.jsonl", Question))
    assert Counter(question.features["level"] for question in questions) == {"copy": 6, "straight": 6, "loops": 6}
    assert {question.split for question in questions} == {"test"}
    assert len({question.program for question in questions}) == len(questions)
    inputs = list(read_records(made / "held-out-input.jsonl", Question))
    assert {question.program for question in inputs} == {question.program for question in questions}
    *shards, held = curriculum_rows.program_paths(made)
    learnt = {excluded.shape_of(each.source) for path in shards for each in read_records(path, Program)}
    assert learnt.isdisjoint(excluded.shape_of(each.source) for each in read_records(held, Program))


def test_right_answers_are_counted_by_level_and_construct(made: Path, tmp_path: Path) -> None:
    questions = list(read_records(made / "held-out.jsonl", Question))
    wrong = questions[0]
    grades = [{"id": q.id, "question": q.id, "outcome": "wrong" if q is wrong else "correct"} for q in questions]
    write_records(tmp_path / "grades.jsonl", grades, {})
    found = accuracy_by_level(made / "held-out.jsonl", tmp_path)
    assert found["level"].pop("all") == (len(questions) - 1, len(questions))
    assert sum(asked for _, asked in found["level"].values()) == len(questions)
    right, asked = found["level"][wrong.features["level"]]
    assert right == asked - 1
    assert all(found["construct"][name][0] < found["construct"][name][1] for name in wrong.features["constructs"])


def test_failures_are_told_with_their_first_false_claim(made: Path, tmp_path: Path, pool: Pool) -> None:
    questions = [q for q in read_records(made / "held-out.jsonl", Question) if q.features["level"] == "straight"]
    evaluate("held-out", questions, find("model", "scripted:wrong"), Asking(find_style("terse")), tmp_path, pool.run)
    found = list(analysis.failures(tmp_path, 3, pool.run))
    assert len(found) == 3
    for each in found:
        assert each.outcome == "wrong"
        assert each.answer != each.question.gold[0]
        assert each.claims.checked == 0
        assert each.error is not None
        assert f"{each.kind}; {each.error.why}" in each.text()


def test_trainings_that_continue_one_another_are_one_history(tmp_path: Path) -> None:
    for name in ("first", "second"):
        rows = [{"step": step, "tokens": 10 * step, "seconds": 2.0 * step, "loss": 1.0} for step in (0, 1, 2)]
        (tmp_path / name).mkdir()
        lines = [json.dumps(each) for each in rows]
        (tmp_path / name / "history.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = list(joined_history([tmp_path / "first", tmp_path / "second"]))
    assert [(row["tokens"], row["seconds"]) for row in found[3:]] == [(20, 4.0), (30, 6.0), (40, 8.0)]


def test_means_of_a_history_are_over_the_rows_that_have_a_number(tmp_path: Path) -> None:
    row = {"step": 1, "tokens": 10, "seconds": 5.0, "pass_rate": 0.25, "reward_seconds": 0.1, "step_seconds": 4.0}
    last = {**row, "step": 2, "seconds": 12.0, "pass_rate": 0.75, "step_seconds": 6.0, "held_out": 50.0}
    (tmp_path / "history.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(last)}\n", encoding="utf-8")
    expected = {"updates": 2, "seconds_an_update": 6.0, "held_out": 50.0, "pass_rate": 0.5}
    expected |= {"reward_seconds": 0.1, "step_seconds": 5.0, "reward_share": 0.02}
    assert means(tmp_path) == pytest.approx(expected)


@pytest.mark.slow
def test_no_program_of_a_curriculum_is_a_benchmarks(made: Path, shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    assert analysis.contamination(made, shared_data)["same"] == []
    record = json.loads((shared_data / "cruxeval" / "cruxeval.jsonl").read_text(encoding="utf-8").splitlines()[0])
    renamed = re.sub(r"\bf\b", "g", record["code"])
    write_records(tmp_path / "programs" / "0.jsonl", [Program(renamed, "g", (record["input"],))], {})
    assert analysis.contamination(tmp_path, shared_data)["same"]


def test_the_old_words_of_a_file_and_the_old_names_of_curricula_hold_for_one_version(tmp_path: Path) -> None:
    text = configs.path_of("ladder/pocket").read_text(encoding="utf-8")
    old = text.replace("levels:", "rungs:").replace("questions:", "forms:")
    (tmp_path / "mine.yaml").write_text(old, encoding="utf-8")
    assert read_curriculum(tmp_path / "mine.yaml") == read_curriculum("pocket")


@pytest.mark.parametrize("text", ["[]", "levels: {}", "version: 3\nlevels: 7", "a: [", "rows: {1: 2}"])
def test_a_file_that_is_no_curriculum_is_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"is not a curriculum|the curriculum .* (must be a mapping|is not YAML)"):
        read_curriculum(tmp_path / "odd.yaml")
