"""Which questions are asked, wherever they are asked from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from codereasoner.errors import ConfigError, DataError
from codereasoner.evaluation.load_questions import load_questions
from codereasoner.exports.framework_questions import framework_questions
from codereasoner.ledger import write_records
from codereasoner.records import Job, Run
from codereasoner.task import Question


def nothing_runs(jobs: Sequence[Job]) -> list[Run]:
    raise AssertionError("a file of questions needs no execution")


def test_a_file_gives_its_split_and_an_empty_one_is_named(tmp_path: Path) -> None:
    facts = {"source": "def f():\n    return 1", "entry": "f", "call": ""}
    test, train = (
        Question("output", facts | {"call": f"{n}"}, ("1",), split=s) for n, s in ((1, "test"), (2, "train"))
    )
    write_records(tmp_path / "questions.jsonl", [test, train], {})
    name = str(tmp_path / "questions.jsonl")
    assert load_questions(name, None, "test", nothing_runs).questions == [test]
    assert framework_questions(name, split="train") == [train]
    with pytest.raises(ConfigError, match="no question of the split 'rl'"):
        load_questions(name, None, "rl", nothing_runs)


def test_a_question_that_a_file_has_twice_is_asked_once_and_two_of_one_id_are_refused(tmp_path: Path) -> None:
    facts = {"source": "def f(x):\n    return x", "entry": "f", "call": "1"}
    one, other = Question("output", facts, ("1",)), Question("output", facts | {"call": "2"}, ("2",))
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(each.to_json()) + "\n" for each in (one, other, one)))
    assert load_questions(str(path), None, "test", nothing_runs).questions == [one, other]
    path.write_text("".join(json.dumps(each.to_json() | {"id": "a"}) + "\n" for each in (one, other)))
    with pytest.raises(DataError, match="has two questions with the id 'a': give each an id of its own"):
        load_questions(str(path), None, "test", nothing_runs)


def test_data_without_programs_cannot_be_asked_from_any_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEREASONER_ALLOW_WEAK_ISOLATION", "1")
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps({"sample_0": "1"}))
    with pytest.raises(ConfigError, match="has no programs"):
        framework_questions("livecodebench-exec", str(path))
