"""The doctor says what this machine gives, and the list it runs is contained."""

from __future__ import annotations

import json

from codereasoner.execution.crew import LEVELS, MEANING
from codereasoner.execution.doctor import WITHOUT, examine
from codereasoner.execution.isolation import LAYERS


def test_every_layer_is_examined_and_explained() -> None:
    found = examine(hostile=False)
    assert json.loads(json.dumps(found)) == found
    assert [layer["name"] for layer in found["layers"]] == list(LAYERS) == list(WITHOUT)
    assert all(layer["available"] != bool(layer["reason"]) for layer in found["layers"])
    assert found["level"] in ("A", "B", "C", "D")


def test_level_a_is_what_a_pool_gets_where_every_layer_is_there() -> None:
    found = examine(hostile=False)
    if all(layer["available"] for layer in found["layers"]):
        assert found["level"] == "A"
        assert 0 < found["worker_kb"] < 12 * 1024


def test_a_weak_level_is_told_with_what_it_means() -> None:
    assert set(MEANING) == set(LEVELS)
