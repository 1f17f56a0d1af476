"""The advantage of each token, against the formula written down anew with numpy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.libraries import library
from tests.training.conftest import write

from codereasoner.styles import find_style
from codereasoner.task import Grade, Question
from codereasoner.training.bilevel import bi_level, bonuses, token_bonuses
from codereasoner.training.grpo import grpo
from codereasoner.training.reward import Reward
from codereasoner.training.scratch import make_tokenizer
from codereasoner.training.sft import sft
from codereasoner.training.training_config import GrpoConfig, SftConfig
from codereasoner.training.training_rows import grpo_row, question_text, sft_row

torch = library("torch")
WEIGHT = 0.3
SOURCE = "def f(n):\n    a = n\n    b = a\n    c = b\n    return c"
TERSE = find_style("terse")


def anchors(digit: int) -> Question:
    """Three steps and an output, all the same digit."""
    facts = {"source": SOURCE, "entry": "f", "call": str(digit), "anchors": [[2, ["a"]], [3, ["b"]], [4, ["c"]]]}
    return Question("anchors", facts, (f"a = {digit}\nb = {digit}\nc = {digit}\n{digit}",))


def expected(advantage: float, rewards: list[float], lines: list[str], end: str, tokenizer: Any) -> np.ndarray:
    """A + 0.3 r_i (1 + mean of the later r_j) for every token of line i; A for the = before, the last line, the end."""
    values = [advantage]
    for index, line in enumerate(lines):
        later = np.array(rewards[index + 1 :])
        bonus = 0.0
        if index < len(rewards):
            bonus = WEIGHT * rewards[index] * (1 + (later.mean() if later.size else 0.0))
        values += [advantage + bonus] * len(tokenizer(line, add_special_tokens=False)["input_ids"])
    return np.array([*values, *[advantage] * len(tokenizer(end, add_special_tokens=False)["input_ids"])])


def test_a_step_is_worth_more_when_later_steps_are_right() -> None:
    assert bonuses([1, 0, 1], WEIGHT) == pytest.approx([0.3 * 1.5, 0.0, 0.3])
    assert bonuses([1, 1, 1, 1], WEIGHT) == pytest.approx([0.6, 0.6, 0.6, 0.3])
    assert bonuses([0, 1, 0], 1.0) == pytest.approx([0.0, 1.0, 0.0])
    assert bonuses([], WEIGHT) == []


class Generated:
    """Stands for TRL's trainer: it has generated completions, padded on the right, and advantages for them."""

    def __init__(self, ids: Any, mask: Any, advantages: Any, tokenizer: Any) -> None:
        self.output = {"completion_ids": ids, "completion_mask": mask, "advantages": advantages}
        self.processing_class = tokenizer

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        return dict(self.output)


def test_the_advantages_of_all_tokens_follow_the_formula() -> None:
    tokenizer = make_tokenizer()
    question = question_text(anchors(7))
    answers = [
        (["a = 7\n", "b = 7\n", "c = 7\n", "7"], [1.0, 1.0, 1.0], 0.25),
        (["a = 7\n", "b = 5\n", "c = 7\n", "7"], [1.0, 0.0, 1.0], 0.25),
        (["a = 1\n", "b = 1\n", "c = 1\n", "1"], [0.0, 0.0, 0.0], -0.75),
        (["a = 7\n", "7"], [1.0, 0.0, 0.0], 0.25),
    ]
    end = tokenizer.eos_token
    tokens = [tokenizer("=" + "".join(lines) + end, add_special_tokens=False)["input_ids"] for lines, _, _ in answers]
    longest = max(map(len, tokens))
    ids = torch.tensor([each + [tokenizer.pad_token_id] * (longest - len(each)) for each in tokens])
    mask = torch.tensor([[1] * len(each) + [0] * (longest - len(each)) for each in tokens])
    advantages = torch.tensor([advantage for _, _, advantage in answers])
    reward = Reward(TERSE)
    reward([None] * 4, ["=" + "".join(lines) for lines, _, _ in answers], [question] * 4)
    trainer = bi_level(Generated, reward, WEIGHT)(ids, mask, advantages, tokenizer)
    output = trainer._generate_and_score_completions(None)
    assert output["advantages"].shape == ids.shape
    for row, (lines, rewards, advantage) in enumerate(answers):
        wanted = expected(advantage, rewards, lines, end, tokenizer)
        np.testing.assert_allclose(output["advantages"][row, : len(tokens[row])].numpy(), wanted, rtol=1e-6)


def test_reasoning_before_the_answer_and_answers_without_steps_get_nothing_more() -> None:
    text = "a is 7\n<answer>a = 7\n7</answer>"
    pieces = list(text)
    grade = Grade("correct", "a = 7\n7", parts={"step 1": 1.0, "steps": 1.0, "final": 1.0})
    added = token_bonuses(text, pieces, grade, WEIGHT)
    assert [piece for piece, value in zip(pieces, added, strict=True) if value] == list("a = 7\n")
    text = "=a = [7,\n 7]\n7"
    grade = Grade("correct", "a = [7,\n 7]\n7", parts={"step 1": 1.0})
    assert token_bonuses(text, list(text), grade, 1.0) == [0.0, *[1.0] * 12, 0.0]
    assert set(token_bonuses("=7", ["=", "7"], Grade("correct", "7"), WEIGHT)) == {0.0}
    assert set(token_bonuses("=7", ["=", "7"], Grade("no_answer"), WEIGHT)) == {0.0}


def white_box(digit: int) -> Question:
    questions = [{"kind": "state", "line": 2, "variable": "a", "time": 1}]
    facts = {"source": SOURCE, "entry": "f", "call": str(digit), "questions": questions}
    return Question("whitebox", facts, (f"{digit}\n{digit}; int",))


ASKED = {"anchors": [anchors(digit) for digit in range(10)], "whitebox": [white_box(digit) for digit in range(10)]}


@pytest.fixture(scope="module")
def started(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that answers some questions of both tasks."""
    folder = tmp_path_factory.mktemp("started")
    rows = [sft_row(question, None, TERSE) for asked in ASKED.values() for question in asked]
    tune = SftConfig(max_steps=60, batch=8, accumulate=1, learning_rate=3e-3, warmup=0.0, threads=1, optimizer="muon")
    return sft(write(folder / "sft.jsonl", rows), base, folder / "sft", tune)


@pytest.mark.parametrize("task", ["anchors", pytest.param("whitebox", marks=pytest.mark.slow)])
def test_a_model_trains_on_steps_and_on_the_mixed_reward(started: Path, tmp_path: Path, task: str) -> None:
    prompts = write(tmp_path / "grpo.jsonl", [grpo_row(question, TERSE) for question in ASKED[task]])
    practise = GrpoConfig(max_steps=3, batch=64, accumulate=1, learning_rate=5e-4, max_tokens=28, select=0, threads=1)
    practise = replace(practise, advantage="bi-level" if task == "anchors" else "group")
    out = grpo(prompts, started, tmp_path / "grpo", practise, None)
    history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert len(history) == 3
    assert max(row["reward"] for row in history) > 0
    assert all(row["grad_norm"] > 0 for row in history)
    assert (out / "model.safetensors").read_bytes() != (started / "model.safetensors").read_bytes()
