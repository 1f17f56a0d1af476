"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from codereasoner.execution.pool import Pool

WHERE = (
    "the benchmark data is not here: set CODEREASONER_DATA to a folder with cruxeval/cruxeval.jsonl "
    "(github.com/facebookresearch/cruxeval), reval/ (github.com/r-eval/REval), codeglance/ "
    "(github.com/greenlight2000/CodeGlance) and livecodebench/ (github.com/minimario/cruxeval-lcb)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden traces anew")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public benchmark data; the test is skipped where there is none."""
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("CODEREASONER_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(WHERE)
    return folder


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """One worker, for all tests that only need programs to be run."""
    with Pool(workers=1, allow_weak_isolation=True) as running:
        yield running
