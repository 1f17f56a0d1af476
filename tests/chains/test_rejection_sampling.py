from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from codereasoner import extend
from codereasoner.chains.rejection_sampling import reasoning, teach
from codereasoner.execution.pool import Pool
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.models.scripted import Scripted
from codereasoner.records import Run
from codereasoner.styles import find_style
from codereasoner.task import Question

STYLE = find_style("reasoning")
RUN = Run("def f(x):\n    return x + 1", "f", "3", "ok", "4")


def questions(task: str = "output", count: int = 3) -> list[Question]:
    runs = [Run(RUN.source, "f", str(n), "ok", str(n + 1)) for n in range(count)]
    return [question for run in runs for question in extend.task(task).collect(run).questions]


class Slow(Model):
    """Right from its n-th try on; it says which try it is, and answers in another order than it was asked."""

    name = "slow"

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        for index, prompt in reversed(list(enumerate(prompts))):
            right = prompt.sample + 1 >= int(self.target) and sampling.seed == prompt.sample
            answer = prompt.question.gold[0] if right else "'wrong'"
            text = f"<reasoning>try {prompt.sample}</reasoning><answer>{answer}</answer>"
            yield index, Completion(text)


def test_a_chain_is_kept_from_the_first_right_try() -> None:
    asked = questions()
    found = list(teach(asked, Slow("3"), STYLE, tries=5))
    assert [question for question, _, _ in found] == asked
    assert [(chain.text, chain.question, chain.by) for _, chain, _ in found if chain] == [
        ("try 2", question.id, "slow:3") for question in asked
    ]


def test_no_chain_is_kept_when_no_try_is_right() -> None:
    for _, chain, grade in teach(questions(), Slow("9"), STYLE, tries=2):
        assert chain is None
        assert (grade.outcome, grade.reason) == ("wrong", "another value")


def test_a_right_answer_without_reasoning_is_no_chain() -> None:
    for _, chain, grade in teach(questions(), Scripted("gold"), STYLE, tries=2):
        assert chain is None
        assert grade.reason == "no reasoning before the answer"


def test_answers_that_must_be_run_are_run(pool: Pool) -> None:
    found = list(teach(questions("input"), Slow("1"), STYLE, pool.run, tries=1))
    assert all(chain and grade.outcome == "correct" for _, chain, grade in found)


@pytest.mark.parametrize(
    ("completion", "thoughts"),
    [
        ("<reasoning>a\nb</reasoning><answer>1</answer>", "a\nb"),
        ("<think>a</think>\n<answer>1</answer>", "a"),
        ("First a.\n<answer>1</answer>", "First a."),
        ("The call passes 1.\n</think>\n\n<answer>1</answer>", "The call passes 1."),
        ("<answer>1</answer>", ""),
        ("1", ""),
    ],
)
def test_the_reasoning_is_found_in_its_tags_or_before_the_answer(completion: str, thoughts: str) -> None:
    assert reasoning(Completion(completion)) == thoughts
