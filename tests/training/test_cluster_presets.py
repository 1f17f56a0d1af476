"""The files for several GPUs are what accelerate takes, and each says the command that starts it."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest
from accelerate.commands.config.config_args import load_config_from_file

from codereasoner.cli import app

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
COMMANDS = [
    (path.name, line.removeprefix("# "))
    for path in sorted(CONFIGS.glob("*.yaml"))
    for line in path.read_text(encoding="utf-8").splitlines()
    if line.startswith(("# codereasoner ", "# accelerate launch ")) and f"configs/{path.name}" in line
]


@pytest.mark.parametrize(("name", "devices"), [("fsdp-8-gpus", 8), ("zero3-8-gpus", 8), ("zero3-two-nodes", 16)])
def test_accelerate_reads_the_file(name: str, devices: int) -> None:
    config = load_config_from_file(str(CONFIGS / "accelerate" / f"{name}.yaml"))
    assert config.num_processes == devices
    assert config.mixed_precision == "bf16"
    shared_out = config.fsdp_config.get("fsdp_version") == 2 or config.deepspeed_config.get("zero_stage") == 3
    assert shared_out


def test_every_preset_says_its_command() -> None:
    assert {name for name, _ in COMMANDS} == {path.name for path in CONFIGS.glob("*.yaml")}


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_the_command_is_one_that_the_command_line_takes(
    name: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    words = shlex.split(command)
    if words[0] == "accelerate":
        assert Path(words[words.index("--config_file") + 1]).is_file()
        words = words[words.index("-m") + 1 :]
    assert f"configs/{name}" in words
    command_name, *arguments = words[1:]
    found = app.get_command(click.Context(app), command_name)
    assert found is not None
    context = found.make_context(command_name, arguments)
    assert command_name == "ablate" or context.params["model"]
