"""The one loop of prompt, complete and grade: evaluation, quiz, teacher and rating ask a model through it.

`KeptAnswers` makes a model of which a killed stage asks nothing twice.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codereasoner.errors import EndpointError, counted
from codereasoner.extend import Completion, Model, Prompt, Sampling, commonest, task_of
from codereasoner.ledger import Ledger, record_of
from codereasoner.records import Answer, answer_key
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


class KeptAnswers(Model):
    """A model whose answers are appended to a ledger as they arrive and are never asked for again.

    A failed request is not kept. The identity, also in the answers, is that of the model.
    """

    def __init__(self, model: Model, answers: Ledger) -> None:
        super().__init__(model.target)
        self._model = model
        self._answers = answers

    @property
    def identity(self) -> str:
        """The identity of the model."""
        return self._model.identity

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """Yield the kept completions, then those of the model as they are ready."""
        facts, identity = sampling.facts(), self.identity
        keys = [answer_key(each.question.id, identity, each.style, each.sample, facts) for each in prompts]
        known = {key for key in keys if key in self._answers}
        missing = [index for index, key in enumerate(keys) if key not in known]
        found = {}
        for number, row in enumerate(self._answers.rows(), start=1) if known else ():
            if row["id"] in known:
                each = record_of(self._answers.path, number, row, Answer)
                counted = (each.prompt_tokens, each.completion_tokens)
                found[each.id] = Completion(each.text, each.finish, *counted, each.thoughts, each.reason)
        yield from ((index, found[key]) for index, key in enumerate(keys) if key in found)
        for place, completion in self._model.complete([prompts[index] for index in missing], sampling):
            prompt, key = prompts[missing[place]], keys[missing[place]]
            if completion.finish != "error":
                answer = Answer(
                    prompt.question.id,
                    identity,
                    prompt.style,
                    prompt.sample,
                    completion.text,
                    completion.finish,
                    facts,
                    completion.prompt_tokens,
                    completion.completion_tokens,
                    thoughts=completion.thoughts,
                    id=key,
                )
                self._answers.append(answer)
            yield missing[place], completion


def answers_of(out: Path) -> Path:
    """Return the path of the answers from which an output is made."""
    return out.with_name(f"{out.name}.answers.jsonl")


def kept_answers(out: Path) -> Ledger:
    """Return the ledger of the answers from which an output is made."""
    return Ledger(answers_of(out), {"records": "answers"}, reopen=True)


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
