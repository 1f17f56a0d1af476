"""What the tests of this room share."""

from __future__ import annotations

import pytest

from codereasoner.errors import IsolationError
from codereasoner.execution.pool import Pool


@pytest.fixture(scope="session")
def level_a() -> None:
    """Skips a test where the machine does not give isolation level A, and says why."""
    try:
        Pool(workers=1, level="A").close()
    except IsolationError as error:
        pytest.skip(f"this machine has no isolation level A: {error}")
