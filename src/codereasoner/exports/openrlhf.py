"""Our grade as OpenRLHF's reward: `--reward.remote_url .../codereasoner/exports/openrlhf.py`.

OpenRLHF loads this file and calls `reward_func`. For other settings, name a file of your own:

    from codereasoner.exports.openrlhf import RewardFunction
    reward_func = RewardFunction(format_bonus=0.1, end="<|im_end|>")

OpenRLHF has its own length term, `--reward.overlong_buffer_len`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from codereasoner.errors import CodeReasonerError, import_extra
from codereasoner.exports.batched_grader import grader_of_process
from codereasoner.thoughts import has_opened
from codereasoner.training.reward_terms import RewardTerm, compose

if TYPE_CHECKING:
    from torch import Tensor

_END = "|".join((r">\|[A-Za-z0-9_]{2,30}\|<", r">｜[^<>\n]{2,30}｜<", ">s/<", ">soe<", ">nrut_fo_dne<"))
"""The known tokens that end a text, written backwards: from its end, all of them are found in one pass."""
TAIL = 200  # characters at the end of a prompt that find it in a query whose beginning was cut off


class Rewards(TypedDict):
    """The result that OpenRLHF reads: float tensors of shape (n,)."""

    rewards: Tensor
    scores: Tensor  # 0 to 1, for dynamic filtering
    extra_logs: dict[str, Tensor]


class RewardFunction:
    """A callable with the signature of OpenRLHF's reward_func(queries, prompts, labels).

    end: the token that ends a completion; by default any known one. A completion without it counts as cut off.
    format_bonus, format_penalty, reward: as in `training.reward_terms.compose`; `reward` is your own function.
    """

    def __init__(
        self,
        format_bonus: float = 0.0,
        format_penalty: float = 0.0,
        end: str = "",
        reward: str | RewardTerm | None = None,
    ) -> None:
        self._term = compose(reward, format_bonus=format_bonus, format_penalty=format_penalty)
        self._ends = re.compile(rf"(?:\s*(?:{re.escape(end[::-1]) or _END}))+")

    def __call__(
        self, queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str], **others: object
    ) -> Rewards:
        """Return the rewards of completions, whose labels `codereasoner export --to openrlhf` wrote.

        OpenRLHF cannot leave a completion out: an infrastructure error, graded twice, counts 0 and is logged as
        infrastructure_error.

        Raises:
            InfrastructureError: these are more than 1 % of the latest thousand. OpenRLHF logs it and stops.
        """
        completions = [self._completion(query, prompt) for query, prompt in zip(queries, prompts, strict=True)]
        texts = [text for text, _ in completions]
        try:
            grades = grader_of_process().grade(labels, texts, [finish for _, finish in completions])
            paid = [self._term(grade, text, None) or 0.0 for grade, text in zip(grades, texts, strict=True)]
        except CodeReasonerError as error:
            logging.getLogger(__name__).error("no reward: %s", error)
            raise
        tensor = import_extra("torch", "train").tensor
        right = tensor([float(grade.outcome == "correct") for grade in grades])
        failed = tensor([float(grade.outcome == "error") for grade in grades])
        return {
            "rewards": tensor(paid),
            "scores": right,
            "extra_logs": {"correct": right, "infrastructure_error": failed},
        }

    def _completion(self, query: str, prompt: str) -> tuple[str, str]:
        """Return the text of the model, without the prompt and the end token, and its finish reason."""
        shown = prompt if query.startswith(prompt) else prompt[-TAIL:]  # OpenRLHF cuts long prompts at the front
        text = query.partition(shown)[2] if shown else query
        opened = has_opened(prompt)
        text = opened[0] + text if opened else text
        ends = self._ends.match(text[::-1])
        return (text, "length") if ends is None else (text[: len(text) - ends.end()], "stop")


reward_func = RewardFunction()
