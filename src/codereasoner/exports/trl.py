"""Our grade as a reward function of TRL's GRPOTrainer; it needs no runner and can be pickled."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set, Sized
from typing import Any

from codereasoner.errors import DataError
from codereasoner.exports.framework_questions import pool_of_process
from codereasoner.styles import Style, chosen_style
from codereasoner.training.reward import Reward
from codereasoner.training.reward_terms import RewardTerm, compose

DEFAULT = "reasoning"
"""The style of rows without a column `style`."""


class TrlReward:
    """A reward function: `GRPOTrainer(model, reward_funcs=TrlReward(), train_dataset=rows)`.

    style: the style of all rows; by default each row's own, from its column `style`.
    own: a reward in place of the grade's: a function or `file.py:function`.
    ends: the ids of the tokens that end a turn; with them a completion that was cut off is graded as truncated.

    Grading runs in the pool of the process that calls it, which is started on first use.
    """

    def __init__(
        self, style: Style | str | None = None, ends: frozenset[int] = frozenset(), own: str | RewardTerm | None = None
    ) -> None:
        self.style = chosen_style(style).name if isinstance(style, str) else style
        self.ends = ends
        self.term = compose(own)
        self.__name__ = "codereasoner_reward"

    def __call__(
        self,
        prompts: Sequence[object],
        completions: Sequence[object],
        question: Sequence[str | Mapping[str, object]] | None = (),
        style: Sequence[str] | None = None,
        completion_ids: Sequence[Sequence[int]] | None = None,
        **columns: object,
    ) -> list[float | None]:
        """Return the rewards, 0 to 1, of a step's completions in their order; None for an infrastructure error.

        Raises:
            DataError: the rows have no column `question`, or a column is no list or has another length.
            InfrastructureError: more than 1 % of the grades are infrastructure errors.
        """
        completions, question = _items("completions", completions), _items("question", question)
        style = None if style is None else _items("style", style)
        tokens = None if completion_ids is None else _items("completion_ids", completion_ids)
        count = len(completions)
        if len(question) != count:
            counts = f"{count} completions have {len(question)} questions"
            raise DataError(f"{counts}: the rows need the column `question` that those of grpo.parquet have")
        for name, column in {"style": style, "completion_ids": tokens}.items():
            if column is not None and len(column) != count:
                raise DataError(f"{count} completions have {len(column)} items in the column `{name}`")
        if odd := [ids for ids in tokens or () if not isinstance(ids, Sized)]:
            raise DataError(f"the column `completion_ids` has lists of tokens, not {odd[0]!r:.40}")
        if style and not all(isinstance(each, str) for each in style):
            raise DataError(f"the column `style` has the names of styles, not {style[0]!r:.40}")
        places: defaultdict[Style | str, list[int]] = defaultdict(list)
        for place in range(count):
            places[self.style or (style[place] if style else DEFAULT)].append(place)
        rewards: list[float | None] = [None] * count
        for each, its in places.items():
            graded = Reward(each, pool_of_process().run, self.ends, self.term)(
                (),
                [completions[place] for place in its],
                [_text(question[place]) for place in its],
                [tokens[place] for place in its] if tokens is not None else None,
                **columns,
            )
            for place, value in zip(its, graded, strict=True):
                rewards[place] = value
        return rewards

    async def score(
        self, prompts: Sequence[object], completions: Sequence[object], **columns: Any
    ) -> list[float | None]:
        """Return the same from async code, without blocking its loop."""
        return await asyncio.to_thread(self, prompts, completions, **columns)


def _items(name: str, column: object) -> list[Any]:
    """Return the items of a column in their order: one of pandas would give them by the labels of its rows."""
    if column is None:
        return []
    if isinstance(column, str | bytes | Mapping | Set) or not isinstance(column, Iterable):
        raise DataError(f"the column `{name}` must be a list, not {column!r:.40}")
    return list(column)


def _text(question: str | Mapping[str, object]) -> str:
    try:
        return question if isinstance(question, str) else json.dumps(question)
    except (TypeError, ValueError, RecursionError):
        raise DataError(f"a question is JSON text or its object, not {question!r:.40}") from None
