"""The number format of a training follows from what the processor multiplies faster."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import Any

import pytest

from codereasoner.models import device


class Model:
    """Stands for a model of a hidden size."""

    def __init__(self, hidden: int) -> None:
        self.hidden_size, self.intermediate_size = hidden, 2 * hidden
        self.config = self

    def get_text_config(self) -> Model:
        return self


@pytest.mark.parametrize(
    ("hidden", "gain", "wanted", "bf16"),
    [(512, 3.0, "auto", True), (512, 0.3, "auto", False), (96, 3.0, "auto", False), (96, 0.3, "bf16", True)],
)
def test_bf16_is_taken_where_a_product_of_the_models_size_is_faster_in_it(
    hidden: int, gain: float, wanted: device.Precision, bf16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(device, "has_gpu", lambda: False)
    speed = {torch.float32: 1.0, torch.bfloat16: gain}
    monkeypatch.setattr(device, "_product_seconds", lambda left, right: 1 / speed[left.dtype])
    assert device.multiplies_in_bf16(Model(hidden), wanted) is bf16


def test_the_fastest_product_counts_in_either_format(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(device, "has_gpu", lambda: False)
    seconds = {torch.float32: iter([9.0, 9.0, 3.0] + [9.0] * 5), torch.bfloat16: iter([9.0, 9.0, 1.0])}
    monkeypatch.setattr(device, "_product_seconds", lambda left, right: next(seconds[left.dtype]))
    assert device.multiplies_in_bf16(Model(512))


def test_a_product_is_not_slower_while_others_use_the_processor() -> None:
    pytest.importorskip("torch")

    class Waiting:
        """Stands for a tensor whose product waits for a core."""

        def __matmul__(self, other: object) -> None:
            time.sleep(0.1)

    waiting: Any = Waiting()
    assert device._product_seconds(waiting, waiting) < 0.05


def test_the_products_of_this_processor_are_measured() -> None:
    torch = pytest.importorskip("torch")
    small, large = (torch.randn(size, size) for size in (64, 1024))
    seconds = [min(device._product_seconds(each, each) for _ in range(8)) for each in (small, large)]
    assert 0 < seconds[0] < seconds[1]


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc gives freed memory back on demand"
)
def test_memory_that_is_freed_below_what_is_still_used_goes_back_to_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "has_gpu", lambda: False)

    def used() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    pieces = [b"x" * 100_000 for _ in range(1_000)]
    last, full = pieces[-1], used()
    del pieces
    device.give_back()
    assert used() < full - 80_000_000
    assert last
