"""The rows of history.jsonl, which a training appends as it goes."""

from typing import TypedDict


class HistoryRow(TypedDict, total=False):
    """One row: what was spent so far, and what the trainer measured since the row before.

    Held-out questions add `held_out` and `held_out TASK`, percent correct.
    """

    step: int
    seconds: float
    tokens: int
    operations: float
    loss: float
    learning_rate: float
    grad_norm: float
    token_accuracy: float
    reward: float
    pass_rate: float
    reward_seconds: float
    step_seconds: float
    zero_variance: float
    truncated: float
    completion_tokens: float
    entropy: float
    replaced_groups: float
    thrown_tokens: float
    waited: float
    too_long: int
    matrix_share: float
    held_out: float
