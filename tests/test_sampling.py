"""The loop of prompt, complete and grade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from codereasoner.errors import EndpointError
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.sampling import KeptAnswers, kept_answers, prompts_for, sample_and_grade
from codereasoner.styles import find_style
from codereasoner.task import Grade, Question

STYLE = find_style("direct")
QUESTIONS = [
    Question("output", {"source": f"def f(x):\n    return x + {n}", "entry": "f", "call": "1"}, (str(n + 1),))
    for n in range(3)
]


class Shuffled(Model):
    """Answers the last prompt first, and leaves out the question whose gold answer is `silent_about`."""

    name = "shuffled"

    def __init__(self, silent_about: Sequence[str] = ()) -> None:
        super().__init__("")
        self.silent_about = silent_about

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        for index, prompt in reversed(list(enumerate(prompts))):
            gold = prompt.question.gold[0]
            if gold not in self.silent_about:
                yield index, Completion(f"<answer>{gold}</answer>")


def test_samples_are_in_the_order_of_the_prompts_whatever_order_the_model_answers_in() -> None:
    seen: list[int] = []
    graded: list[Grade] = []
    samples = sample_and_grade(
        prompts_for(QUESTIONS, STYLE, range(2)),
        Shuffled(),
        STYLE,
        Sampling(),
        None,
        lambda index, completion: seen.append(index),
        graded.extend,
    )
    assert [(each.prompt.question.gold[0], each.prompt.sample) for each in samples] == [
        (gold, number) for gold in "123" for number in (0, 1)
    ]
    assert all(each.correct for each in samples)
    assert seen == [5, 4, 3, 2, 1, 0]
    assert len(graded) == 6


def test_a_prompt_that_the_model_leaves_out_is_an_error_and_no_wrong_answer() -> None:
    samples = sample_and_grade(prompts_for(QUESTIONS, STYLE), Shuffled("2"), STYLE, Sampling(), None)
    assert [each.grade.outcome for each in samples] == ["correct", "error", "correct"]


def test_a_model_that_answers_nothing_is_refused_unless_that_is_allowed() -> None:
    prompts = prompts_for(QUESTIONS, STYLE)
    with pytest.raises(EndpointError, match="shuffled answered none of 3 requests: 3 x the model left the prompt out"):
        sample_and_grade(prompts, Shuffled("123"), STYLE, Sampling(), None)
    allowed = sample_and_grade(prompts, Shuffled("123"), STYLE, Sampling(), None, may_fail=True)
    assert {each.grade.outcome for each in allowed} == {"error"}


def test_a_kept_answer_is_never_asked_for_again_and_says_the_same(tmp_path: Path) -> None:
    out, prompts = tmp_path / "chains.jsonl", prompts_for(QUESTIONS * 2, STYLE, range(2))
    with kept_answers(out) as answers:
        sampling = Sampling(temperature=0.5)
        first = dict(KeptAnswers(Shuffled("2"), answers).complete(prompts, sampling))
        assert len(first) == 8
    with kept_answers(out) as answers:
        model = KeptAnswers(Shuffled("13"), answers)  # answers what is missing and nothing else
        assert dict(model.complete(prompts, sampling)) == first | {
            index: Completion("<answer>2</answer>") for index in (2, 3, 8, 9)
        }
        answers.finish()
    with kept_answers(out) as answers:
        assert len(dict(KeptAnswers(Shuffled("123"), answers).complete(prompts, sampling))) == 12
        assert not list(KeptAnswers(Shuffled("123"), answers).complete(prompts, Sampling()))
