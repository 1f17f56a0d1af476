"""The number of CPU threads: on shared cores, or with a small model, fewer are often faster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codereasoner.errors import import_extra
from codereasoner.machine_limits import cores

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BUDGET = 0.8  # seconds that the measurement may take: it is made before every evaluation
ROWS = 16  # sequences of a step, about as many as are generated together
SLOW = 3.0  # times as slow as the best: threads that wait for one another do not become that much faster
TIMES = 3  # steps of which the best counts, because another process may disturb one


def choose_threads(model: PreTrainedModel) -> int:
    """Set torch to the number of threads with which a step of generation is fastest, and return it.

    A model whose step takes longer than a part of the budget keeps torch's own number, or has as many as there are
    cores for this process: for large ones, all help.
    """
    torch = import_extra("torch", "train")
    ids = torch.ones((ROWS, 1), dtype=torch.long)
    default = min(int(torch.get_num_threads()), cores())
    began = time.perf_counter()
    best, fastest = default, float("inf")

    def step(threads: int) -> float:
        torch.set_num_threads(threads)
        start = time.perf_counter()
        model(input_ids=ids, use_cache=False)
        return time.perf_counter() - start

    with torch.inference_mode():
        if step(1) > BUDGET / 4:  # the first step does what is done once, too
            torch.set_num_threads(default)
            return default
        for count in _counts():
            for _ in range(TIMES):
                took = step(count)
                if took < fastest:
                    best, fastest = count, took
                if took > SLOW * fastest or time.perf_counter() - began > BUDGET:
                    break
    torch.set_num_threads(best)
    return best


def _counts() -> Iterator[int]:
    most, count = cores(), 1
    while count < most:
        yield count
        count *= 2
    yield most
