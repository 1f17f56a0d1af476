"""A folder of shards that grows while it is learnt: every row once, in order, also after a kill."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.training.following import CONFIG, Recorded, learnt, recorded, row, write_shard, write_shards

from codereasoner.errors import ConfigError, DataError
from codereasoner.ledger import read_manifest
from codereasoner.training.budget import Budget
from codereasoner.training.sft import sft
from codereasoner.training.shards import Shards
from codereasoner.training.streaming import Piece, Reader, batches_of_pass, pieces

ROOT = Path(__file__).parents[2]


def rows_of(piece: Piece) -> list[tuple[int, int]]:
    return [(int(Path(path).stem[-5:]), each) for path, first, stop in piece for each in range(first, stop)]


@pytest.mark.parametrize(("sizes", "batch", "processes"), [([5, 0, 1, 9], 4, 1), ([8, 8], 4, 2), ([3, 4, 7], 2, 3)])
def test_every_row_is_in_one_piece_of_a_pass_and_a_pass_follows_a_pass(
    sizes: list[int], batch: int, processes: int, tmp_path: Path
) -> None:
    folder = write_shards(tmp_path, sizes)
    count = batches_of_pass(Shards(folder, 1, Budget()), batch, processes)
    read = []
    for process in range(processes):
        made = pieces(Shards(folder, 1, Budget()), batch, process, processes)
        read.append([rows_of(piece) for piece in itertools.islice(made, 2 * count)])
    together = [list(itertools.chain(*parts)) for parts in zip(*read, strict=True)]
    whole = [(shard, each) for shard, size in enumerate(sizes) for each in range(size)]
    kept = len(whole) - len(whole) % processes if len(whole) % (batch * processes) else len(whole)
    assert list(itertools.chain(*together[:count])) == whole[:kept]
    assert together[count:] == together[:count]
    assert all(len(each) == batch * processes for each in together[: count - 1])


def test_a_folder_without_rows(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no rows"):
        next(pieces(Shards(write_shards(tmp_path, [0, 0]), 1, Budget()), 4))


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # on one core
def test_workers_give_the_same_batches_in_the_same_order(tmp_path: Path) -> None:
    folder = write_shards(tmp_path, [5, 6])
    reader = Reader(lambda rows, seen: [{"input_ids": [len(rows)]}], lambda found: {"size": found[0]["input_ids"][0]})
    made = list(itertools.islice(pieces(Shards(folder, 1, Budget()), 4), 3))
    loader = pytest.importorskip("torch").utils.data.DataLoader(reader, batch_size=None, sampler=made, num_workers=2)
    assert [batch["size"] for batch, _ in loader] == [4, 4, 3]


def test_rows_that_are_all_too_long_and_rows_that_are_none_are_told_in_a_sentence(base: Path, tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "rows", [4])
    with pytest.raises(DataError, match="none has at most 3 tokens"):
        sft(folder, base, tmp_path / "sft", replace(CONFIG, max_length=3))
    write_shard(folder, 0, [*map(row, range(4)), row(4) | {"completion": []}])
    with pytest.raises(DataError, match=r"rows-00000\.parquet: row 4 has no prompt and completion"):
        sft(folder, base, tmp_path / "sft", replace(CONFIG, readers=1))


def test_rows_of_shards_that_are_too_long_are_counted_also_by_readers(base: Path, tmp_path: Path) -> None:
    long = row(0) | {"id": "long", "completion": [{"role": "assistant", "content": "1" * 400}]}
    folder = write_shards(tmp_path / "rows", [3])
    write_shard(folder, 0, [row(0), row(1), row(2), long])
    config = replace(CONFIG, max_length=200, max_steps=4)
    for readers in (0, 1):
        out = sft(folder, base, tmp_path / f"sft-{readers}", replace(config, readers=readers))
        counts = (read_manifest(out) or {})["counts"]
        assert counts["too_long"] * 4 == counts["examples"]
        assert counts["too_long"] > 0


def test_a_folder_that_grows_needs_to_be_told_when_to_end(base: Path, tmp_path: Path) -> None:
    write_shard(tmp_path / "rows", 0, [row(0)])
    with pytest.raises(ConfigError, match="give --tokens, --operations, --seconds or --max-steps"):
        sft(tmp_path / "rows", base, tmp_path / "sft", replace(CONFIG, max_steps=None))
    with pytest.raises(ConfigError, match="--order file learns them as they arrive"):
        sft(tmp_path / "rows", base, tmp_path / "sft", replace(CONFIG, order="length"))


def test_a_folder_that_is_done_is_one_data_set(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trl.SFTTrainer", recorded())
    folder = write_shards(tmp_path / "rows", [5, 6, 8])
    config = replace(CONFIG, max_steps=None, epochs=2.0, readers=1)
    Recorded.log_path = tmp_path / "file.txt"
    sft(folder, base, tmp_path / "file", config)
    order = list(itertools.chain(*(numbers for _, numbers in learnt(Recorded.log_path))))
    assert order == [*range(19), *range(19)]
    Recorded.log_path = tmp_path / "length.txt"
    sft(folder, base, tmp_path / "length", replace(config, order="length", epochs=1.0))
    order = list(itertools.chain(*(numbers for _, numbers in learnt(Recorded.log_path))))
    assert sorted(order) == list(range(19))


def test_a_folder_that_grows_is_learnt_as_it_comes(base: Path, tmp_path: Path) -> None:
    """The second step waits for its rows, and its row in the history says so."""
    folder = tmp_path / "rows"
    write_shard(folder, 0, [row(each) for each in range(8)])
    told: list[tuple[float, str]] = []

    def progress(share: float, words: str) -> None:
        told.append((share, words))
        if words.startswith("waits for rows-00001.parquet: 1"):
            write_shard(folder, 1, [row(each) for each in range(8)])

    out = sft(folder, base, tmp_path / "sft", replace(CONFIG, max_steps=2), progress=progress)
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert [each["step"] for each in rows] == [1, 2]
    assert "waited" not in rows[0]
    assert 0.5 < rows[1]["waited"] <= rows[1]["seconds"]
    assert (0.5, "waits for rows-00001.parquet: 0 s") in told
    card = json.loads((out / "codereasoner.json").read_text())
    assert card["waited"] == rows[1]["waited"]
    assert card["tokens"] == rows[1]["tokens"]
    assert card["tokens_per_second"] == pytest.approx(card["tokens"] / card["seconds"], rel=0.05)


def test_a_training_whose_rows_stop_coming_keeps_what_it_learnt(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trl.SFTTrainer", recorded())
    Recorded.log_path = tmp_path / "learnt.txt"
    folder, out = tmp_path / "rows", tmp_path / "sft"
    write_shard(folder, 0, [row(each) for each in range(24)])
    config = replace(CONFIG, max_steps=5, save_seconds=600.0, patience=0.01)
    with pytest.raises(DataError, match="start what makes the rows again"):
        sft(folder, base, out, config)
    write_shards(folder, [24, 16])
    sft(folder, base, out, replace(config, readers=1))
    assert [step for step, _ in learnt(Recorded.log_path)] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert list(itertools.chain(*(numbers for _, numbers in learnt(Recorded.log_path)))) == list(range(40))


@pytest.mark.slow
def test_a_killed_training_goes_on_at_the_right_row(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [50, 17, 33, 80, 60]
    folder, out, log = tmp_path / "rows", tmp_path / "sft", tmp_path / "learnt.txt"
    firsts = list(itertools.accumulate(sizes, initial=0))
    for number in range(3):
        write_shard(folder, number, [row(each) for each in range(firsts[number], firsts[number + 1])])
    command = [sys.executable, "-m", "tests.training.following", str(folder), str(base), str(out), str(log)]
    process = subprocess.Popen(command, cwd=ROOT)
    deadline = time.monotonic() + 150
    while not list(out.glob("checkpoints/checkpoint-*/trainer_state.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    saved = max(int(path.name.rpartition("-")[2]) for path in out.glob("checkpoints/checkpoint-*"))
    before = [each for each in learnt(log) if each[0] < saved]
    assert before
    log.unlink()
    write_shards(folder, sizes)
    monkeypatch.setattr("trl.SFTTrainer", recorded())
    Recorded.log_path = log
    sft(folder, base, out, CONFIG)
    after = learnt(log)
    assert after[0][0] == saved
    Recorded.log_path = tmp_path / "uninterrupted.txt"
    sft(folder, base, tmp_path / "uninterrupted", CONFIG)
    assert before + after == learnt(Recorded.log_path)
    assert len(learnt(Recorded.log_path)) == 80
