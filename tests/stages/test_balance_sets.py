"""Sets are balanced by direction, task, difficulty and construct."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.errors import ConfigError
from codereasoner.ledger import read_manifest, read_records, write_records
from codereasoner.stages.balance_sets import Choice, choose_questions, shares
from codereasoner.task import Question

LOOP = "def f(x):\n    for y in x:\n        x = y\n    return x"
PLAIN = "def f(x):\n    return x.upper()"


def question(number: int, task: str, difficulty: int, source: str, split: str = "train") -> Question:
    features = {"difficulty": difficulty}
    return Question(task, {"source": source, "call": str(number)}, ("1",), features, program=source, split=split)


def choose(folder: Path, questions: list[Question], **sizes: int) -> list[Question]:
    write_records(folder / "questions.jsonl", questions, {})
    choose_questions(Choice(folder / "questions.jsonl", sizes), folder / "chosen.jsonl")
    return list(read_records(folder / "chosen.jsonl", Question))


def test_a_total_is_shared_out_evenly_and_nobody_gets_more_than_there_is() -> None:
    assert shares(10, {"a": 2, "b": 100, "c": 100}) == {"a": 2, "b": 4, "c": 4}
    assert shares(7, {"a": 100, "b": 100}) == {"a": 3, "b": 4}
    assert shares(1000, {"a": 2, "b": 3}) == {"a": 2, "b": 3}
    assert shares(0, {"a": 2}) == {"a": 0}


def test_directions_tasks_and_difficulties_get_even_shares(tmp_path: Path) -> None:
    questions = [question(number, "output", 1 + number % 5 // 4, PLAIN) for number in range(500)]
    questions += [question(number, "state", 1, PLAIN) for number in range(300)]
    questions += [question(number, "input", 1, PLAIN) for number in range(100)]
    chosen = choose(tmp_path, questions, train=120)
    counted = [(q.task, q.features["difficulty"]) for q in chosen]
    assert {cell: counted.count(cell) for cell in set(counted)} == {
        ("input", 1): 60,
        ("state", 1): 30,
        ("output", 1): 15,
        ("output", 2): 15,
    }


def test_rare_constructs_are_taken_whole_and_common_ones_thinned_wherever_they_stand(tmp_path: Path) -> None:
    questions = [question(number, "output", 1, PLAIN) for number in range(100)]
    questions += [question(number, "output", 1, LOOP) for number in range(100, 105)]
    chosen = choose(tmp_path, questions, train=25)
    places = [int(q.facts["call"]) for q in chosen if q.program == PLAIN]
    assert len(chosen) - len(places) == 5
    assert places == sorted(places)
    assert {place // 25 for place in places} == {0, 1, 2, 3}


def test_no_more_questions_are_told_than_fill_the_set_and_one_without_a_chain_is_replaced(tmp_path: Path) -> None:
    questions = [question(number, "output", 1 + number % 3, PLAIN) for number in range(300)]
    questions += [question(number, "input", 1, PLAIN) for number in range(60)]
    write_records(tmp_path / "questions.jsonl", questions, {})
    choice = Choice(tmp_path / "questions.jsonl", {"train": 60}, ["output", "input"])
    no_chain = {each.id for each in questions if int(each.facts["call"]) % 2}
    lacking: set[str] = set()
    rounds = []
    for places in choice.rounds(lacking):
        rounds.append(places)
        lacking |= {choice.places[each].id for each in places} & no_chain
    told = [place for places in rounds for place in places]
    assert 110 < len(told) == len(set(told)) < 150
    taken = [len(chosen) for _, _, _, chosen in choice.chosen(lacking)]
    assert sorted(taken) == [10, 10, 10, 30]
    assert {place for _, _, _, chosen in choice.chosen(lacking) for place in chosen} <= set(told)
    assert list(choice.rounds(lacking)) == rounds  # as after a kill


def test_the_manifest_counts_what_was_there_and_what_was_taken(tmp_path: Path) -> None:
    questions = [
        question(number, task, 2, PLAIN, "train" if number < 10 else "rl")
        for number in range(20)
        for task in ("output", "input")
    ]
    choose(tmp_path, questions, train=8)
    manifest = read_manifest(tmp_path / "chosen.jsonl")
    assert manifest is not None
    assert manifest["balance"]["train"]["before"]["direction"] == {"forward": 10, "backward": 10}
    assert manifest["balance"]["train"]["after"]["direction"] == {"forward": 4, "backward": 4}
    assert manifest["balance"]["rl"]["after"]["task"] == {"output": 10, "input": 10}
    assert manifest["balance"]["rl"]["after"]["construct"] == {".upper": 20}


def test_a_negative_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"fewer than 0 questions \(train: -1\)"):
        choose(tmp_path, [], train=-1)
