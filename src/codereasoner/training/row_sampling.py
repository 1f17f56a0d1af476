"""Sampling for rows of a training, by the model that is trained: prompt selection, RFT, and questions held out."""

from collections.abc import Iterator, Sequence

from codereasoner.extend import Prompt, Sampling
from codereasoner.models.checkpoint import Checkpoint
from codereasoner.models.device import lent_to_gpu
from codereasoner.models.local import Local, is_on_gpu, most_prompts, tokenise
from codereasoner.sampling import Sample, sample_and_grade
from codereasoner.styles import find_style
from codereasoner.task import Runner
from codereasoner.training.budget import FORWARD, Budget
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


def batches_within(
    share: float,
    budget: Budget,
    rows: Sequence[Row],
    loaded: Checkpoint,
    samples: int,
    max_tokens: int,
    processes: int = 1,
) -> Iterator[Sequence[Row]]:
    """Yield rows to sample together until this share of the budget is spent, and fewer where more would overrun it.

    The first batch is as small as if every completion had `max_tokens`; what the batches before took sizes the next.
    The caller adds to the budget what each of them takes, in all processes. Meanwhile the model is on the GPU, if any.
    """
    with lent_to_gpu(loaded.model):
        most, done, before = most_prompts(is_on_gpu(loaded.model), samples), 0, budget.spent
        while done < len(rows) and budget.share < share:
            size = most
            if budget.limit is not None and budget.unit in ("tokens", "operations"):
                if done:
                    cost = (budget.spent - before) / done
                else:
                    read = max(map(len, tokenise([row["prompt"] for row in rows[:most]], loaded.tokenizer)))
                    per_token = 1.0 if budget.unit == "tokens" else FORWARD * budget.parameters
                    cost = per_token * processes * samples * (read + max_tokens)
                size = min(most, max(1, int((share * budget.limit - budget.spent) / cost)))
            yield rows[done : done + size]
            done += size


def tokens_of(samples: Sequence[Sample]) -> int:
    """Return the tokens that were read and written for these samples."""
    return sum(each.completion.prompt_tokens + each.completion.completion_tokens for each in samples)
