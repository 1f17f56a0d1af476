"""Chains by rejection sampling: a teacher thinks and answers; its thoughts are kept when its answer was right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from codereasoner import extend
from codereasoner.extend import Completion, Model, Prompt, Sampling, answered, grade_completions
from codereasoner.records import Chain
from codereasoner.styles import Style
from codereasoner.task import Grade, Question, Runner

TOGETHER = 256  # questions that are asked and graded in one batch

_TAGGED = re.compile(r"<reasoning>(.*)</reasoning>", re.DOTALL)


def teach(
    questions: Iterable[Question],
    model: Model,
    style: Style,
    runner: Runner | None = None,
    tries: int = 4,
    sampling: Sampling | None = None,
    spent: Counter[str] | None = None,
) -> Iterator[tuple[Question, Chain | None, Grade]]:
    """For each question, in order: the first chain that led to a right answer, or None and the grade of the last try.

    A question is asked again, with another seed, until a try is right or there were `tries` of them. What the model
    wrote without any reasoning is no chain, however right it is. `spent` counts prompt_tokens and completion_tokens.
    """
    sampling = sampling or Sampling(temperature=0.6, top_p=0.9, max_tokens=4096)
    stream = iter(questions)
    while batch := list(islice(stream, TOGETHER)):
        yield from _teach_together(batch, model, style, runner, tries, sampling, spent)


def reasoning(completion: Completion) -> str:
    """Return the reasoning that a model shows: in reasoning tags, before its answer, or else in its thoughts."""
    completion = completion.split()
    if found := _TAGGED.search(completion.text):
        return found.group(1).strip()
    before, answer, _ = completion.text.rpartition("<answer>")
    return (before.strip() if answer else "") or completion.thoughts


def _teach_together(
    batch: Sequence[Question],
    model: Model,
    style: Style,
    runner: Runner | None,
    tries: int,
    sampling: Sampling,
    spent: Counter[str] | None,
) -> Iterator[tuple[Question, Chain | None, Grade]]:
    results: dict[int, tuple[Chain | None, Grade]] = {}
    for attempt in range(tries):
        left = [index for index in range(len(batch)) if index not in results or results[index][0] is None]
        if not left:
            break
        asked = [batch[index] for index in left]
        completions = _complete(asked, model, style, replace(sampling, seed=sampling.seed + attempt), attempt)
        if spent is not None:
            spent["prompt_tokens"] += sum(each.prompt_tokens for each in completions)
            spent["completion_tokens"] += sum(each.completion_tokens for each in completions)
        grades = grade_completions(asked, completions, style, runner)
        for index, completion, grade in zip(left, completions, grades, strict=True):
            results[index] = _judge(batch[index], completion, grade, model)
    for index, question in enumerate(batch):
        chain, grade = results[index]
        yield question, chain, grade


def _judge(question: Question, completion: Completion, grade: Grade, model: Model) -> tuple[Chain | None, Grade]:
    if grade.outcome != "correct":
        return None, grade
    thoughts = reasoning(completion)
    if not thoughts:
        return None, replace(grade, reason="no reasoning before the answer")
    return Chain(question.id, thoughts, model.identity), grade


def _complete(
    questions: Sequence[Question], model: Model, style: Style, sampling: Sampling, attempt: int
) -> Sequence[Completion]:
    prompts = [
        Prompt(question, extend.task_of(question).prompt(question, style), attempt, style.name)
        for question in questions
    ]
    found = dict(model.complete(prompts, sampling))
    missing = Completion("", finish="error")
    return answered(model, [found.get(index, missing) for index in range(len(prompts))])
