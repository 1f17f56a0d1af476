"""The stages that build data, from programs to training rows."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.errors import ConfigError
from codereasoner.execution.pool import Pool
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger, read_manifest, read_records, read_rows
from codereasoner.records import Program, Run
from codereasoner.stages.ask_questions import ask_questions
from codereasoner.stages.build_dataset import Paths
from codereasoner.stages.build_dataset import build as whole_build
from codereasoner.stages.engine import make_engine
from codereasoner.stages.make_programs import write_programs
from codereasoner.stages.stage_options import BuildConfig
from codereasoner.stages.trace_calls import Keep, trace_programs
from codereasoner.stages.write_chains import narrate_chains
from codereasoner.stages.write_rows import write_grpo_rows, write_sft_rows
from codereasoner.styles import find_style
from codereasoner.task import Question, grade_all

TERSE = find_style("terse")


def unwatched(name: str) -> AbstractContextManager[Progress]:
    return nullcontext(silent)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file from programs to rows, of 60 programs."""
    folder = tmp_path_factory.mktemp("run")
    build(folder)
    return folder


def build(folder: Path) -> None:
    source = extend.find("source", "procedural", breadth="tiny")
    write_programs(folder / "programs.jsonl", [("train", 40, source), ("rl", 10, source), ("test", 10, source)], {})
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        trace_programs(folder / "programs.jsonl", folder / "runs.parquet", pool)
    ask_questions(folder / "runs.parquet", folder / "questions.jsonl", ["output", "input"])
    narrate_chains(folder / "questions.jsonl", folder / "runs.parquet", folder / "chains.jsonl", ["output"], "states")
    rows = (folder / "questions.jsonl", folder / "chains.jsonl", folder / "sft.parquet")
    write_sft_rows(*rows, TERSE, direct=["input"])
    write_grpo_rows(folder / "questions.jsonl", folder / "grpo.parquet", TERSE, ["input"])


def test_two_processes_make_the_same_bytes_as_one(tmp_path: Path) -> None:
    made = []
    for workers in (1, 2):
        paths = Paths(tmp_path / str(workers))
        with make_engine(workers=workers) as engine, Pool(workers=1, allow_weak_isolation=True) as pool:
            config = BuildConfig(train=100, rl=50, sft_size=80, rl_size=40)  # several batches for each process
            whole_build(tmp_path / str(workers), config, pool, engine, unwatched, allow_weak_isolation=True)
        made.append({path.name: path.read_bytes() for path in vars(paths).values() if path.is_file()})
    assert made[0] == made[1]
    assert {"runs.parquet", "chains.jsonl", "sft.parquet"} <= made[0].keys()


def test_chains_that_are_told_until_the_set_is_full_are_the_same_after_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for stops in (0, 4):
        folder = tmp_path / str(stops)
        paths, config = Paths(folder), BuildConfig(train=40, rl=5, sft_size=50, rl_size=5)
        for number in range(1, stops + 1):
            with monkeypatch.context() as patch:
                patch.setattr("codereasoner.stages.write_chains.Ledger", partial(Stopping, 12 * number))
                with pytest.raises(KeyboardInterrupt):
                    built_alone(folder, config)
        built_alone(folder, config)
        made.append({path.name: path.read_bytes() for path in vars(paths).values() if path.is_file()})
    assert made[0] == made[1]
    told = made[0]["chains.jsonl"].count(b"\n")
    assert 50 <= told < made[0]["questions.jsonl"].count(b"\n") * 3 // 4
    assert len(list(read_rows(tmp_path / "4" / "sft.parquet"))) == 50


