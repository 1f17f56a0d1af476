"""How many prompts are generated together."""

from __future__ import annotations

import pytest

from codereasoner.extend import Sampling
from codereasoner.models.local import batches


@pytest.mark.parametrize(
    ("gpu", "most", "length", "size"),
    [
        (False, None, 40, 256),
        (True, None, 40, 1024),
        (True, 64, 40, 64),
        (False, None, 4000, 6),  # 24,576 tokens
        (True, None, 4000, 64),  # 262,144
    ],
)
def test_a_batch_is_as_large_as_rows_and_tokens_allow(gpu: bool, most: int | None, length: int, size: int) -> None:
    found = list(batches([[0] * length] * 2000, most, Sampling(max_tokens=48), gpu))
    assert [len(each) for each in found[:-1]] == [size] * (len(found) - 1)
    assert sorted(place for each in found for place in each) == list(range(2000))
