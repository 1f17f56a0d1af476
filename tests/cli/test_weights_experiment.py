"""An experiment that starts from weights: what is refused before any work, and a whole run on a tiny model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.conftest import Command

from codereasoner import configs
from codereasoner.training.scratch import make_scratch_model


@pytest.mark.parametrize(
    ("model", "words"),
    [("/nowhere/model", "there is no model folder /nowhere/model"), ("openai:x", "'openai:x' is not one to train")],
)
def test_a_model_that_cannot_be_trained_is_refused_before_any_work(command: Command, model: str, words: str) -> None:
    code, _, err = command("experiment", "demo-llm", "--model", model)
    assert code != 0
    assert words in err
    assert not list(Path().iterdir())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_folder_of_weights_goes_through_the_whole_experiment(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trl")
    monkeypatch.delenv("CODEREASONER_DATA", raising=False)
    tiny = make_scratch_model(tmp_path / "tiny", 0, "0.3m")
    grammar = {"source": "procedural", "settings": {"breadth": "tiny", "types": ["list"]}}
    facts: dict[str, Any] = yaml.safe_load(configs.path_of("experiments/demo-llm").read_text(encoding="utf-8"))
    facts |= {
        "programs": [grammar],
        "style": "terse",
        "text": ["bisect"],
        "training": {"sft": {"learning-rate": 2e-3, "optimizer": "muon"}, "grpo": {"max-tokens": 12, "accumulate": 1}},
        "settings": {"arms": ["base", "sft", "control"], "train": 40, "rl": 20, "test": 4},
        "sets": {"held-out": [1, 5]},
    }
    name = str(tmp_path / "mine.yaml")
    Path(name).write_text(yaml.safe_dump(facts), encoding="utf-8")
    words = ["--model", str(tiny), "--sft-tokens", "6000", "--then-tokens", "3000", "--max-tokens", "16"]
    code, out, err = command("experiment", name, *words, "--workers", "1", "--allow-weak-isolation")
    assert code == 0, err
    assert "perplexity" in out
    run = Path("runs/mine")
    found = json.loads((run / "results.json").read_text())
    assert found["columns"] == ["output held-out", "input held-out"]
    assert all(len(arm["perplexity"]) == 1 for arm in found["arms"].values())
    assert found["arms"]["base"]["perplexity"] != found["arms"]["sft"]["perplexity"]
    assert not (run / "base").exists()
    trained = json.loads((run / "control" / "codereasoner.json").read_text())
    assert trained["from"].endswith("runs/mine/sft")
    asked = json.loads((run / "evaluations" / "held-out@base" / "summary.json").read_text())
    assert asked["style"] == "direct-2shot"
    before = (run / "sft" / "model.safetensors").stat().st_mtime_ns
    assert command("experiment", name, *words, "--workers", "1", "--allow-weak-isolation")[0] == 0
    assert (run / "sft" / "model.safetensors").stat().st_mtime_ns == before