class Stopping(Ledger):
    """A ledger that is stopped, as by a key, after some rows."""

    def __init__(self, rows: int, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.rows_left = rows

    def append(self, record: Any) -> bool:
        """Write a row, or stop."""
        if len(self) >= self.rows_left:
            raise KeyboardInterrupt
        return super().append(record)


def built_alone(folder: Path, config: BuildConfig) -> None:
    """Build in this process alone."""
    with make_engine(workers=1) as engine, Pool(workers=1, allow_weak_isolation=True) as pool:
        whole_build(folder, config, pool, engine, unwatched, allow_weak_isolation=True)


def test_every_program_is_in_one_split_only(built: Path) -> None:
    programs = list(read_records(built / "programs.jsonl", Program))
    assert len({program.id for program in programs}) == len(programs) == 60
    assert {program.split for program in programs} == {"train", "rl", "test"}


def test_every_kept_call_of_every_program_is_traced(built: Path) -> None:
    calls = sum(len(program.calls) for program in read_records(built / "programs.jsonl", Program))
    runs = list(read_records(built / "runs.parquet", Run))
    dropped = built / "runs.parquet.dropped.jsonl"
    assert len(runs) + (len(list(read_rows(dropped))) if dropped.exists() else 0) == calls
    assert all(run.steps and run.outcome == "ok" for run in runs)


def test_the_rendered_gold_and_chain_of_every_row_is_graded_correct(built: Path) -> None:
    questions = {question.id: question for question in read_records(built / "questions.jsonl", Question)}
    rows = list(read_rows(built / "sft.parquet"))
    items = [
        (extend.task(questions[row["id"]].task), questions[row["id"]], row["completion"][0]["content"], "stop")
        for row in rows
    ]
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        grades = grade_all(items, TERSE, pool.run)
    assert {grade.outcome for grade in grades} == {"correct"}


def test_training_rows_come_from_their_own_split(built: Path) -> None:
    splits = {question.id: question.split for question in read_records(built / "questions.jsonl", Question)}
    assert {splits[row["id"]] for row in read_rows(built / "sft.parquet")} == {"train"}
    assert {splits[row["id"]] for row in read_rows(built / "grpo.parquet")} == {"rl"}


def test_the_second_time_nothing_is_done(built: Path) -> None:
    files = [path for path in built.iterdir() if path.is_file()]
    before = {path: path.stat().st_mtime_ns for path in files}
    build(built)
    assert {path: path.stat().st_mtime_ns for path in files} == before


def test_an_output_of_another_input_is_not_replaced(built: Path, tmp_path: Path) -> None:
    for name in ("questions.jsonl", "runs.parquet"):
        (tmp_path / name).write_bytes((built / name).read_bytes())
    chains = tmp_path / "chains.jsonl"
    words = (tmp_path / "questions.jsonl", tmp_path / "runs.parquet", chains, ["output"])
    narrate_chains(*words, "states")
    before = chains.read_bytes()
    lines = (tmp_path / "questions.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "questions.jsonl").write_text("".join(lines[:10]))
    with pytest.raises(ConfigError, match=r"chains\.jsonl holds a finished result of other options \(questions: "):
        narrate_chains(*words, "states")
    assert chains.read_bytes() == before


def test_dropped_runs_are_counted_by_reason(tmp_path: Path) -> None:
    programs = tmp_path / "programs.jsonl"
    bodies = ["return x[9]", "return x", "return x[:1]", "print('\\udc80')\n    return x[:1]"]
    sources = [f"def f(x):\n    {body}" for body in bodies]
    write_programs(programs, [("train", 4, Listed(sources))], {})
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        trace_programs(programs, tmp_path / "runs.parquet", pool)
    manifest = read_manifest(tmp_path / "runs.parquet")
    assert manifest is not None
    assert manifest["counts"] == {"kept": 1, "dropped": 3}
    assert manifest["drops"] == {"raises IndexError": 1, "copy of an argument": 1, "prints what is not text": 1}


def test_what_another_hash_seed_changes_is_dropped_and_the_branches_are_counted(tmp_path: Path) -> None:
    sources = [
        "def f(x):\n    return ''.join(set(map(chr, range(97, 97 + 9 * len(x)))))",
        "def f(x):\n    if x[0] > 1:\n        return x[0] * 2\n    return x[:1]",
    ]
    programs, out = tmp_path / "programs.jsonl", tmp_path / "runs.parquet"
    write_programs(programs, [("train", 2, Listed(sources, ("[1, 2]", "[0]", "[2]", "[0]")))], {})
    with (
        Pool(workers=1, allow_weak_isolation=True) as pool,
        Pool(workers=1, allow_weak_isolation=True, hash_seed=1) as again,
    ):
        trace_programs(programs, out, pool, again=again, keep=Keep(calls=2))
    manifest = read_manifest(out)
    assert manifest is not None
    assert manifest["drops"] == {"not deterministic": 3, "copy of an argument": 1}
    assert [run.call for run in read_records(out, Run)] == ["[1, 2]", "[2]"]
    assert manifest["branches"] == {"programs": 1, "whole": 1, "possible": 2, "covered": 2, "share": 1.0}


class Listed(extend.Source):
    """These programs, each called with a list of two."""

    name = "listed"

    def __init__(self, sources: list[str], calls: tuple[str, ...] = ("[1, 2]",)) -> None:
        self.sources = sources
        self.calls = tuple(dict.fromkeys(calls))

    def programs(self, split: str, count: int):  # type: ignore[no-untyped-def]
        """One program for each source."""
        return iter([Program(source, "f", self.calls, split=split) for source in self.sources[:count]])


@pytest.mark.slow
def test_a_trace_stage_killed_again_and_again_ends_with_the_same_bytes(tmp_path: Path) -> None:
    source = extend.find("source", "procedural", breadth="tiny")
    write_programs(tmp_path / "programs.jsonl", [("train", 400, source)], {})
    command = [sys.executable, "-m", "codereasoner", "trace", str(tmp_path / "programs.jsonl")]
    command += ["--workers", "1", "--allow-weak-isolation", "--out"]
    moments = random.Random(0)
    for _ in range(4):
        process = subprocess.Popen([*command, str(tmp_path / "killed.jsonl")], stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.3, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
    for name in ("killed.jsonl", "whole.jsonl"):
        subprocess.run([*command, str(tmp_path / name)], check=True, stderr=subprocess.DEVNULL)
    assert (tmp_path / "killed.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_rl_rows_can_be_of_chosen_difficulties(built: Path, tmp_path: Path) -> None:
    write_grpo_rows(built / "questions.jsonl", tmp_path / "g.parquet", TERSE, ["input@3", "output@1-2"])
    chosen = {row["id"] for row in read_rows(tmp_path / "g.parquet")}
    wanted = {
        question.id
        for question in read_records(built / "questions.jsonl", Question)
        if question.split == "rl" and (question.features["difficulty"] == 3) == (question.task == "input")
    }
    assert chosen == wanted != set()


@pytest.mark.parametrize("text", ["input@", "input@x", "input@3-x"])
def test_difficulties_that_are_none_are_refused(built: Path, tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="write input, input@5 or input@3-5"):
        write_grpo_rows(built / "questions.jsonl", tmp_path / "g.parquet", TERSE, [text])
