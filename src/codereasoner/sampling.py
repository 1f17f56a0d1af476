"""The one loop of prompt, complete and grade: evaluation, quiz, teacher and rating ask a model through it."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from codereasoner.errors import EndpointError, counted
from codereasoner.extend import Completion, Model, Prompt, Sampling, commonest, task_of
from codereasoner.records import Answer
from codereasoner.styles import Style
from codereasoner.task import Grade, Question, Runner, grade_all

BATCH = 500  # answers graded together: enough to keep every worker of a pool busy
SECONDS = 2.0  # after which fewer are graded, so that the share of right answers is shown in time


@dataclass(frozen=True)
class Sample:
    """One completion of a prompt, with its grade."""

    prompt: Prompt
    completion: Completion
    grade: Grade

    @property
    def correct(self) -> bool:
        """True for a right answer."""
        return self.grade.outcome == "correct"


def prompts_for(questions: Iterable[Question], style: Style, samples: Iterable[int] = (0,)) -> list[Prompt]:
    """Return the prompts of each question in turn, one for each number of `samples`."""
    numbers = tuple(samples)
    return [
        Prompt(question, messages, number, style.name)
        for question in questions
        for messages in [task_of(question).prompt(question, style)]
        for number in numbers
    ]


def sample_and_grade(
    prompts: Sequence[Prompt],
    model: Model,
    style: Style,
    sampling: Sampling,
    runner: Runner | None,
    arrived: Callable[[int, Completion], None] = lambda index, completion: None,
    graded: Callable[[Sequence[Grade]], None] = lambda grades: None,
    may_fail: bool = False,
) -> list[Sample]:
    """Ask the model every prompt and grade its completions in batches while the others are on their way.

    A prompt that the model leaves out counts as a failed request. `arrived` sees each completion before it is graded.

    Shapes: `n` prompts give `n` samples, in the same order.

    Raises:
        EndpointError: every request failed, and not `may_fail`.
    """
    completions: dict[int, Completion] = {}
    grades: dict[int, Grade] = {}
    waiting: list[int] = []
    last = time.monotonic()

    def grade_waiting() -> None:
        nonlocal last
        questions = [prompts[index].question for index in waiting]
        found = grade_completions(questions, [completions[index] for index in waiting], style, runner)
        grades.update(zip(waiting, found, strict=True))
        graded(found)
        waiting.clear()
        last = time.monotonic()

    for index, completion in model.complete(prompts, sampling):
        completions[index] = completion
        waiting.append(index)
        arrived(index, completion)
        if len(waiting) >= BATCH or time.monotonic() - last > SECONDS:
            grade_waiting()
    for index in range(len(prompts)):
        if index not in completions:
            completions[index] = Completion("", finish="error", reason="the model left the prompt out")
            waiting.append(index)
            arrived(index, completions[index])
    if not may_fail:
        _refuse_silence(model, completions.values())
    grade_waiting()
    return [Sample(prompt, completions[index], grades[index]) for index, prompt in enumerate(prompts)]


def grade_completions(
    questions: Sequence[Question],
    completions: Sequence[Completion | Answer],
    style: Style,
    runner: Runner | None = None,
) -> list[Grade]:
    """Grade what a model wrote for each question; a failed request keeps its own reason.

    Shapes: `n` questions and `n` completions give `n` grades, in the same order.
    """
    pairs = list(zip(questions, completions, strict=True))
    grades = grade_all(
        [(task_of(question), question, each.text, each.finish) for question, each in pairs], style, runner
    )
    return [
        replace(grade, reason=each.reason) if each.finish == "error" and each.reason else grade
        for grade, each in zip(grades, completions, strict=True)
    ]


def _refuse_silence(model: Model, completions: Collection[Completion]) -> None:
    reasons = Counter(each.reason for each in completions if each.finish == "error")
    if reasons and reasons.total() == len(completions):
        raise EndpointError(
            f"{model.identity} answered none of {counted(len(completions), 'request')}: {commonest(reasons)}"
        )
