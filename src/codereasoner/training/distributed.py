"""Several processes of one training, as `accelerate launch` starts them, agree on what to do.

Rank 0 decides when to stop, save and evaluate; otherwise ranks with different clocks would deadlock. With one process
all of this does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from codereasoner.errors import import_extra

if TYPE_CHECKING:
    from accelerate import PartialState


def rank_and_size() -> tuple[int, int]:
    """Return the rank of this process, from 0, and the number of processes."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def main_process_first() -> Iterator[None]:
    """Let rank 0 do the block before the others do, so that files are made once and then found."""
    if rank_and_size()[1] == 1:
        yield
        return
    with _state().main_process_first():
        yield


def from_rank_0(*values: Any) -> list[Any]:
    """Return these values as rank 0 has them."""
    found = list(values)
    if rank_and_size()[1] > 1:
        _state()
        import_extra("accelerate", "train").utils.broadcast_object_list(found)
    return found


def gather(values: Mapping[str, object]) -> dict[str, object]:
    """Merge the mappings of all processes."""
    if rank_and_size()[1] == 1:
        return dict(values)
    _state()
    parts = import_extra("accelerate", "train").utils.gather_object([dict(values)])
    return {name: value for part in parts for name, value in part.items()}


def _state() -> PartialState:
    """Join the processes, unless that has been done."""
    cuda = import_extra("torch", "train").cuda
    return import_extra("accelerate", "train").PartialState(cpu=not cuda.is_available())
