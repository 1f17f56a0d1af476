"""A build that is killed again and again ends with the files of one that nobody stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from perf import kill

KILL = Path(__file__).parents[2] / "perf" / "kill.py"


@pytest.mark.slow
@pytest.mark.parametrize("audit", [[], ["--keep-above", "100"]], ids=["", "with an audit"])
def test_a_build_killed_at_random_moments_ends_with_the_same_bytes(audit: list[str], tmp_path: Path) -> None:
    words = [*audit, "--programs", "40", "--kills", "3", "--workers", "1", "--folder", str(tmp_path / "kill")]
    found = subprocess.run([sys.executable, str(KILL), *words], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 of them different" in found.stdout
    assert found.stdout.count("kill ") == 3


def test_a_file_that_differs_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = tmp_path / "whole", tmp_path / "killed"
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "chains.jsonl").write_text("{}\n")
        (folder / "chains.jsonl.manifest.json").write_text(json.dumps({"config": {}, "seconds": number}))
        (folder / "README.md").write_text(f"# {folder.name}\n| written | {number} |\n")
    assert kill._compare(*folders, 3) == 0
    (folders[1] / "chains.jsonl").write_text("")
    assert kill._compare(*folders, 3) == 1
    assert "1 of them different ['chains.jsonl']" in capsys.readouterr().out
    (folders[1] / "chains.jsonl").unlink()
    assert kill._compare(*folders, 3) == 1
    assert "not the same files: ['chains.jsonl']" in capsys.readouterr().out
