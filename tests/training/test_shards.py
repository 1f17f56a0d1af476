"""A folder of shards: what is waited for, and what is said when it cannot be read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.training.following import row, write_shard, write_shards

from codereasoner.errors import DataError
from codereasoner.training.budget import Budget
from codereasoner.training.shards import POLL, Shard, Shards, is_folder


def test_a_name_without_the_suffix_of_rows_is_a_folder_to_come(tmp_path: Path) -> None:
    assert is_folder(tmp_path)
    assert is_folder(tmp_path / "runs" / "0.5m")
    assert not is_folder(tmp_path / "rows.parquet")
    assert not is_folder(tmp_path / "rows.jsonl")


def test_shards_come_in_the_order_of_their_numbers_and_end_with_done(tmp_path: Path) -> None:
    shards = Shards(write_shards(tmp_path, [3, 0, 2]), 1, Budget())
    assert [(shard.path.name, shard.rows) for shard in shards.all()] == [
        ("rows-00000.parquet", 3),
        ("rows-00001.parquet", 0),
        ("rows-00002.parquet", 2),
    ]
    assert shards.whole
    assert shards.get(3) == "end"


def test_a_shard_that_is_not_there_yet_is_waited_for_and_the_clock_knows_how_long(tmp_path: Path) -> None:
    told: list[str] = []
    budget = Budget()

    def tell(words: str) -> None:
        told.append(words)
        if told.count(words) == 1:  # it is made while it is waited for
            write_shard(tmp_path / "late", len(told) - 1, [row(0)])

    shards = Shards(tmp_path / "late", 600, budget, tell)
    assert shards.first.rows == 1
    assert budget.waited == 0.0  # nothing is learnt yet
    began = time.monotonic()
    assert isinstance(shards.get(1), Shard)
    assert POLL <= budget.waited <= time.monotonic() - began
    assert told == [f"waits for rows-{number:05d}.parquet: 0 s" for number in (0, 1)]


def test_waiting_ends_with_the_time(tmp_path: Path) -> None:
    write_shard(tmp_path, 0, [row(0)])
    budget = Budget(0.3)
    shards = Shards(tmp_path, 20, budget)
    assert isinstance(shards.get(0), Shard)
    assert shards.get(1) == "over"
    assert budget.over


def test_a_silent_producer_is_given_up_with_what_to_start(tmp_path: Path) -> None:
    write_shard(tmp_path, 0, [row(0)])
    shards = Shards(tmp_path, 0.3, Budget())
    shards.get(0)
    with pytest.raises(DataError, match=r"nothing new .* rows-00001\.parquet .* start what makes the rows again"):
        shards.get(1)


def test_a_producer_that_writes_something_is_not_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def look_again(seconds: float) -> None:
        now[0] += 0.4  # of a patience of 1 s
        (tmp_path / f"part-{now[0]:.1f}").touch()
        if now[0] > 4:
            write_shard(tmp_path, 0, [row(0)])

    monkeypatch.setattr(time, "sleep", look_again)
    assert Shards(tmp_path, 1.0, Budget()).first.rows == 1


def test_an_empty_folder_that_is_done(tmp_path: Path) -> None:
    (tmp_path / "done.json").write_text("{}")
    with pytest.raises(DataError, match=r"has done\.json and no rows-00000\.parquet"):
        Shards(tmp_path, 1, Budget()).get(0)


def test_a_gap_in_the_numbers_of_a_folder_that_is_done(tmp_path: Path) -> None:
    write_shards(tmp_path, [2, 2, 2])
    (tmp_path / "rows-00001.parquet").unlink()
    with pytest.raises(DataError, match=r"rows-00001\.parquet is missing, although rows-00002\.parquet is there"):
        list(Shards(tmp_path, 1, Budget()).all())


def test_a_shard_that_holds_no_rows_of_instruction_tuning(tmp_path: Path) -> None:
    write_shard(tmp_path, 0, [{"id": "1", "prompt": "x", "question": "{}"}])
    with pytest.raises(DataError, match=r"rows-00000\.parquet has no column completion"):
        Shards(tmp_path, 1, Budget()).get(0)
    (tmp_path / "rows-00000.parquet").write_text("nothing")
    with pytest.raises(DataError, match=r"rows-00000\.parquet: not a parquet file"):
        Shards(tmp_path, 1, Budget()).get(0)


def test_a_shard_in_another_style_than_the_first(tmp_path: Path) -> None:
    write_shard(tmp_path, 0, [row(0)])
    write_shard(tmp_path, 1, [row(1, "reasoning")])
    shards = Shards(tmp_path, 1, Budget())
    shards.get(0)
    with pytest.raises(DataError, match=r"rows-00001\.parquet: .* several styles: reasoning, terse"):
        shards.get(1)
