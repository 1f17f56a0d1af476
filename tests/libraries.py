"""Libraries that a test file needs, imported when a test first uses one: torch and trl take seconds of a collection."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest


class Library:
    """A module that is imported when an attribute is read."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_", "pytest")):  # which pytest asks of all that it finds in a file
            raise AttributeError(name)
        return getattr(import_module(self._name), name)


def library(name: str) -> Any:
    """Return this library, or skip the file that asks where it is not installed."""
    if find_spec(name.partition(".")[0]) is None:
        pytest.skip(f"could not import '{name}'", allow_module_level=True)
    return Library(name)
