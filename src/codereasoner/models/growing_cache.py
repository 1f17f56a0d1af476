"""Keys and values of the tokens that were read, in memory with room for more.

transformers' own cache is copied as a whole for each token that is generated: the more was read, the longer it takes.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from codereasoner.errors import import_extra

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import DynamicCache

ROOM = 64  # tokens that are added before the next copy


def grow_in_place(cache: DynamicCache) -> None:
    """Let the layers of a cache that keep all tokens grow in place, with what they hold."""
    caches = import_extra("transformers.cache_utils", "train")
    for number, layer in enumerate(cache.layers):
        if type(layer) is caches.DynamicLayer:
            cache.layers[number] = _growing_layer()()
            vars(cache.layers[number]).update(vars(layer))


@cache
def _growing_layer() -> Any:
    torch, caches = import_extra("torch", "train"), import_extra("transformers.cache_utils", "train")

    class GrowingLayer(caches.DynamicLayer):  # type: ignore[misc, name-defined]
        """The keys and values of one layer, (rows, key heads, tokens, width) each: a view of what lies in `memory`.

        Other methods of transformers may put tensors of their own in their place; the next token copies those.
        """

        def __init__(self) -> None:
            super().__init__()
            self.memory: tuple[Tensor, ...] = ()

        def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
            """Add the keys and values of the next tokens, and return all.

            Others than fp32 are copied all the same: torch multiplies views of these three times as slowly.
            """
            if key_states.dtype != torch.float32:
                return super().update(key_states, value_states)  # type: ignore[no-any-return]
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            new, read = (key_states, value_states), self.get_seq_length()
            tokens = read + key_states.shape[2]
            if not self._has_room(tokens):
                self.memory = tuple(each.new_empty(*each.shape[:2], tokens + ROOM, each.shape[3]) for each in new)
                if read:
                    self.memory[0][:, :, :read], self.memory[1][:, :, :read] = self.keys, self.values
            for memory, each in zip(self.memory, new, strict=True):
                memory[:, :, read:tokens] = each
            self._show(tokens)
            return self.keys, self.values

        def batch_select_indices(self, indices: Tensor) -> None:
            """Keep these rows only, and the room behind them."""
            read = self.get_seq_length()
            if not self._has_room(read):
                super().batch_select_indices(indices)
            else:
                self.memory = tuple(each[indices] for each in self.memory)
                self._show(read)

        def _has_room(self, tokens: int) -> bool:
            """Return whether the keys and values lie in the memory, with room for so many tokens."""
            return (
                bool(self.memory)
                and self.keys.data_ptr() == self.memory[0].data_ptr()
                and self.keys.shape[0] == self.memory[0].shape[0]
                and tokens <= self.memory[0].shape[2]
            )

        def _show(self, tokens: int) -> None:
            self.keys, self.values = (each[:, :, :tokens] for each in self.memory)

    return GrowingLayer
