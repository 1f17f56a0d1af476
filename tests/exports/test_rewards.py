"""verl's and OpenRLHF's reward functions pay the grade."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest
from tests.exports.test_batched_grader import FORWARD, LABEL, Counting, answers

from codereasoner.errors import ConfigError, DataError, InfrastructureError
from codereasoner.exports import batched_grader, openrlhf, verl
from codereasoner.exports.formats import read_label
from codereasoner.exports.framework_questions import grade_one

PROMPT = "<|im_start|>user\nGive the answer inside <answer>...</answer>.<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture(autouse=True)
def _counting(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = batched_grader.BatchedGrader(Counting())
    monkeypatch.setattr(batched_grader, "_GRADERS", {os.getpid(): chosen})


def test_verl_is_given_the_score_and_what_it_logs() -> None:
    right = verl.compute_score("codereasoner", answers(1)[0], LABEL, {"index": 3}, reward_router_address=None)
    assert right == {"score": 1.0, "acc": 1.0, "answered": 1.0, "infrastructure_error": 0.0}
    none = verl.compute_score("codereasoner", "I do not know", LABEL)
    assert none == {"score": 0.0, "acc": 0.0, "answered": 0.0, "infrastructure_error": 0.0}


def test_an_option_of_several_values_for_verl_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"reward_kwargs.reward is \['a.py:b'\]: give one value, not several"):
        verl.compute_score("c", "x", LABEL, reward=["a.py:b"])


def test_verl_gets_the_same_from_its_event_loop_and_for_a_batch() -> None:
    batch = verl.compute_scores(["c"] * 4, answers(4), [LABEL] * 4, [{}] * 4)

    async def one_by_one() -> list[dict[str, float]]:
        return await asyncio.gather(*(verl.compute_score_async("c", text, LABEL, {}) for text in answers(4)))

    assert asyncio.run(one_by_one()) == batch
    assert [each["score"] for each in batch] == [1.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize("completion", [None, b"<answer>f([1, 2])</answer>", 5, [], {}, [{"role": "tool"}], True])
def test_what_is_no_text_is_no_answer_for_verl_and_no_infrastructure_error(completion: Any) -> None:
    found = verl.compute_score("c", completion, LABEL)
    assert found == {"score": 0.0, "acc": 0.0, "answered": 0.0, "infrastructure_error": 0.0}
    one = grade_one(read_label(LABEL)[0], completion, "direct", truncated=False)
    assert asyncio.run(one).outcome == "no_answer"
    said = [{"role": "assistant", "content": answers(1)[0]}]
    assert verl.compute_scores(["c"], [said], [LABEL])[0]["score"] == 1.0  # type: ignore[list-item]


def test_a_batch_of_verl_has_a_label_for_each_completion() -> None:
    with pytest.raises(DataError, match="2 completions have 1 labels"):
        verl.compute_scores(["c"] * 2, answers(2), [LABEL])


def test_format_terms_are_off_by_default_and_given_by_name() -> None:
    paid = verl.compute_score("c", "nothing", LABEL, format_bonus=0.1, format_penalty=0.5)
    assert (paid["score"], paid["acc"]) == (-0.5, 0.0)
    assert verl.compute_scores(["c"], answers(1), [LABEL], format_bonus=0.1)[0]["score"] == 1.1
    with pytest.raises(ConfigError):
        verl.compute_score("c", "nothing", LABEL, format_bonus=-1)


def test_verl_and_openrlhf_pay_a_reward_of_ones_own(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "mine.py").write_text(
        "def text(grade, completion, tokens):\n    return grade.reward + len(completion)\n"
    )
    own = f"{tmp_path}/mine.py:text"
    [text] = answers(1)
    assert verl.compute_score("c", text, LABEL, reward=own)["score"] == 1.0 + len(text)
    assert verl.compute_scores(["c"], [text], [LABEL], reward=own, format_bonus=0.5)[0]["score"] == 1.5 + len(text)
    paid = openrlhf.RewardFunction(reward=own, end="<end>")([f"p{text}<end>"], ["p"], [LABEL])
    assert paid["rewards"].tolist() == [1.0 + len(text)]
    assert paid["scores"].tolist() == [1.0]


def test_openrlhf_gets_tensors_for_what_the_model_wrote_after_the_prompt() -> None:
    pytest.importorskip("torch")
    queries = [PROMPT + answers(1)[0] + "<|im_end|>", PROMPT + "no idea<|im_end|>"]
    found = openrlhf.reward_func(queries, [PROMPT] * 2, [LABEL] * 2)
    assert found["rewards"].tolist() == [1.0, 0.0]
    assert found["scores"].tolist() == [1.0, 0.0]
    assert found["extra_logs"]["infrastructure_error"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("end", ["<|im_end|>", "</s>", "<｜end▁of▁sentence｜>", "<eos>", "<|im_end|>\n<|endoftext|>"])
def test_the_end_token_is_no_part_of_an_open_ended_answer(end: str) -> None:
    pytest.importorskip("torch")
    assert openrlhf.reward_func(["p=[2]" + end], ["p"], [FORWARD])["rewards"].tolist() == [1.0]
    assert openrlhf.reward_func(["p=[2]"], ["p"], [FORWARD])["rewards"].tolist() == [0.0]  # it was cut off
    own = openrlhf.RewardFunction(end="<fin>")
    assert own(["p=[2]<fin>"], ["p"], [FORWARD])["rewards"].tolist() == [1.0]


@pytest.mark.parametrize("text", ["</s>", "</s> ", "<|a_b|>\n", "</s>" + " " * 99, "</s>x", " ", "<", ">s/<"])
def test_a_completion_of_nothing_but_ends_is_read_at_once(text: str) -> None:
    pytest.importorskip("torch")
    began = time.process_time()
    openrlhf.reward_func(["p" + text * (100_000 // len(text))], ["p"], [FORWARD])
    assert time.process_time() - began < 0.5


def test_a_prompt_that_lost_its_beginning_is_still_told_from_the_completion() -> None:
    pytest.importorskip("torch")
    long = "x" * 1000 + PROMPT
    query = long[700:] + answers(1)[0] + "<|im_end|>"
    assert openrlhf.reward_func([query], [long], [LABEL])["rewards"].tolist() == [1.0]
    unknown = openrlhf.reward_func([answers(1)[0] + "<|im_end|>"], [long], [LABEL])
    assert unknown["rewards"].tolist() == [0.0]


def test_a_draft_in_a_thought_that_the_prompt_opened_earns_nothing_until_the_thought_is_closed() -> None:
    pytest.importorskip("torch")
    prompt, right = f"{PROMPT}<think>\n", answers(1)[0]
    queries = [f"{prompt}so {right} or not<|im_end|>", f"{prompt}so</think>\n\n{right}<|im_end|>"]
    assert openrlhf.reward_func(queries, [prompt] * 2, [LABEL] * 2)["rewards"].tolist() == [0.0, 1.0]


def test_openrlhf_is_told_why_there_is_no_reward(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        batched_grader, "_GRADERS", {os.getpid(): batched_grader.BatchedGrader(Counting(failing=99), window=10)}
    )
    with pytest.raises(InfrastructureError):
        openrlhf.reward_func([PROMPT + answers(1)[0]], [PROMPT], [LABEL])
    assert "no reward: 1 of the latest 1 grades are failures of the grader" in caplog.text
