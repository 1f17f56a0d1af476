"""The table of an experiment: its statistics by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.cli.experiment_tables import show_results
from codereasoner.experiments.arm_results import ArmResults, Figures, markdown, results
from codereasoner.experiments.plan import read_experiment
from codereasoner.ledger import write_records
from codereasoner.records import Run
from codereasoner.task import Question
from codereasoner.tasks.output import Output

PLAN, ARMS = read_experiment("grpo"), ("start", "grpo")


def question(number: int) -> Question:
    run = Run(f"def f(x):\n    return x + {number}\n", "f", "[1]", "ok", value="7", program=f"program {number}")
    return Output().collect(run).questions[0]


def evaluated(folder: Path, seed: int, arm: str, right: str) -> None:
    """An evaluation whose verdicts are the letters of `right`: y or n."""
    place = (folder / f"seed-{seed}" if seed else folder) / "evaluations" / f"short@{arm}"
    place.mkdir(parents=True)
    questions = [question(number) for number in range(len(right))]
    write_records(place / "questions.jsonl", questions, {})
    outcomes = {"y": "correct", "n": "wrong"}
    rows = [
        {"id": each.id, "question": each.id, "task": "output", "outcome": outcomes[letter]}
        for each, letter in zip(questions, right, strict=True)
    ]
    write_records(place / "grades.jsonl", rows, {})
    (place / "summary.json").write_text("{}")


def test_means_differences_and_both_intervals(tmp_path: Path) -> None:
    for seed, (start, grpo) in enumerate([("yynn", "yyyn"), ("ynnn", "yyyy"), ("yynn", "yyyn")]):
        evaluated(tmp_path, seed, "start", start)
        evaluated(tmp_path, seed, "grpo", grpo)
    found = results(tmp_path, PLAN, ARMS)
    assert found["columns"] == ["output short"]
    first, second = (found["arms"][name] for name in ARMS)
    assert first["columns"]["output short"]["mean"] == pytest.approx(100 * 5 / 12, abs=0.01)
    assert second["columns"]["output short"]["seeds"] == [75.0, 100.0, 75.0]
    assert first["against"] == {}
    difference = second["against"]["output short"]
    assert difference["seeds"] == [25.0, 75.0, 25.0]
    assert difference["mean"] == pytest.approx(100 * 5 / 12, abs=0.01)
    half = 4.303 * 28.8675 / 3**0.5
    assert difference["over_seeds"] == pytest.approx([41.67 - half, 41.67 + half], abs=0.02)
    # By program the differences are 0, 1/3, 1, 1/3; their sums' deviations give the clustered error.
    sums = [3 * (value - 5 / 12) for value in (0.0, 1 / 3, 1.0, 1 / 3)]
    error = (4 / 3 * sum(value * value for value in sums)) ** 0.5 / 12
    assert difference["interval"] == pytest.approx(
        [100 * (5 / 12 - 1.96 * error), 100 * (5 / 12 + 1.96 * error)], abs=0.02
    )
    assert "| +41.7 [" not in markdown(found)
    assert "<br>+41.7 [" in markdown(found)


def test_one_seed_has_no_interval_over_seeds_and_an_arm_without_evaluations_no_figures(tmp_path: Path) -> None:
    evaluated(tmp_path, 0, "start", "yyn")
    found = results(tmp_path, PLAN, ARMS)
    assert "over_seeds" not in found["arms"]["start"]["columns"]["output short"]
    assert found["arms"]["grpo"]["columns"] == {}


def test_a_usual_terminal_shows_every_arm_and_interval_of_many_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"{task} {name}" for name in ("held-out", "cruxeval-o", "reval-coverage") for task in ("output", "input")]
    figures: Figures = {"mean": 50.0, "interval": [5.5, 94.5], "seeds": [50.0]}
    against: Figures = {"mean": -50.0, "interval": [-100.5, 48.0], "seeds": [-50.0]}
    first: ArmResults = {"label": "first", "columns": dict.fromkeys(names, figures), "against": {}}
    second: ArmResults = {**first, "label": "second", "against": dict.fromkeys(names, against), "perplexity": [2.5]}
    show_results({"columns": names, "first": "a", "arms": {"a": first, "b": second}}, 1)
    shown = capsys.readouterr().out
    assert shown.count("second") == len(names) + 1
    assert shown.count("50.0 [5.5, 94.5]") == 2 * len(names)
    assert shown.count("-50.0 [-100.5, +48.0]") == len(names)
    assert "2.50" in shown
