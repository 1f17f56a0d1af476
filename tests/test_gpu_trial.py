"""The trial on a GPU: its commands are taken, its presets are complete, and a failure is told.

`python -m perf.gpu_trial --dry-run` runs every step, which takes a minute or two.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from tests.training.commands import ROOT, try_words

from codereasoner import configs
from codereasoner.training.scratch import SIZES


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gpu_trial", ROOT / "perf" / "gpu_trial.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["gpu_trial"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def trial(script: ModuleType, tmp_path: Path) -> Any:
    return script.Trial(tmp_path, tmp_path / "data", "100m", 900.0, 480.0, False)


@pytest.mark.parametrize("dry_run", [False, True])
def test_every_step_is_a_command_that_is_taken(script: ModuleType, trial: Any, dry_run: bool) -> None:
    steps = {step.name: step for step in script.steps(replace(trial, dry_run=dry_run))}
    assert list(steps)[:4] == ["prompts", "rows", "sft", "grpo"]
    assert list(steps)[-1] == "report"
    assert {"held-out@sft", "held-out-input@grpo", "cruxeval-o@sft", "cruxeval-i@grpo"} <= set(steps)
    assert [step.name for step in steps.values() if step.beside] == ["rows"]
    values = {name: try_words(step.words)[1] for name, step in steps.items()}
    assert values["sft"]["order"] == "file"
    assert values["sft"]["seconds"] + values["grpo"]["seconds"] <= 25 * 60
    assert values["sft"]["rows"] == values["rows"]["out"]
    assert values["grpo"]["rows"].parent == values["prompts"]["out"]
    assert values["sft"]["compile"] is not dry_run
    assert trial.size in SIZES


def test_the_small_curriculum_is_a_curriculum(script: ModuleType, tmp_path: Path) -> None:
    script.write_small_curriculum(tmp_path / "curriculum.yaml")
    small = yaml.safe_load((tmp_path / "curriculum.yaml").read_text())
    whole = yaml.safe_load(configs.path_of("curriculum/gpu").read_text())
    assert set(small) == set(whole)
    assert small["rows"] % small["batch"] == 0
    assert small["shards"] * small["rows"] < whole["rows"]


def test_a_step_that_fails_ends_the_trial_with_the_end_of_its_log(
    script: ModuleType, trial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = script.Step("rows", [sys.executable, "-c", "raise SystemExit('no rows today')"], beside=True)
    long = script.Step("sft", [sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(script, "steps", lambda trial: [broken, long])
    with pytest.raises(SystemExit, match=r"the step rows failed; its log is .*\nno rows today"):
        script.run(trial)


def test_the_table_has_speeds_and_scores(script: ModuleType, tmp_path: Path) -> None:
    for name, share in (("sft", 0.36), ("grpo", None)):
        (tmp_path / name).mkdir()
        card = {"steps": 1200, "seconds": 900.5, "tokens": 500_000_000, "matrix_share": share}
        (tmp_path / name / "codereasoner.json").write_text(json.dumps(card))
    (tmp_path / "evaluations" / "held-out@sft").mkdir(parents=True)
    found = {"pass@1": 41.25, "n_questions": 800, "interval": [38.0, 44.6]}
    (tmp_path / "evaluations" / "held-out@sft" / "summary.json").write_text(json.dumps(found))
    text = script.summary(tmp_path)
    assert "| sft | 1,200 | 900.5 | 500,000,000 |  |  | 0.36 |" in text
    assert "| held-out | sft | 41.2 % | 800 | 38.0 to 44.6 |" in text
