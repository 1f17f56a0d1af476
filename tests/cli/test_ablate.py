"""ablate: the statistics of its table by hand, and the command with seconds of training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.cli.conftest import Command

from codereasoner import configs
from codereasoner.cli.ablate_arms import ARMS, PROMPTS, ROWS, AblateConfig
from codereasoner.cli.ablate_table import markdown, results
from codereasoner.ledger import write_records
from codereasoner.records import Run
from codereasoner.task import Question
from codereasoner.tasks.output import Output

CONFIGS = configs.FOLDER


def asked(number: int) -> Question:
    run = Run(f"def f(x):\n    return x + {number}\n", "f", "[1]", "ok", value="7", program=f"program {number}")
    return Output().collect(run).questions[0]


def evaluated(folder: Path, seed: int, arm: str, right: str) -> None:
    """An evaluation whose verdicts are the letters of `right`: y or n."""
    place = folder / f"seed-{seed}" / "evaluations" / f"short@{arm}"
    place.mkdir(parents=True)
    questions = [asked(number) for number in range(len(right))]
    write_records(place / "questions.jsonl", questions, {})
    outcomes = {"y": "correct", "n": "wrong"}
    rows = [
        {"id": question.id, "question": question.id, "task": "output", "outcome": outcomes[letter]}
        for question, letter in zip(questions, right, strict=True)
    ]
    write_records(place / "grades.jsonl", rows, {})
    (place / "summary.json").write_text("{}")


def test_means_differences_and_both_intervals(tmp_path: Path) -> None:
    for seed, (start, grpo) in enumerate([("yynn", "yyyn"), ("ynnn", "yyyy"), ("yynn", "yyyn")]):
        evaluated(tmp_path, seed, "start", start)
        evaluated(tmp_path, seed, "grpo", grpo)
    found = results(tmp_path, AblateConfig(arms=("start", "grpo")))
    assert found["columns"] == ["output short"]
    start, grpo = (found["arms"][name] for name in ("start", "grpo"))
    assert start["columns"]["output short"]["mean"] == pytest.approx(100 * 5 / 12, abs=0.01)
    assert grpo["columns"]["output short"]["seeds"] == [75.0, 100.0, 75.0]
    assert start["against"] == {}
    difference = grpo["against"]["output short"]
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


def test_a_seed_without_intervals_over_seeds_is_shown_all_the_same(tmp_path: Path) -> None:
    evaluated(tmp_path, 0, "start", "yyn")
    found = results(tmp_path, AblateConfig(arms=("start", "grpo")))
    assert "over_seeds" not in found["arms"]["start"]["columns"]["output short"]
    assert found["arms"]["grpo"]["columns"] == {}


def test_every_arm_names_rows_and_prompts_that_there_are() -> None:
    for arm in ARMS.values():
        assert arm.rows in {"", *ROWS}
        assert (arm.prompts in PROMPTS) == (arm.then in ("grpo", "rft"))
        assert arm.rows or arm.then == "grpo"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("ablate-*.yaml")), ids=lambda path: path.stem)
def test_every_config_in_the_repository_names_arms_and_options_that_there_are(path: Path) -> None:
    values = yaml.safe_load(path.read_text())
    assert set(values.pop("arms")) <= set(ARMS)
    for name, value in values.items():
        assert isinstance(value, type(getattr(AblateConfig(), name.replace("-", "_"))) | int)


def test_an_unknown_arm_is_refused_before_any_work(command: Command) -> None:
    code, _, err = command("ablate", "--arms", "nothing", "--allow-weak-isolation")
    assert code == 2
    assert "arm 'nothing' is unknown; there are: start, more-sft" in err
    assert not Path("runs/ablate/programs.jsonl").exists()


SIZES = {"train": 40, "rl": 60, "test": 4, "sft-tokens": 8000, "then-tokens": 12_000, "max-tokens": 12, "seeds": 1}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_arms_with_and_without_sft_get_their_rows_of_one_table(command: Command) -> None:
    pytest.importorskip("trl")
    arms = ["inside", "no-sft"]
    words = [*(f"--{name}={value}" for name, value in SIZES.items()), *(f"--arms={arm}" for arm in arms)]
    code, out, err = command("ablate", "--name", "tiny", "--allow-weak-isolation", "--json", *words)
    assert code == 0, err
    found = json.loads(out)
    assert list(found["arms"]) == arms
    assert {"output short", "input longer", "whitebox short", "anchors short"} <= set(found["columns"])
    assert set(found["arms"]["no-sft"]["against"]) >= {"output short", "input longer"}
    assert "whitebox short" not in found["arms"]["no-sft"]["columns"]
    assert json.loads(Path("runs/tiny/results.json").read_text()) == found
    assert Path("runs/tiny/table.md").read_text().count("\n| ") == len(arms) + 1
    trained = {path.parent.name for path in Path("runs/tiny/seed-0").glob("*/history.jsonl")}
    assert trained == {"sft-inside", "no-sft"}
