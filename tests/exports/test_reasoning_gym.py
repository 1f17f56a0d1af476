"""reasoning-gym makes data sets of our questions, by its own factory, and scores answers with our grade."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.exports.conftest import EXCERPT, OF_EXCERPT, OF_RUNS

from codereasoner import extend
from codereasoner.errors import ConfigError
from codereasoner.styles import find_style
from codereasoner.task import Question

gym: Any


pytestmark = pytest.mark.slow  # the library takes seconds to import


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    global gym
    gym = pytest.importorskip("reasoning_gym", reason="pip install 'codereasoner[reasoning-gym]'")
    import codereasoner.exports.reasoning_gym  # noqa: F401


def dataset(name: str, **settings: Any) -> Any:
    data = {"data": str(EXCERPT)} if name in OF_EXCERPT else {}
    return gym.create_dataset(f"codereasoner_{name.replace('-', '_')}", size=3, seed=7, **data, **settings)


@pytest.mark.parametrize("name", [*OF_RUNS, *OF_EXCERPT])
def test_every_task_and_benchmark_is_a_data_set_that_rewards_its_answers_alone(name: str) -> None:
    data = dataset(name)
    entries = list(data)
    assert len({entry["metadata"]["question"]["id"] for entry in entries}) == len(data) == 3
    for entry in entries:
        question = Question.from_json(entry["metadata"]["question"])
        completion = extend.task_of(question).render(question, find_style("reasoning"))
        assert completion.strip()
        assert data.score_answer(entry["answer"], entry) == 1.0
        assert data.score_answer(completion, entry) == 1.0
        assert gym.utils.extract_answer(completion) == entry["answer"]
        assert [data.score_answer(wrong, entry) for wrong in (None, "", "no such answer", "<think>")] == [0.0] * 4


def test_all_of_the_registry_are_registered() -> None:
    from reasoning_gym.factory import DATASETS

    names = [*extend.available("benchmark"), *extend.available("task")]
    assert {f"codereasoner_{name.replace('-', '_')}" for name in names} <= set(DATASETS)


def test_a_seed_gives_the_same_questions_and_another_seed_others() -> None:
    first, again, other = (
        [entry["question"] for entry in gym.create_dataset("codereasoner_state", size=4, seed=seed)]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert not set(first) & set(other)


def test_threads_copies_and_forked_processes_get_the_same_questions() -> None:
    data, again = (gym.create_dataset("codereasoner_output", size=70, seed=1) for _ in range(2))
    wanted = [again[index] for index in range(70)]
    copy = pickle.loads(pickle.dumps(data))
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(data.__getitem__, range(5))) == wanted[:5]
    assert [copy[index] for index in range(5)] == wanted[:5]
    with multiprocessing.get_context("fork").Pool(1) as child:  # the grammar writes 64 programs at a time
        assert child.map(data.__getitem__, range(70)) == wanted


def test_a_data_set_that_was_interrupted_goes_on_with_the_same_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    from codereasoner.exports import reasoning_gym

    data, again = (gym.create_dataset("codereasoner_output", size=9, seed=1) for _ in range(2))
    wanted = [again[index] for index in range(9)]

    def broken(*given: object) -> Iterator[Question]:
        yield Question.from_json(wanted[0]["metadata"]["question"])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(reasoning_gym, "endless_questions", broken)
        with pytest.raises(KeyboardInterrupt):
            data[5]
    assert [data[index] for index in range(9)] == wanted


def test_it_is_a_part_of_composite_data_sets() -> None:
    from reasoning_gym.composite import DatasetSpec

    names = ("leg_counting", "codereasoner_output", "codereasoner_cruxeval_o")
    specs = [DatasetSpec(name, 1, {"data": str(EXCERPT)} if name.endswith("_o") else {}) for name in names]
    mixed = gym.create_dataset("composite", size=40, seed=3, datasets=specs)  # more than the excerpt has
    assert {entry["metadata"]["source_dataset"] for entry in mixed} == set(names)
    assert all(mixed.score_answer(entry["answer"], entry) == 1.0 for entry in mixed)


def test_a_questions_file_is_a_data_set(questions: list[Question], questions_file: Path) -> None:
    data = gym.create_dataset("codereasoner", questions=str(questions_file), size=100)
    assert [entry["answer"] for entry in data] == [question.gold[0] for question in questions]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 0}, "size must be at least 1"),
        ({"difficulty": 9}, "difficulty must be 0 to 5 or None, not 9"),
        ({"split": "dev"}, "dev"),
        ({"size": "3"}, "size must be a whole number, not '3'"),
        ({"seed": "a"}, "seed must be a whole number, not 'a'"),
        ({"style": 5}, "style must be a text, not 5"),
    ],
)
def test_a_wrong_setting_is_named_before_any_work(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        next(iter(gym.create_dataset("codereasoner_output", **settings)))


def test_a_task_without_questions_about_runs_says_where_they_are() -> None:
    with pytest.raises(ConfigError, match="'code-generation' asks nothing about runs of the grammar's programs"):
        next(iter(gym.create_dataset("codereasoner_code_generation", size=1)))


def test_a_task_without_questions_at_a_difficulty_says_so() -> None:
    with pytest.raises(ConfigError, match=r"'call-graph' asks nothing .* of difficulty 1: take a higher one"):
        next(iter(gym.create_dataset("codereasoner_call_graph", size=1, difficulty=1)))


def test_calls_that_raise_are_among_those_that_raises_asks_about() -> None:
    answers = [entry["answer"] for entry in gym.create_dataset("codereasoner_raises", size=40, seed=3)]
    assert 20 < answers.count("returns") < 36
