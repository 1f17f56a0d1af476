"""The difficulty of a question: the pass rate of a model, or the properties of its program.

CodeReasoner (arXiv:2507.17548) samples a small model ten times and keeps what it gets right at most three times.
"""

from dataclasses import dataclass

from codereasoner.errors import ConfigError, DataError
from codereasoner.records import Facts


@dataclass(frozen=True)
class Band:
    """The wanted levels, from `low` to `high`, both included; None: no upper bound."""

    low: int = 0
    high: int | None = None

    def __post_init__(self) -> None:
        if self.low < 0 or (self.high is not None and self.high < self.low):
            raise ConfigError(f"difficulties go from a low to a higher one, not from {self.low} to {self.high}")

    def reason(self, level: int) -> str | None:
        """Return why a question of a level is dropped, or None."""
        if level < self.low:
            return f"level {level} is below {self.low}"
        if self.high is not None and level > self.high:
            return f"level {level} is above {self.high}"
        return None


def is_solved_sometimes(rate: float) -> bool:
    """Return whether reinforcement learning gains from a pass rate, 0 to 1: not from one of always or never."""
    return 0.0 < rate < 1.0


def difficulty_of(features: Facts) -> int:
    """Return the difficulty of a question's program; 0 where it has none.

    Raises:
        DataError: it is no whole number.
    """
    found = features.get("difficulty", 0)
    if not isinstance(found, int):
        raise DataError(f"the difficulty of a question must be a whole number, not {found!r:.60}")
    return found


def level_of(features: Facts, rated: bool) -> int:
    """Return the level of a question: its correct samples if it is `rated`, else the difficulty of its program."""
    return int(features["passes"]) if rated else difficulty_of(features)


def hardness(features: Facts, facts: Facts, rated: bool) -> tuple[float, ...]:
    """Return the sort key of a curriculum, from easy to hard.

    Rated questions are ordered by pass rate, highest first; then, as the others, by the difficulty of the program and
    by the lengths of its source and its call.
    """
    size = (float(difficulty_of(features)), len(str(facts.get("source", ""))), len(str(facts.get("call", ""))))
    return (-features["passes"] / features["samples"], *size) if rated else size
