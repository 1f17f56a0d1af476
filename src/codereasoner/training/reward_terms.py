"""Reward terms: functions of a completion's grade, text and length, which compose.

A RewardTerm is any `function(grade, completion, tokens) -> float | None`. `verified` pays the grade; the others are
what some recipes add to it, off by default; a user's own function takes the place of `verified`:

    def brief(grade, completion, tokens):
        return grade.reward - 0.001 * (tokens or 0)

`tokens` is None where a trainer does not tell the length. None as a reward leaves the completion out of the training.
What the grader failed to grade is never paid and reaches no function.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, TypeAlias

from codereasoner.errors import ConfigError, DataError
from codereasoner.ledger import fingerprint
from codereasoner.plugin_files import call, load_file, split_reference
from codereasoner.task import Grade

RewardTerm: TypeAlias = Callable[[Grade, str, int | None], float | None]


def verified(grade: Grade, completion: str, tokens: int | None) -> float | None:
    """Return the grade's reward, 0 to 1."""
    return grade.reward


def pay_format(grade: Grade, completion: str, tokens: int | None, *, bonus: float) -> float:
    """Return a bonus for an answer that could be parsed, right or wrong."""
    return bonus if _is_answered(grade) else 0.0


def charge_format(grade: Grade, completion: str, tokens: int | None, *, penalty: float) -> float:
    """Take a penalty off for a completion without such an answer."""
    return 0.0 if _is_answered(grade) else -penalty


def charge_length(grade: Grade, completion: str, tokens: int | None, *, buffer: int, limit: int) -> float:
    """Return DAPO's soft over-long punishment (arXiv:2503.14476, eq. 13).

    It falls from 0 at `limit - buffer` tokens to -1 at `limit` and beyond. Without a length, it is 0.
    """
    return min(0.0, max(-1.0, (limit - buffer - (tokens or 0)) / buffer))


def _is_answered(grade: Grade) -> bool:
    return grade.outcome in ("correct", "wrong")


@dataclass(frozen=True)
class Sum:
    """The sum of several terms; None where one of them is None, or the grade has no reward."""

    terms: tuple[RewardTerm, ...]

    def __call__(self, grade: Grade, completion: str, tokens: int | None = None) -> float | None:
        if grade.reward is None:
            return None
        paid = 0.0
        for term in self.terms:
            value = term(grade, completion, tokens)
            if value is None:
                return None
            paid += value
        return paid


def compose(
    own: str | RewardTerm | None = None,
    *,
    format_bonus: float = 0.0,
    format_penalty: float = 0.0,
    overlong: int = 0,
    limit: int = 0,
) -> RewardTerm:
    """Return what the options of a training ask for: `verified` or a user's function, and the terms that are not 0.

    own: `file.py:function`, or the function itself.
    overlong: tokens below `limit` from which on length costs.

    Raises:
        ConfigError: a term is no amount from 0 up, or the buffer is longer than the limit.
        DataError: the file of the user's reward is missing, or has no such function.
    """
    amounts: list[object] = [format_bonus, format_penalty]  # of a YAML file or of another trainer's options
    if not all(isinstance(each, int | float) and 0 <= each < math.inf for each in amounts):
        raise ConfigError(
            f"format_bonus {format_bonus!r:.40} and format_penalty {format_penalty!r:.40} must be amounts from 0 up; "
            "the penalty is subtracted"
        )
    if not 0 <= overlong <= max(limit, 0):
        raise ConfigError(f"overlong {overlong} must be from 0 to the limit of a completion, which is {limit} tokens")
    terms: list[RewardTerm] = [verified if own is None else own_reward(own)]
    if format_bonus:
        terms.append(partial(pay_format, bonus=format_bonus))
    if format_penalty:
        terms.append(partial(charge_format, penalty=format_penalty))
    if overlong:
        terms.append(partial(charge_length, buffer=overlong, limit=limit))
    return Sum(tuple(terms))


@dataclass(frozen=True)
class OwnReward:
    """A user's own reward function, whose results are checked; another process loads its file again."""

    name: str
    function: RewardTerm

    def __call__(self, grade: Grade, completion: str, tokens: int | None = None) -> float | None:
        """Return the function's value as a float, or None.

        Raises:
            DataError: it raised an error, or returned what is not a finite number.
        """
        words = f"the reward {self.name} fails on a completion that is graded {grade.outcome}"
        path = split_reference(self.name)[0]
        value: object = call(self.function, grade, completion, tokens, path=path, words=words)
        if value is None:
            return None
        if not isinstance(value, Real) or not math.isfinite(value):
            raise DataError(
                f"the reward {self.name} returned {value!r:.60} for a completion that is graded {grade.outcome}: "
                "return a finite number, or None to leave the completion out"
            )
        return float(value)

    def __reduce__(self) -> tuple[object, ...]:
        own: object = self.name if split_reference(self.name)[1] else self.function
        return own_reward, (own,)


def own_reward(own: str | RewardTerm) -> RewardTerm:
    """Return a user's reward function, given as `file.py:function` or as the function itself.

    Raises:
        DataError: the file is missing, or has no such function; or it cannot be called with three values.
    """
    if isinstance(own, OwnReward):
        return own
    if not isinstance(own, str):
        return OwnReward(getattr(own, "__name__", type(own).__name__), _takes_three(own, str(own)))
    path, name = split_reference(own)
    if path.suffix != ".py":
        raise DataError(f"the reward '{own}' is not a function of a file: write FILE.py:FUNCTION")
    module = load_file(path)
    found = getattr(module, name, None) if name else None
    if not callable(found):
        there_are = [key for key, each in vars(module).items() if getattr(each, "__module__", "") == module.__name__]
        wrong = f"has no function '{name}'" if name else f"names no function: write {path}:FUNCTION"
        raise DataError(f"{path} {wrong}; it has: {', '.join(there_are) or 'none'}")
    return OwnReward(f"{path.resolve()}:{name}", _takes_three(found, own))


def _takes_three(function: Callable[..., Any], name: str) -> RewardTerm:
    try:
        inspect.signature(function).bind(None, None, None)
    except TypeError as error:
        raise DataError(f"the reward {name} must take (grade, completion, tokens): {error}") from None
    except ValueError:  # a callable of C that does not tell its parameters
        pass
    return function


def reward_identity(own: str | None) -> str | None:
    """Return what identifies a user's reward in a training's identity: the content of its file, and the function."""
    if own is None:
        return None
    path, name = split_reference(own)
    return f"{fingerprint(path)}:{name}"
