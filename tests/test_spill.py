"""Sets and tables that spill to disk."""

from __future__ import annotations

import gc

import pytest

from codereasoner.spill import Keys, Rows, private_base


@pytest.mark.parametrize("limit", [3, 10_000])
def test_a_set_of_keys_is_the_same_set_wherever_it_lies(limit: int) -> None:
    keys = Keys(limit)
    wanted = [f"key {number}" for number in range(1000)]
    assert all(keys.add(key) for key in wanted)
    assert not any(keys.add(key) for key in wanted)
    assert len(keys) == 1000
    assert all(key in keys for key in wanted)
    assert "key 1000" not in keys


def test_a_set_beyond_its_limit_keeps_little_in_memory() -> None:
    keys = Keys(100)
    for number in range(5000):
        keys.add(f"key {number}")
    assert len(keys._fresh) < 100


def test_rows_are_found_by_their_key() -> None:
    rows = Rows((str(number), {"n": number}) for number in range(100))
    assert rows.get("42") == {"n": 42}
    assert rows.get("100") is None


def test_a_database_that_nobody_closes_is_no_resource_that_leaks() -> None:
    base = private_base()
    base.execute("CREATE TABLE numbers (number INTEGER)")
    del base
    gc.collect()  # where Python 3.13 and later warn, which is an error here


def test_a_key_with_a_surrogate_is_stored_and_found() -> None:
    assert Rows([("\ud800", [1]), ("é", [2])]).get("\ud800") == [1]
    keys = Keys(limit=1)
    assert keys.add("\ud800")
    assert "\ud800" in keys
