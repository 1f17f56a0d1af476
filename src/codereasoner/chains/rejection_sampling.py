"""Chains by rejection sampling: a teacher thinks and answers; its thoughts are kept when its answer was right."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from codereasoner.extend import Completion, Model, Sampling, task_of
from codereasoner.records import Chain, batches_of
from codereasoner.sampling import Sample, prompts_for, sample_and_grade
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
    for batch in batches_of(questions, TOGETHER):
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
        prompts = prompts_for([batch[index] for index in left], style, [attempt])
        found = sample_and_grade(prompts, model, style, replace(sampling, seed=sampling.seed + attempt), runner)
        if spent is not None:
            spent["prompt_tokens"] += sum(each.completion.prompt_tokens for each in found)
            spent["completion_tokens"] += sum(each.completion.completion_tokens for each in found)
        results |= {index: _judge(sample, model) for index, sample in zip(left, found, strict=True)}
    for index, question in enumerate(batch):
        chain, grade = results[index]
        yield question, chain, grade


def _judge(sample: Sample, model: Model) -> tuple[Chain | None, Grade]:
    if not sample.correct:
        return None, sample.grade
    thoughts = reasoning(sample.completion)
    if not thoughts:
        return None, replace(sample.grade, reason="no reasoning before the answer")
    question, answer = sample.prompt.question, sample.grade.answer or ""
    if task_of(question).job(question, answer) is None:
        answer = ""  # one right answer: the gold one, in its canonical form; else the one that the thoughts lead to
    return Chain(question.id, thoughts, model.identity, answer=answer), sample.grade
