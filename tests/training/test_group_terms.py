"""Right steps earn more than luck and a short right answer more than a long one, and neither can be faked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codereasoner import extend
from codereasoner.chains.claim_audit import consistency
from codereasoner.chains.narrator import narrate
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.group_terms import GroupTerms
from codereasoner.training.reward import Reward
from codereasoner.training.training_rows import question_text

SOURCE = """def f(numbers):
    total = 0
    for each in numbers:
        total += each
    return total
"""
STYLE = find_style("reasoning")
HONEST = "total = 0. each = 2, so total = 2. each = 3, so total = 5."
FAKES = {
    "no claims": "I add the numbers up.",
    "arguments": "numbers = [2, 3]. numbers = [2, 3]. numbers is [2, 3].",
    "no variables": "1 = 1 and 2 = 2, so 3 = 3.",
    "repeated": "total = 0. total = 0. total = 0. total = 0. total = 0. total = 0.",
    "the end": "total = 5.",
    "every number": "total = 1, total = 2, total = 3, total = 4, total = 5, total = 6, each = 1, each = 2, each = 3.",
    "out of order": "total = 5. each = 3. total = 2. each = 2. total = 0.",
    "honest and more": HONEST + " total = 7. total = 8. each = 9.",
}


@pytest.fixture(scope="module")
def run(pool: Pool) -> Run:
    return pool.run([Job(SOURCE, "f", "[2, 3]", record="trace")])[0]


@pytest.fixture(scope="module")
def question(run: Run) -> Question:
    return extend.task("output").collect(run).questions[0]


def test_an_honest_chain_is_consistent_and_the_narrators_too(run: Run, question: Question) -> None:
    assert consistency(HONEST, run) == 1.0
    assert consistency(HONEST.replace("5", "6"), run) < 0.8
    assert consistency(narrate(question, run).text, run) > 0.9


@pytest.mark.parametrize("name", FAKES)
def test_a_chain_that_says_nothing_of_the_run_or_too_much_gains_nothing_over_an_honest_one(name: str, run: Run) -> None:
    assert consistency(FAKES[name], run) < consistency(HONEST, run)
    assert consistency(FAKES[name], run) <= (0.0 if name in ("no claims", "arguments", "no variables") else 0.75)


def test_saying_an_honest_chain_twice_pays_no_more(run: Run) -> None:
    assert consistency(f"{HONEST} {HONEST}", run) <= 1.0


def test_only_right_answers_are_paid_for_their_steps(question: Question, pool: Pool) -> None:
    reward = Reward(STYLE, pool.run, groups=GroupTerms(consistency=0.5))
    texts = [f"<reasoning>{HONEST}</reasoning><answer>{answer}</answer>" for answer in ("5", "6")]
    texts += ["<answer>5</answer>", f"{HONEST}"]
    assert reward([], texts, [question_text(question)] * 4) == [1.5, 0.0, 1.0, 0.0]


def test_a_right_answer_is_charged_for_what_the_shortest_right_one_did_without(question: Question) -> None:
    reward = Reward(STYLE, groups=GroupTerms(brevity=0.4))
    other = replace(question, id="other")
    asked = [question_text(question)] * 4 + [question_text(other)]
    texts = [f"<answer>{answer}</answer>" for answer in ("5", "5", "6", "5", "5")]
    lengths = [[0] * count for count in (10, 20, 2, 100, 100)]
    found = reward([], texts, asked, completion_ids=lengths)
    assert found == pytest.approx([1.0, 0.8, 0.0, 0.64, 1.0])
    assert min(value for value in found if value) > 0.6 - 1e-9  # the longest right answer beats any wrong one


def test_a_question_without_a_run_is_graded_as_before(question: Question, pool: Pool) -> None:
    found = GroupTerms(consistency=0.5, brevity=0.2)
    bare = replace(question, facts={"source": SOURCE})
    grade = extend.task("output").grade(question, "<answer>5</answer>", STYLE)
    assert found.amounts([bare], ["total = 0"], [None], [grade], pool.run) == [0.0]
