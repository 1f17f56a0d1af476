"""One pool for all tests of benchmarks; a short limit, as infinite loops are most of what they wait for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codereasoner.execution.pool import Limits, Pool
from codereasoner.task import Runner


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """Runs jobs in isolation."""
    with Pool(workers=2, limits=Limits(cpu_seconds=1.0), allow_weak_isolation=True) as pool:
        yield pool.run
