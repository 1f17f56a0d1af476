"""How difficult a question is: by how often a model is right about it, or by what its program is like.

CodeReasoner (arXiv:2507.17548) samples a small model ten times and keeps what it gets right at most three times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codereasoner.errors import ConfigError


@dataclass(frozen=True)
class Band:
    """The levels that are wanted, from `low` to `high`, both included; None: without end."""

    low: int = 0
    high: int | None = None

    def __post_init__(self) -> None:
        if self.low < 0 or (self.high is not None and self.high < self.low):
            raise ConfigError(f"difficulties go from a low to a higher one, not from {self.low} to {self.high}")

    def reason(self, level: int) -> str | None:
        """Why a question of a level is dropped, or None: it is kept."""
        if level < self.low:
            return f"level {level} is below {self.low}"
        if self.high is not None and level > self.high:
            return f"level {level} is above {self.high}"
        return None


def is_solved_sometimes(rate: float) -> bool:
    """Can reinforcement learn from a question of this pass rate, 0 to 1? Not from what is always or never solved."""
    return 0.0 < rate < 1.0


def level_of(features: Mapping[str, Any], rated: bool) -> int:
    """The level of a question: how many samples were right where it was `rated`, else its program's difficulty."""
    return int(features["passes"] if rated else features.get("difficulty", 0))


def hardness(features: Mapping[str, Any], facts: Mapping[str, Any], rated: bool) -> tuple[float, ...]:
    """What a curriculum is sorted by: the hardest question has the largest.

    A rated question is the harder the more seldom it is solved; then, and for one that is not, the difficulty of the
    program and the lengths of its text and its call count.
    """
    size = (float(features.get("difficulty", 0)), len(str(facts.get("source", ""))), len(str(facts.get("call", ""))))
    return (-features["passes"] / features["samples"], *size) if rated else size
