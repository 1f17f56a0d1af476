"""Experiments that start from weights: their files, what is refused in them, and what their arms are asked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from codereasoner import configs
from codereasoner.chains.narrator import Detail
from codereasoner.cli.console import bar
from codereasoner.errors import DataError, UserError
from codereasoner.evaluation.perplexity import measure, read_texts
from codereasoner.execution.pool import Pool
from codereasoner.experiments import run
from codereasoner.experiments.materials import make_base, parameters_of, parts
from codereasoner.experiments.plan import Arm, HeldOut, read_experiment
from codereasoner.experiments.run import ExperimentRun, Seed
from codereasoner.experiments.training_options import check_options
from codereasoner.extend import find
from codereasoner.ledger import read_rows, write_records
from codereasoner.records import Program
from codereasoner.stages.stage_clock import StageClock
from codereasoner.task import Question
from codereasoner.training.presets import PRETRAINED
from codereasoner.training.scratch import make_scratch_model

DEMO = configs.path_of("experiments/demo-llm")


def changed(folder: Path, **values: Any) -> str:
    """Write the short experiment of pretrained weights with other values; returns the file's name."""
    facts: dict[str, Any] = yaml.safe_load(DEMO.read_text(encoding="utf-8")) | values
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(facts), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"training": {"dpo": {}}}, "options of the training 'dpo', which is none of sft, rft, grpo"),
        ({"training": {"sft": {"learning-rat": 1}}}, "no option 'learning-rat', did you mean 'learning-rate'?"),
        ({"training": {"sft": {"batch": "many"}}}, "batch is 'many', and must be int"),
        ({"training": {"sft": {"batch": True}}}, "batch is True, and must be int"),
        ({"training": {"grpo": {"precision": "fp8"}}}, "precision is 'fp8', and must be one of auto, bf16, fp32"),
        ({"training": {"rft": {"tokens": 5}}}, "'tokens' is decided by the experiment"),
        ({"programs": [{"source": "procedural", "splits": ["train"]}]}, "has no programs for the split rl"),
        ({"programs": [{"source": "procedural", "splits": ["train", "rl", "test", "dev"]}]}, "has the split 'dev'"),
        ({"programs": [{"source": "procedural", "share": 0}]}, "has no programs for the split"),
        ({"programs": [{"source": "procedural"}, {"source": "files", "share": -1}]}, "files a share of -1"),
        ({"sets": {"../held-out": [1, 5]}}, "has the set '../held-out': as a file has the name"),
        ({"sets": {"held-out": "packages"}}, "has the set 'held-out' of the source 'packages', which is none of"),
        (
            {"rows": {"answers": {"tasks": ["output"], "sources": ["files"]}}},
            "has rows 'answers' of the source 'files'",
        ),
        ({"arms": {"base": {"label": "b", "max-tokens": 0}}}, "has the arm 'base' with max-tokens 0, which must be"),
        ({"benchmarks": {"cruxeval": {}}}, "asks the benchmark 'cruxeval', which is none of"),
        ({"benchmarks": {"cruxeval-o": "nobody"}}, "asks cruxeval-o of the arm 'nobody'"),
        ({"benchmarks": {"cruxeval-o": {"limit": 0}}}, "asks 0 questions of cruxeval-o"),
        ({"rows": {"answers": {"tasks": ["output"], "detail": "long"}}}, "with the detail 'long', which is none of"),
        ({"style": "polite"}, "polite"),
    ],
)
def test_what_an_experiment_cannot_be_is_one_sentence(values: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as told:
        read_experiment(changed(tmp_path, **values))
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_a_number_with_an_exponent_is_a_number() -> None:
    assert check_options(PRETRAINED["sft"], {"learning-rate": "2e-4", "accumulate": 1}).learning_rate == 2e-4


def test_sources_divide_a_split_by_their_shares(tmp_path: Path) -> None:
    easy = {"source": "procedural", "share": 3, "splits": ["train"], "settings": {"difficulty": 1}}
    plan = read_experiment(changed(tmp_path, programs=[easy, {"source": "procedural"}]))
    found = [(split, count) for split, count, _ in parts(plan, plan.settings)[0]]
    assert found == [("train", 2250), ("train", 750), ("rl", 600), ("test", 60)]
    first = next(iter(parts(plan, plan.settings)[0][0][2].programs("train", 1)))
    assert isinstance(first, Program)
    assert first.features["difficulty"] == 1


def test_programs_without_a_difficulty_are_held_out_in_every_set(tmp_path: Path) -> None:
    plan = replace(read_experiment(changed(tmp_path)), sets={"easy": HeldOut(1, 2), "hard": HeldOut(3, 5)})
    features: list[dict[str, Any]] = [{"difficulty": 1}, {"difficulty": 4}, {}]
    questions = [Question("input", {"source": f"{n}"}, (), each, f"p{n}", "test") for n, each in enumerate(features)]
    write_records(tmp_path / "questions.jsonl", questions, {})
    with Pool(1, allow_weak_isolation=True) as pool:
        whole = ExperimentRun(plan, plan.settings, tmp_path, pool, StageClock(tmp_path, bar))
        found = {name: [each.program for each in asked] for name, asked in whole._held_out.items()}
    assert found == {"easy": ["p0", "p2"], "hard": ["p1", "p2"]}


def test_rows_and_held_out_questions_are_about_programs_of_the_sources_that_they_name(tmp_path: Path) -> None:
    plan = read_experiment("real-weights-programs")
    programs = [
        Program("def f(a):\n    return -a\n", "f", ("1",), "procedural/wide/train/1", "train"),
        Program("def f(a):\n    return +a\n", "f", ("1",), "procedural/wide/test/1", "test"),
        Program("def f(a):\n    return ~a\n", "f", ("1",), "packages/toolz/1.2.0/toolz:1/f", "train"),
        Program("def f(a):\n    return a\n", "f", ("1",), "packages/toolz/1.2.0/toolz:9/f", "test"),
    ]
    write_records(tmp_path / "programs.jsonl", programs, {})
    asked = [
        Question("output", {"source": each.source, "entry": "f", "call": "1"}, ("1",), {}, each.id, each.split)
        for each in programs
    ]
    write_records(tmp_path / "questions.jsonl", asked, {})
    write_records(tmp_path / "chains.jsonl", [], {})
    with Pool(1, allow_weak_isolation=True) as pool:
        whole = ExperimentRun(plan, plan.settings, tmp_path, pool, StageClock(tmp_path, bar))
        whole._make_rows()
        learnt = {
            name: [json.loads(row["question"])["program"] for row in read_rows(tmp_path / f"{name}.parquet")]
            for name in plan.rows
        }
        assert learnt == {
            "grammar": [programs[0].id],
            "people": [programs[2].id],
            "both": [programs[0].id, programs[2].id],
        }
        assert whole._held_out == {"grammar": [asked[1]], "people": [asked[3]]}


def test_a_set_of_a_source_without_held_out_programs_is_told_before_any_training(tmp_path: Path) -> None:
    plan = replace(read_experiment("real-weights-programs"), rows={})
    write_records(tmp_path / "programs.jsonl", [], {})
    write_records(tmp_path / "questions.jsonl", [], {})
    with Pool(1, allow_weak_isolation=True) as pool:
        whole = ExperimentRun(plan, replace(plan.settings, arms=()), tmp_path, pool, StageClock(tmp_path, bar))
        with pytest.raises(DataError, match="the set 'grammar' has no questions: no held-out program is of the source"):
            whole._make_rows()


def test_an_arm_waits_for_the_weights_of_an_arm_that_is_only_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = read_experiment("demo-llm")
    arms = {**plan.arms, "asked": Arm("asked", start="sft", style="terse")}
    arms["grpo"] = replace(arms["grpo"], start="asked")
    plan = replace(plan, arms=arms, settings=replace(plan.settings, arms=("grpo",)))
    after: dict[str, list[str]] = {}
    monkeypatch.setattr(run, "run_jobs", lambda jobs, *_: after.update({job.name: list(job.after) for job in jobs}))
    with Pool(1, allow_weak_isolation=True) as pool:
        whole = ExperimentRun(plan, plan.settings, tmp_path, pool, StageClock(tmp_path, bar))
        whole._do_side_by_side([Seed(0, tmp_path, "base", "")], 2)
    assert after == {"sft": [], "grpo": ["sft"]}


def test_chains_are_written_of_the_details_that_are_learnt_for_the_tasks_of_all_rows(tmp_path: Path) -> None:
    plan = read_experiment("real-weights")
    with Pool(1, allow_weak_isolation=True) as pool:

        def narrated(*arms: str) -> Mapping[Detail, tuple[str, ...]]:
            settings = replace(plan.settings, arms=arms)
            return ExperimentRun(plan, settings, tmp_path, pool, StageClock(tmp_path, bar))._narrated()

        assert narrated("base", "local") == {"local": ("output",)}
        assert narrated("chains-then-answers") == {"states": ("output",), "steps": ("output",)}


def test_an_arm_is_asked_in_the_style_of_the_rows_it_learnt_last() -> None:
    plan = replace(read_experiment("real-weights"), style="reasoning")
    tasks = ("output", "input", "coverage")
    assert plan.asking("base", tasks).name == "reasoning"
    assert plan.asking("base-direct", tasks).name == "direct-2shot"
    assert plan.asking("steps", tasks).direct == {"input"}
    assert plan.asking("chains-then-answers", tasks).direct == set(tasks)
    assert plan.asking("grpo", tasks).direct == set(tasks)
    assert (plan.weights("base-2shot"), plan.weights("grpo")) == ("base", "grpo")
    assert plan.max_tokens("answers", plan.settings) < plan.max_tokens("steps", plan.settings)
    assert plan.max_tokens("base-direct", plan.settings) < plan.max_tokens("base", plan.settings)


def test_the_arms_of_the_study_spend_equal_compute() -> None:
    plan = read_experiment("real-weights")
    trained = [arm for arm in plan.settings.arms if plan.weights(arm) == arm != "base"]
    spent = {arm: sum(plan.tokens(each, plan.settings) for each in plan.lineage(arm)) for arm in trained}
    assert {spent[arm] for arm in ("answers", "states", "steps", "chains-then-answers", "forward", "backward")} == {3e5}
    assert {spent[arm] for arm in ("grpo", "more-sft", "rft")} == {4.5e5}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("trl")
    return make_scratch_model(tmp_path_factory.mktemp("model") / "tiny", 0, "0.3m")


def test_weights_are_counted_without_loading_them(tiny: Path) -> None:
    counted = json.loads((tiny.parent / "tiny.manifest.json").read_text())["counts"]["parameters"]
    assert parameters_of(str(tiny)) == counted
    settings = read_experiment("demo").settings
    assert make_base(tiny.parent / "run", 3, settings).endswith("run/base")


def test_an_untrained_model_finds_every_token_as_likely_as_any_other(tiny: Path, tmp_path: Path) -> None:
    model = find("model", str(tiny))
    found = measure(model, read_texts(["bisect", "json.decoder"]), tmp_path / "perplexity.json")
    vocabulary = model.load().model.config.vocab_size
    assert found["perplexity"] == pytest.approx(vocabulary, rel=0.2)
    assert set(found["by_text"]) == {"bisect", "json.decoder"}
    logs = [math.log(value) for value in found["by_text"].values()]
    assert min(logs) <= math.log(found["perplexity"]) <= max(logs)
    (tmp_path / "perplexity.json").write_text(json.dumps(found | {"tokens": 1}))
    assert measure(model, read_texts(["bisect", "json.decoder"]), tmp_path / "perplexity.json")["tokens"] == 1
    assert measure(model, read_texts(["bisect"]), tmp_path / "perplexity.json")["tokens"] > 1


def test_a_text_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'nothing' is neither a file nor a module of the standard library"):
        read_texts(["nothing"])
