"""Programs written by a grammar, without any model: deterministic by key, well typed, never the same twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from codereasoner.errors import ConfigError
from codereasoner.extend import Source
from codereasoner.programs import tiny
from codereasoner.programs.draft import SHARES, Draft, split_of
from codereasoner.records import Program

MAX_TRIES = 20_000
"""Keys in a row that may give nothing new before the grammar is held to be exhausted."""


class Procedural(Source):
    """An endless stream of programs over the built-in types, with a dial for their difficulty.

    `breadth="tiny"` is the rung for a model of half a million parameters that is trained from scratch in minutes.
    """

    name = "procedural"

    def __init__(self, breadth: str = "tiny", types: Sequence[str] = ()) -> None:
        if breadth != "tiny":
            raise ConfigError(f"breadth '{breadth}' is unknown; there are: tiny")
        self.breadth = breadth
        self.types = tuple(types) or tiny.TYPES
        if unknown := sorted(set(self.types) - set(tiny.TYPES)):
            raise ConfigError(f"type '{unknown[0]}' is unknown; there are: {', '.join(tiny.TYPES)}")

    def programs(self, split: str, count: int) -> Iterator[Program]:
        """The first `count` programs of a split, the same ones on every call and every machine.

        Raises:
            ConfigError: the split is unknown, or the breadth has no more programs.
        """
        if split not in SHARES:
            raise ConfigError(f"split '{split}' is unknown; there are: {', '.join(SHARES)}")
        seen: set[str] = set()
        index = last = 0
        while len(seen) < count:
            draft = self.draft(split, index)
            shape = draft.shape
            if shape not in seen and split_of(shape) == split:
                seen.add(shape)
                last = index
                yield self._program(draft, split, index)
            elif index - last > MAX_TRIES:
                raise ConfigError(f"breadth '{self.breadth}' has only {len(seen)} programs in split '{split}'")
            index += 1

    def draft(self, split: str, index: int) -> Draft:
        """The program of one key, which may belong to another split."""
        return tiny.tiny(Random(f"programs/{self.breadth}/{split}/{index}"), self.types)

    def _program(self, draft: Draft, split: str, index: int) -> Program:
        return Program(
            draft.source,
            draft.entry,
            draft.write_calls(),
            origin=f"{self.name}/{self.breadth}/{split}/{index}",
            split=split,
            license="Apache-2.0",
            features=draft.features,
        )
