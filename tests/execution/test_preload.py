"""Modules that are imported before the first program runs."""

from __future__ import annotations

import pytest

from codereasoner.errors import InfrastructureError
from codereasoner.execution.pool import Limits, Pool
from codereasoner.records import Job

DRAW = "import torch\n\ndef f():\n    return torch.rand(2).tolist()\n"


def test_a_preloaded_module_that_is_not_installed_is_named() -> None:
    with pytest.raises(InfrastructureError, match="no_such_module"):
        Pool(workers=1, preload=["no_such_module"], allow_weak_isolation=True)


def test_a_preloaded_module_is_there_before_the_program() -> None:
    pytest.importorskip("numpy")
    source = """import sys
def f():
    there = 'numpy' in sys.modules
    import numpy
    return there, int(numpy.arange(5).sum())
"""
    with Pool(workers=1, preload=["numpy"], allow_weak_isolation=True) as pool:
        assert pool.run([Job(source, "f", "")])[0].value == "(True, 10)"


def test_torch_starts_in_the_isolation_and_draws_the_same_numbers_every_time() -> None:
    pytest.importorskip("torch")
    with Pool(1, Limits(5.0, memory_bytes=4 << 30), ["torch"], allow_weak_isolation=True) as running:
        first, again = running.run([Job(DRAW, "f", "")]), running.run([Job(DRAW + "\n", "f", "")])
    assert first[0].outcome == "ok", first[0].exception
    assert first[0].value == again[0].value
