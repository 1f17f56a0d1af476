"""What became of one row: kept, dropped and why, or nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.errors import DataError
from codereasoner.ledger import Ledger, write_records
from codereasoner.reports.provenance import Found, provenance

PROGRAM = {"id": "aaaaaa01", "source": "", "entry": "f", "calls": ["1", "2"], "origin": "mine/0", "split": "train"}
RUNS = [
    {
        "id": "bbbbbb01",
        "program": "aaaaaa01",
        "entry": "f",
        "call": "1",
        "outcome": "ok",
        "value": "2",
        "split": "train",
    },
    {
        "id": "bbbbbb02",
        "program": "aaaaaa01",
        "entry": "f",
        "call": "2",
        "outcome": "ok",
        "value": "2",
        "split": "train",
    },
]
QUESTION = {
    "id": "cccccc01",
    "run": "bbbbbb01",
    "program": "aaaaaa01",
    "task": "output",
    "gold": ["2"],
    "split": "train",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_records(tmp_path / "programs.jsonl", [PROGRAM, {**PROGRAM, "id": "aaaaaa02"}], {})
    with Ledger(tmp_path / "runs.parquet", {}) as runs:
        runs.append(RUNS[0])
        runs.drop(RUNS[1], "copy of an argument")
        runs.finish()
    write_records(tmp_path / "questions.jsonl", [QUESTION], {})
    write_records(
        tmp_path / "chains.jsonl", [{"id": "dddddd01", "question": "cccccc01", "by": "narrator", "text": "x"}], {}
    )
    write_records(tmp_path / "grpo.parquet", [{"id": "cccccc09", "style": "direct"}], {})
    return tmp_path


def told(found: list[Found]) -> list[tuple[str, str, str]]:
    return [(each.file, each.id, each.fate) for each in found]


def test_a_program_shows_all_that_was_made_of_it_and_what_was_dropped(folder: Path) -> None:
    found = provenance(folder, "aaaaaa01")
    assert told(found) == [
        ("programs.jsonl", "aaaaaa01", "kept"),
        ("runs.parquet", "bbbbbb01", "kept"),
        ("runs.parquet", "bbbbbb02", "dropped"),
        ("questions.jsonl", "cccccc01", "kept"),
        ("chains.jsonl", "dddddd01", "kept"),
        ("grpo.parquet", "", "absent"),
    ]
    assert found[2].words == "run f(2): ok, 2, split train: copy of an argument"
    assert found[-1].words == "no row of it: `build` makes this file of the split rl"


def test_a_chain_shows_where_it_came_from_and_none_of_its_siblings(folder: Path) -> None:
    assert [each.id for each in provenance(folder, "dddddd")] == ["aaaaaa01", "bbbbbb01", "cccccc01", "dddddd01", ""]


def test_a_short_id_is_found_if_it_is_whole(folder: Path) -> None:
    write_records(folder / "questions.jsonl", [{**QUESTION, "id": "7"}], {})
    assert ("questions.jsonl", "7", "kept") in told(provenance(folder, "7"))


def test_a_dropped_run_is_found_by_its_id(folder: Path) -> None:
    assert told(provenance(folder, "bbbbbb02"))[:2] == [
        ("programs.jsonl", "aaaaaa01", "kept"),
        ("runs.parquet", "bbbbbb02", "dropped"),
    ]


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("aaaaaa", "2 ids begin with 'aaaaaa': aaaaaa01, aaaaaa02"),
        ("ffffff", "no row of .* has the id 'ffffff'"),
        ("aa", "'aa' is too short"),
    ],
)
def test_an_id_that_cannot_be_found_is_said_in_one_sentence(folder: Path, wanted: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        provenance(folder, wanted)
