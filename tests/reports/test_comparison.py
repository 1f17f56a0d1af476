"""Evaluations compared on the questions they share."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.reports.folders import blocks

from codereasoner.errors import DataError
from codereasoner.ledger import write_records
from codereasoner.reports import question_records
from codereasoner.reports import run_folder as folders
from codereasoner.reports.comparison import compare, write_comparison
from codereasoner.task import Question

pytest_plugins = ["tests.reports.report_fixtures"]


def test_every_evaluation_of_a_run_is_compared_with_the_first(run_folder: Path) -> None:
    found, _ = compare([run_folder])
    assert [(row["first"], row["second"]) for row in found["comparisons"]] == [
        ("base", "sft"),
        ("base", "control"),
        ("base", "grpo"),
    ]


def test_flipped_questions_are_those_that_one_model_alone_got_right(run_folder: Path) -> None:
    folder = run_folder / "evaluations"
    found, questions = compare([folder / "test@sft", folder / "test@grpo"])
    [row] = found["comparisons"]
    for flipped, codes in ((row["gained"], ("w", "c")), (row["lost"], ("c", "w"))):
        assert flipped
        for item in flipped:
            outcomes = questions.shown[item["id"]].outcomes
            assert (outcomes["sft"] == "c", outcomes["grpo"] == "c") == (codes[0] == "c", codes[1] == "c")
    assert (len(row["gained"]), len(row["lost"])) == (row["tasks"]["all"]["gained"], row["tasks"]["all"]["lost"])


def test_a_feature_has_every_question_in_one_of_its_bins(run_folder: Path) -> None:
    found, _ = compare([run_folder])
    [lines] = [each for each in found["comparisons"][0]["by_feature"] if each["feature"] == "lines of the program"]
    assert sum(part["questions"] for part in lines["bins"]) == 32


def test_two_runs_of_one_model_keep_their_names_apart(run_folder: Path, tmp_path: Path) -> None:
    for name in ("monday", "tuesday"):
        shutil.copytree(run_folder, tmp_path / name)
    paths = [tmp_path / name / "evaluations" / "test@grpo" for name in ("monday", "tuesday")]
    [row] = compare(paths)[0]["comparisons"]
    assert (row["first"], row["second"]) == ("grpo (monday)", "grpo (tuesday)")
    assert row["tasks"]["all"]["difference"] == 0.0


@pytest.mark.parametrize("asked", ["cruxeval-o", "rows/held-out.jsonl"])
def test_folders_of_any_name_are_compared_by_what_their_summaries_say(
    run_folder: Path, tmp_path: Path, asked: str
) -> None:
    for folder, model in (("before", "sft"), ("after", "grpo")):
        shutil.copytree(run_folder / "evaluations" / f"test@{model}", tmp_path / folder)
        shutil.copy(run_folder / "questions.jsonl", tmp_path / folder)  # as an evaluation of its own has them
        summary = tmp_path / folder / "summary.json"
        said = json.loads(summary.read_text()) | {"benchmark": asked, "model": f"runs/{model}"}
        summary.write_text(json.dumps(said))
    [row] = compare([tmp_path / "before", tmp_path / "after"])[0]["comparisons"]
    assert (row["first"], row["second"]) == ("runs-sft", "runs-grpo")
    assert row["tasks"]["all"]["questions"] == 32


def test_questions_that_only_one_was_asked_are_told_of(run_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run_folder, tmp_path / "run")
    grades = folder / "evaluations" / "test@sft" / "grades.jsonl"
    grades.write_text("".join(grades.read_text().splitlines(keepends=True)[:20]))
    found, _ = compare([folder / "evaluations" / "test@sft", folder / "evaluations" / "test@grpo"])
    assert found["comparisons"][0]["tasks"]["all"]["questions"] == 20
    assert any("12 to grpo alone" in sentence for sentence in found["warnings"])


def test_nothing_in_common_is_refused(run_folder: Path) -> None:
    with pytest.raises(DataError, match="no two of these evaluations share 2 questions"):
        compare([run_folder / "evaluations" / "test@sft"])


def test_a_folder_without_evaluations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no evaluation"):
        compare([tmp_path])


def test_the_page_holds_the_questions_that_were_asked_and_no_others(run_folder: Path, tmp_path: Path) -> None:
    found = blocks(write_comparison([run_folder], tmp_path / "comparison.html", *compare([run_folder], details=True)))
    assert all(place.startswith(f"{run_folder.name}/evaluations/") for _, place in found["summary"]["facts"])
    assert len(found["index"]["id"]) == 32
    assert [row["second"] for row in found["summary"]["differences"]] == ["sft", "control", "grpo"]
    assert all("p" in part for row in found["summary"]["differences"] for part in row["tasks"].values())


def test_a_model_that_claims_falsely_is_told_by_its_steps_and_its_mistakes(run_folder: Path) -> None:
    found, _ = compare([run_folder])
    steps = {row["model"]: row["steps"]["share"] for row in found["results"] if row["steps"]}
    assert steps["grpo"] > steps["base"]
    counts = {row["model"]: row["counts"] for row in found["mistakes"]}
    wrong = {row["model"]: row["outcomes"]["wrong"] + row["outcomes"]["no_answer"] for row in found["results"]}
    assert {model: sum(kinds.values()) for model, kinds in counts.items()} == wrong


def test_the_table_counts_the_questions_that_are_compared_and_no_others(run_folder: Path, tmp_path: Path) -> None:
    folder = run_folder / "evaluations"
    for name in ("test@sft", "test@grpo"):
        shutil.copytree(folder / name, tmp_path / name)
        shutil.copy(run_folder / "questions.jsonl", tmp_path / name)
    grades = tmp_path / "test@sft" / "grades.jsonl"
    rows = [json.loads(line) for line in grades.read_text().split("\n") if line]
    grades.write_text("".join(json.dumps(row) + "\n" for row in rows[:10]))
    found, _ = compare([tmp_path / "test@sft", tmp_path / "test@grpo"])
    [comparison] = found["comparisons"]
    part = comparison["tasks"].get("all") or next(iter(comparison["tasks"].values()))
    assert [row["n_questions"] for row in found["results"]] == [10, 10]
    for row, share in zip(found["results"], (part["first"], part["second"]), strict=True):
        assert row["pass@1"] == pytest.approx(share, abs=0.01)
        assert sum(row["outcomes"].values()) == 10


def test_of_very_many_answers_a_fixed_sample_is_audited_and_every_answer_counted(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = compare([run_folder])
    monkeypatch.setattr(folders, "AUDITED", 64)  # of 128 answers
    found, _ = compare([run_folder])
    assert {row["answers"] for row in found["mistakes"]} == {32}
    assert len({row["audited"] for row in found["mistakes"]}) == 1
    assert all(0 < row["audited"] < 32 for row in found["mistakes"])
    assert [row["pass@1"] for row in found["results"]] == [row["pass@1"] for row in whole["results"]]
    assert found == compare([run_folder])[0]


def test_no_more_texts_of_answers_and_chains_are_kept_than_a_page_shows(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = compare([run_folder], details=True)
    monkeypatch.setattr(question_records, "LIMIT", 5)
    found, questions = compare([run_folder], details=True)
    assert found == whole
    kept = [bool(item.answers or item.chains) for item in questions.shown.values()]
    assert kept == [True] * 5 + [False] * 27


def test_what_rewrites_cost_is_counted_in_the_answers_of_each_evaluation_alone(tmp_path: Path) -> None:
    code = "def f(x):\n    return x"
    old = [Question("output", {"source": code, "entry": "f", "call": str(n)}, (str(n),)) for n in range(8)]
    new = [replace(each, id="", facts={**each.facts, "entry": "g"}, features={"original": each.id}) for each in old]
    write_records(tmp_path / "questions.jsonl", [*old, *new], {})
    for name, style, asked, outcome in (
        ("orig@m", "direct", old, "correct"),
        ("hard@m", "direct", new, "wrong"),
        ("first6@m", "reasoning", old[:6], "wrong"),
    ):
        grades = [{"id": each.id, "question": each.id, "task": "output", "outcome": outcome} for each in asked]
        write_records(tmp_path / "evaluations" / name / "grades.jsonl", grades, {})
        (tmp_path / "evaluations" / name / "summary.json").write_text(json.dumps({"style": style, "model": "m"}))
    found, _ = compare([tmp_path])
    [row] = [each for each in found["comparisons"] if each["second"] == "m, hard questions"]
    assert (row["tasks"]["output"]["first"], row["tasks"]["output"]["second"]) == (100.0, 0.0)
    assert (len(row["lost"]), row["not_shared"]) == (8, (0, 0))


def test_benchmarks_whose_questions_have_one_id_are_compared_each_by_itself_wherever_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {"source": "def f(x):\n    return x", "entry": "f"}
    for task, fact, right in (("input", "value", {"a": 0, "b": 4}), ("output", "call", {"a": 1, "b": 3})):
        asked = [Question(task, {**facts, fact: str(n)}, (str(n),), id=f"sample_{n}") for n in range(6)]
        for model, correct in right.items():
            folder = tmp_path / "mine" / f"{task}-{model}"
            few = asked[: 4 if model == "a" else 6]
            outcomes = ["correct" if n < correct else "wrong" for n in range(len(few))]
            grades = [
                {"id": f"{each.id}-{model}", "question": each.id, "task": task, "outcome": outcome}
                for each, outcome in zip(few, outcomes, strict=True)
            ]
            write_records(folder / "questions.jsonl", few, {})
            write_records(folder / "grades.jsonl", grades, {})
            summary = {"benchmark": task, "model": model, "n_questions": len(few)}
            (folder / "summary.json").write_text(json.dumps(summary))
    monkeypatch.chdir(tmp_path)
    for paths in ([Path("mine")], [Path("mine"), Path("mine/input-a")], [tmp_path / "mine"]):
        found, _ = compare(paths)
        by_list = {row["list"]: row["tasks"] for row in found["comparisons"]}
        assert {
            name: {task: part["difference"] for task, part in tasks.items()} for name, tasks in by_list.items()
        } == {
            "input": {"input": 100.0},
            "output": {"output": 50.0},
        }
        assert [(row["questions"], row["n_questions"]) for row in found["results"]] == [
            *[("input", 4)] * 2,
            *[("output", 4)] * 2,
        ]
        assert [[part["task"] for part in row["tasks"]] for row in found["results"]] == [["input"]] * 2 + [
            ["output"]
        ] * 2
