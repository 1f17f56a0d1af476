"""The bi-level advantage of StepCodeReasoner (arXiv:2605.11922): each step of an answer has a reward of its own.

The tokens of step i of n, whose reward r_i is 1 where the step is right and 0 elsewhere, get the advantage

    A + weight * r_i * (1 + mean of r_j over the later steps j > i)

where A is GRPO's advantage of the whole completion and the mean over no steps is 0; the paper's weight is 0.3. All
other tokens get A. A step is one part of the answer on lines of its own, as in the task `anchors`.
"""

from collections.abc import Sequence
from typing import Any

from codereasoner.literals import items
from codereasoner.task import Grade
from codereasoner.training.reward import Reward

STEP = "step "  # the parts of a grade that are steps are named "step 1", "step 2", ...


def bonuses(rewards: Sequence[float], weight: float) -> list[float]:
    """Return the amount that each step adds to the advantage of its tokens.

    Shapes: `n` rewards give `n` bonuses.
    """
    found = []
    for index, reward in enumerate(rewards):
        later = rewards[index + 1 :]
        found.append(weight * reward * (1.0 + (sum(later) / len(later) if later else 0.0)))
    return found


def step_rewards(grade: Grade) -> list[float]:
    """Return the rewards of the steps in a grade, in order; none for a task whose answers have no steps."""
    count = sum(name.removeprefix(STEP).isdigit() for name in grade.parts if name.startswith(STEP))
    return [grade.parts[f"{STEP}{number}"] for number in range(1, count + 1)]


def token_bonuses(text: str, pieces: Sequence[str], grade: Grade, weight: float) -> list[float]:
    """Return the amount added to the advantage of each token; `pieces` are the texts of the tokens.

    Shapes: `n` tokens give `n` bonuses. A token belongs to the line that it begins in, and a newline to the
    line that it ends.
    """
    added = [0.0] * len(pieces)
    rewards = step_rewards(grade)
    if not rewards or grade.answer is None:
        return added
    start = text.rfind(grade.answer)
    if start < 0:
        return added
    of_line = {
        line: bonus
        for lines, bonus in zip(_lines_of_steps(text, start, grade.answer), bonuses(rewards, weight), strict=False)
        for line in lines
    }
    line = 0
    position = 0
    for index, piece in enumerate(pieces):
        if position + len(piece) > start:
            added[index] = of_line.get(line, 0.0)
        line += piece.count("\n")
        position += len(piece)
    return added


def _lines_of_steps(text: str, start: int, answer: str) -> list[range]:
    """Return the line numbers of each step in the completion; the last part of the answer is not a step."""
    found = []
    for step in items(answer)[:-1]:
        start = text.index(step, start)
        first = text.count("\n", 0, start)
        start += len(step)
        found.append(range(first, first + step.count("\n") + 1))
    return found


def bi_level(trainer: type, reward: Reward, weight: float) -> type:
    """Return TRL's GRPOTrainer with an advantage for each token, which its loss takes like one per completion."""

    class BiLevel(trainer):  # type: ignore[misc]
        """Only the advantages differ."""

        def _generate_and_score_completions(self, inputs: object) -> dict[str, object]:
            output: dict[str, Any] = super()._generate_and_score_completions(inputs)
            ids, mask = output["completion_ids"], output["completion_mask"]
            added = ids.new_zeros(ids.shape, dtype=output["advantages"].dtype)
            for row, grade in enumerate(reward.grades):
                kept = mask[row].bool()
                tokens = ids[row][kept].tolist()
                text = self.processing_class.decode(tokens)
                pieces = self.processing_class.batch_decode([[token] for token in tokens])
                added[row, kept] = added.new_tensor(token_bonuses(text, pieces, grade, weight))
            output["advantages"] = output["advantages"].unsqueeze(1) + added
            return output

    return BiLevel
