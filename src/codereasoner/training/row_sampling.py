"""Sampling for rows of a training, by the model that is trained: prompt selection, RFT, and questions held out."""

from __future__ import annotations

from collections.abc import Sequence

from codereasoner.extend import Prompt, Sampling
from codereasoner.models.checkpoint import Checkpoint
from codereasoner.models.local import Local
from codereasoner.sampling import Sample, sample_and_grade
from codereasoner.styles import find_style
from codereasoner.task import Runner
from codereasoner.training.reward import refuse_errors
from codereasoner.training.training_rows import Row, read_question


def sample_rows(
    rows: Sequence[Row], loaded: Checkpoint, style: str, sampling: Sampling, runner: Runner | None, samples: int = 1
) -> list[Sample]:
    """Return graded samples of each prompt, as the model is now; the mode of training is put back.

    Shapes: `n` rows give `n * samples` samples, those of one row next to one another.

    Raises:
        InfrastructureError: more than 1 % of the grades are infrastructure errors.
    """
    prompts = [
        Prompt(question, row["prompt"], number, style)
        for row in rows
        for question in [read_question(row["question"])]
        for number in range(samples)
    ]
    was_training = loaded.model.training
    loaded.model.eval()
    found = sample_and_grade(prompts, Local("", loaded=loaded), find_style(style), sampling, runner)
    loaded.model.train(was_training)
    refuse_errors([each.grade for each in found])
    return found


def tokens_of(samples: Sequence[Sample]) -> int:
    """Return the tokens that were read and written for these samples."""
    return sum(each.completion.prompt_tokens + each.completion.completion_tokens for each in samples)
