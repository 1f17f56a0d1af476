"""experiment: what it lists and refuses, its figures of a curriculum, and a whole run with seconds of training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.cli.conftest import Command

from codereasoner import errors
from codereasoner.cli import experiment
from codereasoner.cli.experiment import FinishedRun
from codereasoner.experiments.plan import Experiment
from codereasoner.experiments.run_options import Settings, names

CURRICULA = ["0-copy", "1-straight", "2-branches", "3-loops", "4-nested", "5-whole", "gpu", "pocket"]


def test_experiments_and_curricula_are_listed_and_shown(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = command("experiment", "--list")
    listed = [line.split()[0] for line in out.splitlines()]
    assert code == 0
    assert listed == [
        *names(),
        *["0-copy", "1-straight", "2-branches", "3-loops", "4-nested", "5-whole", "gpu", "pocket"],
    ]
    code, out, _ = command("experiment", "show", "method")
    assert code == 0
    assert "output directly, input directly" in out
    assert "5,200,000" in out
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = command("experiment", "show", "real-weights")
    assert code == 0
    assert {"answers-threefold*", "pretrained,", "directly,", "3,000,000"} <= {*out.split()}, "no word is broken"


def test_nothing_is_begun_where_the_libraries_for_training_are_missing(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "find_spec", lambda module: None)
    code, _, err = command("experiment", "demo", "--minutes", "1")
    assert (code, "package 'trl', which is not installed: pip install" in err) == (2, True)
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["grpo", "--arms", "nothing"], "arm 'nothing' is unknown; there are: base, start, more-sft"),
        (["gpro"], "there is no experiment 'gpro', did you mean 'grpo'?"),
        (["mine.yaml"], "the experiment mine.yaml cannot be read"),
        (["rows", "nothing", "--out", "rows"], "there is no preset 'curriculum/nothing'"),
        (["curve", "nothing"], "nothing has no history.jsonl"),
    ],
)
def test_what_is_not_there_is_refused_before_any_work(command: Command, words: list[str], sentence: str) -> None:
    code, _, err = command("experiment", *words)
    assert code == 2
    assert sentence in err
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("words", "plan", "arms"),
    [([], "grpo", 4), (["--preset", "ablate-method", "--seeds", "2"], "method", 12), (["--arms=rft"], "grpo", 1)],
)
def test_ablate_still_runs_its_experiments_and_says_their_names(
    command: Command, monkeypatch: pytest.MonkeyPatch, words: list[str], plan: str, arms: int
) -> None:
    seen: list[tuple[Experiment, Settings, str]] = []

    def run(found: Experiment, settings: Settings, name: str, *rest: object) -> FinishedRun:
        seen.append((found, settings, name))
        Path("results.json").write_text(json.dumps({"columns": [], "first": "start", "arms": {"start": {"label": ""}}}))
        return FinishedRun(Path(), {}, 1.0, Path("report.html"))

    monkeypatch.setattr(experiment, "run_experiment", run)
    code, _, err = command("ablate", *words)
    assert code == 0, err
    [(found, settings, name)] = seen
    assert (found.name, len(settings.arms), name) == (plan, arms, "ablate")
    assert f"the command ablate is now experiment {plan}" in err


def test_a_curve_and_means_are_printed(command: Command) -> None:
    for name, held in (("first", 12.5), ("second", 25.0)):
        start = {"step": 0, "tokens": 0, "seconds": 0.0, "held_out": 0.0}
        row = {"step": 1, "tokens": 10, "seconds": 2.0, "loss": 1.0, "token_accuracy": 0.5}
        last = {**row, "tokens": 20, "seconds": 4.0, "held_out": held}
        Path(name).mkdir()
        lines = [json.dumps(each) for each in (start, row, last)]
        (Path(name) / "history.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _, out, _ = command("experiment", "curve", "first", "second", "--every", "1000")
    assert out.splitlines()[2:] == [
        "| 10 | 2 | 1.00 | 50.0 % |  |",
        "| 20 | 4 | 1.00 | 50.0 % | 12.5 % |",
        "| 40 | 8 | 1.00 | 50.0 % | 25.0 % |",
    ]
    _, out, _ = command("experiment", "means", "first")
    assert ["token_accuracy", "0.5000"] in [line.split() for line in out.splitlines()]


SIZES = {"train": 40, "rl": 60, "test": 4, "sft-tokens": 8000, "then-tokens": 12_000, "max-tokens": 12}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_arms_with_and_without_sft_get_their_rows_of_one_table(command: Command) -> None:
    pytest.importorskip("trl")
    arms = ["inside", "no-sft"]
    words = [*(f"--{name}={value}" for name, value in SIZES.items()), *(f"--arms={arm}" for arm in arms)]
    again = ["experiment", "method", "--name", "tiny", "--allow-weak-isolation", "--json", *words]
    code, out, err = command(*again)
    assert code == 0, err
    found = json.loads(out)
    assert list(found["arms"]) == arms
    assert {"output short", "input longer", "whitebox short", "anchors short"} <= set(found["columns"])
    assert set(found["arms"]["no-sft"]["against"]) >= {"output short", "input longer"}
    assert "whitebox short" not in found["arms"]["no-sft"]["columns"]
    run = Path("runs/tiny")
    assert json.loads((run / "results.json").read_text()) == found
    assert (run / "table.md").read_text().count("\n| ") == len(arms) + 1
    assert {path.parent.name for path in run.glob("*/history.jsonl")} == set(arms)
    assert (run / "report.html").is_file()
    assert yaml.safe_load((run / "config.yaml").read_text())["then-tokens"] == 12_000
    code, _, err = command(*again, "--seeds", "2", "--jobs", "2")
    assert code == 0, err
    assert {path.parent.name for path in (run / "seed-1").glob("*/history.jsonl")} == set(arms)
    assert (
        len(json.loads((run / "results.json").read_text())["arms"]["inside"]["columns"]["output short"]["seeds"]) == 2
    )
    code, _, err = command(*again, "--max-tokens", "13")
    assert code == 2
    assert "max-tokens" in err
