"""A build that is killed again and again ends with the files of one that nobody stopped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

KILL = Path(__file__).parents[2] / "perf" / "kill.py"


@pytest.mark.slow
@pytest.mark.parametrize("audit", [[], ["--keep-above", "100"]], ids=["", "with an audit"])
def test_a_build_killed_at_random_moments_ends_with_the_same_bytes(audit: list[str], tmp_path: Path) -> None:
    words = [*audit, "--programs", "40", "--kills", "3", "--workers", "1", "--folder", str(tmp_path / "kill")]
    found = subprocess.run([sys.executable, str(KILL), *words], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 of them different" in found.stdout
    assert found.stdout.count("kill ") == 3


def test_a_file_that_differs_is_told(tmp_path: Path) -> None:
    words = ["--programs", "4", "--kills", "0", "--workers", "1", "--folder", str(tmp_path / "kill")]
    program = f"import sys; sys.argv = ['kill.py', *{words!r}]; sys.path.insert(0, {str(KILL.parent)!r}); import kill\n"
    program += "compare = kill._compare\n"
    program += "def spoiled(whole, killed, kills):\n"
    program += "    (killed / 'chains.jsonl').write_text('')\n"
    program += "    return compare(whole, killed, kills)\n"
    program += "kill._compare = spoiled\nsys.exit(kill.main())"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "1 of them different ['chains.jsonl']" in found.stdout
