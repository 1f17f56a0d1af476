"""The cache that grows in place holds what transformers' own would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.libraries import library

torch = library("torch")
caches = library("transformers.cache_utils")

from codereasoner.models.growing_cache import ROOM, grow_in_place  # noqa: E402


def both(read: int) -> tuple[Any, Any]:
    """Two caches of one layer that have read the same tokens: one that was let grow, and transformers' own."""
    made = [caches.DynamicCache() for _ in range(2)]
    for each in made:
        add(each, read, 0)
    grow_in_place(made[0])
    return made[0], made[1]


def add(cache: Any, tokens: int, seed: int, rows: int = 3) -> Any:
    generator = torch.Generator().manual_seed(seed)
    keys, values = (torch.randn(rows, 2, tokens, width, generator=generator) for width in (4, 5))
    return cache.update(keys, values, 0)


@pytest.mark.parametrize(
    ("act", "rows"),
    [
        (lambda cache: None, 3),
        (lambda cache: cache.batch_select_indices(torch.tensor([2, 0])), 2),
        (lambda cache: cache.batch_repeat_interleave(2), 6),
        (lambda cache: cache.reorder_cache(torch.tensor([1, 1, 0])), 3),
        (lambda cache: cache.crop(-3), 3),
        (lambda cache: cache.reset(), 3),
    ],
    ids=["nothing", "select", "repeat", "reorder", "crop", "reset"],
)
@pytest.mark.parametrize("read", [1, 9, ROOM])
def test_it_holds_what_the_other_holds(act: Callable[[Any], None], rows: int, read: int) -> None:
    ours, theirs = both(read + 3)
    for number in (1, 2, ROOM, 2, 1):
        for cache in (ours, theirs):
            add(cache, number, number)
    for cache in (ours, theirs):
        act(cache)
    for number in (1, ROOM + 1, 1):
        for found, wanted in zip(add(ours, number, number, rows), add(theirs, number, number, rows), strict=True):
            assert torch.equal(found, wanted)
        assert ours.get_seq_length() == theirs.get_seq_length()


def test_tokens_are_added_without_a_copy_of_what_was_read() -> None:
    ours, _ = both(9)
    places = {add(ours, 1, number)[0].data_ptr() for number in range(ROOM)}
    assert len(places) == 1


def test_what_was_given_out_stays_as_it_was() -> None:
    ours, _ = both(2)
    first = add(ours, 1, 1)[0]
    before = first.clone()
    add(ours, 1, 2)
    assert torch.equal(first, before)


def test_half_precision_is_contiguous_which_torch_multiplies_faster() -> None:
    cache = caches.DynamicCache()
    for _ in range(2):
        keys = torch.zeros(3, 2, 5, 4, dtype=torch.bfloat16)
        cache.update(keys, keys, 0)
        grow_in_place(cache)
    assert cache.layers[0].keys.shape[2] == 10
    assert cache.layers[0].keys.is_contiguous()
    cache.batch_select_indices(torch.tensor([1]))
    assert cache.layers[0].keys.shape == (1, 2, 10, 4)
