"""Golden traces: what each Python version says of the same programs, step by step.

`pytest tests/execution/test_golden.py --rewrite-golden` writes them anew; look at the difference before you commit it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.execution import golden

VERSIONS = ("3.11", "3.12", "3.13")
NAMES = list(golden.programs())


@cache
def traces(version: str) -> dict[str, str]:
    """The traces by the Python of that version, from this process or, for another version, from one of its own."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return golden.traces()
    places = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    python = str(places[-1]) if places else shutil.which(f"python{version}")
    sources = str(Path(__file__).parents[2] / "src")
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    environment = {**os.environ, "PYTHONPATH": sources}
    done = subprocess.run([python, golden.__file__], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"Python {version} does not run the golden programs: {done.stderr[-300:]}")
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_the_trace_is_the_golden_one(name: str, version: str, request: pytest.FixtureRequest) -> None:
    seen = traces(version)[name]
    path = golden.FOLDER / version / f"{name}.txt"
    if request.config.getoption("--rewrite-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(seen, encoding="utf-8")
    assert seen == path.read_text(encoding="utf-8")


def test_no_golden_trace_is_without_its_program() -> None:
    kept = {path.stem for version in VERSIONS for path in (golden.FOLDER / version).glob("*.txt")}
    assert kept <= set(NAMES)
