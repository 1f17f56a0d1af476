"""The files for several GPUs are what accelerate takes, and every preset says the command that starts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.training.commands import ROOT, try_line

from codereasoner import configs

CONFIGS = configs.FOLDER
PRESETS = sorted(CONFIGS.glob("*.yaml"), key=lambda path: path.name)


@pytest.mark.parametrize(("name", "devices"), [("fsdp-8-gpus", 8), ("zero3-8-gpus", 8), ("zero3-two-nodes", 16)])
def test_accelerate_reads_the_file(name: str, devices: int) -> None:
    reader = pytest.importorskip("accelerate.commands.config.config_args")
    config = reader.load_config_from_file(str(CONFIGS / "accelerate" / f"{name}.yaml"))
    assert config.num_processes == devices
    assert config.mixed_precision == "bf16"
    shared_out = config.fsdp_config.get("fsdp_version") == 2 or config.deepspeed_config.get("zero_stage") == 3
    assert shared_out


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_the_first_line_of_a_preset_starts_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    first = path.read_text(encoding="utf-8").splitlines()[1]
    assert f"--preset {path.stem}" in first
    assert try_line(first.removeprefix("# "))
