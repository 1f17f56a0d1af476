"""No completion makes any task, style or official check fail or costs more than a little; see fuzz.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from codereasoner import extend
from codereasoner.styles import STYLES

SECONDS = float(os.environ.get("CODEREASONER_FUZZ_SECONDS") or 15)
SEED = os.environ.get("CODEREASONER_FUZZ_SEED") or "0"


@pytest.mark.slow
def test_completions_from_a_grammar_cost_50_milliseconds_and_50_megabytes_at_most_and_none_is_an_error() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.hostile.fuzz", "--seconds", f"{SECONDS}", "--seed", SEED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 120, check=False)
    assert done.returncode in (0, 1), done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report["findings"] == []
    graded = report["graded"]
    assert {place.split()[0] for place in graded} == {*extend.available("task"), *extend.available("benchmark")}
    assert {place.split()[1] for place in graded} == {*STYLES, "strict", "official"}
