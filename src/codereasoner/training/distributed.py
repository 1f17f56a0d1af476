"""What several processes of one training, as `accelerate launch` starts them, must agree on.

Each has a clock of its own, and what one of them does alone the others would wait for in vain: whether to stop, to save
and to ask is what the first process says. With one process all of this does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from codereasoner.errors import import_extra


def place() -> tuple[int, int]:
    """The number of this process, from 0, and how many there are."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def first_process_first() -> Iterator[None]:
    """What is inside is done by the first process, then by the others: files are made once and then found."""
    if place()[1] == 1:
        yield
        return
    with _state().main_process_first():
        yield


def as_the_first_process(*values: Any) -> list[Any]:
    """These values as the first process has them."""
    found = list(values)
    if place()[1] > 1:
        _state()
        import_extra("accelerate", "train").utils.broadcast_object_list(found)
    return found


def gathered(values: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping made of those of all processes."""
    if place()[1] == 1:
        return dict(values)
    _state()
    parts = import_extra("accelerate", "train").utils.gather_object([dict(values)])
    return {name: value for part in parts for name, value in part.items()}


def _state() -> Any:
    """Joins the processes, where that has not been done."""
    cuda = import_extra("torch", "train").cuda
    return import_extra("accelerate", "train").PartialState(cpu=not cuda.is_available())
