"""Nothing that is finished or begun is lost, and nothing is left out without a word."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Command

from codereasoner.cli import _os_error
from codereasoner.errors import IsolationError
from codereasoner.extend import Completion, Prompt, Sampling
from codereasoner.ledger import read_manifest
from codereasoner.models.scripted import Scripted

SOURCE = "def f(x):\n    y = x * 2\n    return y + 1"
PROGRAMS: list[dict[str, object]] = [{"source": SOURCE, "entry": "f", "calls": ["3", "5"], "split": "train"}]
BENCHMARKS = '''
from codereasoner.extend import Benchmark
from codereasoner.task import Question


class One(Benchmark):
    """One question."""

    name, title, version, license, paper = "bench-one", "One", "1", "MIT", ""
    files = ("data.jsonl",)

    def load(self, data, runner=None):
        facts = {"source": "def f(x):\\n    return x", "entry": "f", "call": "1"}
        return [Question("output", facts, ("1",))]


class Two(One):
    """The same, under another name."""

    name = "bench-two"
'''


def write(path: str, rows: list[dict[str, object]]) -> None:
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def questions(command: Command) -> Command:
    """questions.jsonl of both tasks, made through the commands, in the current folder."""
    write("programs.jsonl", PROGRAMS)
    assert command("trace", "programs.jsonl", "--workers", "1", "--allow-weak-isolation")[0] == 0
    assert command("ask", "runs.parquet")[0] == 0
    return command


def contents() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_another_option_does_not_replace_a_finished_file_and_fresh_keeps_it(questions: Command) -> None:
    assert questions("chain", "questions.jsonl")[0] == 0
    before = contents()
    code, _, err = questions("chain", "questions.jsonl", "--attempts", "1")
    assert code == 2
    assert "chains.jsonl holds a finished result of other options (attempts: 3, now 1)" in err
    assert contents() == before
    assert questions("chain", "questions.jsonl", "--attempts", "1", "--fresh")[0] == 0
    assert Path("chains.jsonl.old").read_bytes() == before["chains.jsonl"]


def test_an_output_whose_name_is_no_text_is_refused_before_any_work(command: Command) -> None:
    for out in ("x\udcff", "x\udcff/p.jsonl"):
        code, _, err = command("programs", "--train", "1", "--out", out)
        assert (code, "is not UTF-8 text" in err) == (2, True)
    assert not [*Path().iterdir()]


def test_an_output_that_is_the_input_is_refused_before_any_work(questions: Command) -> None:
    for words in (["trace", "programs.jsonl"], ["ask", "runs.parquet"], ["select", "questions.jsonl"]):
        before = contents()
        code, _, err = questions(*words, "--out", f"./{words[1]}")
        assert code == 2
        assert "which it would replace: give another path" in err
        assert contents() == before


@pytest.mark.parametrize(
    ("words", "foreign"),
    [
        (["trace", "programs.jsonl", "--out", "mine"], "mine"),
        (["ask", "runs.parquet", "--out", "mine.jsonl"], "mine.jsonl"),
        (["chain", "questions.jsonl"], "chains.jsonl"),
        (["select", "questions.jsonl"], "selected.jsonl"),
        (["harden", "questions.jsonl", "--with", "rename"], "hardened.jsonl"),
        (["audit", "told.jsonl", "--keep-above", "100", "--kept", "mine.jsonl"], "mine.jsonl"),
        (["audit", "told.jsonl", "--keep-above", "100"], "told.true.jsonl"),
        (["rows", "questions.jsonl", "--chains", "told.jsonl", "--grpo-out", "mine.jsonl"], "mine.jsonl"),
        (["rows", "questions.jsonl", "--chains", "told.jsonl"], "grpo.parquet"),
        (["export", "rows.jsonl", "--to", "messages"], "exports/rows.parquet"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_no_output_is_written_before_another_one_is_refused(words: list[str], foreign: str, questions: Command) -> None:
    assert questions("chain", "questions.jsonl", "--out", "told.jsonl")[0] == 0
    assert questions("rows", "questions.jsonl", "--chains", "told.jsonl", "--sft-out", "x", "--grpo-out", "y")[0] == 0
    Path("x").rename("rows.jsonl")
    Path(foreign).parent.mkdir(exist_ok=True)
    Path(foreign).write_text("precious\n")
    before = contents()
    code, _, err = questions(*words)
    assert (code, f"{foreign} is there and " in err) == (2, True), err
    assert contents() == before


def test_rows_of_other_options_are_refused_before_those_for_sft_are_written(questions: Command) -> None:
    assert questions("chain", "questions.jsonl")[0] == 0
    assert questions("rows", "questions.jsonl")[0] == 0
    before = contents()
    code, _, err = questions("rows", "questions.jsonl", "--rl-task", "input", "--sft-out", "other.parquet")
    assert (code, "grpo.parquet holds a finished result of other options (tasks: " in err) == (2, True)
    assert contents() == before


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        (
            ["audit", "chains.jsonl", "--keep-above", "50"],
            ["--keep-above", "100"],
            "chains.true.jsonl holds a finished",
        ),
        (["select", "questions.jsonl"], ["--by", "scripted:gold"], "selected.jsonl holds a finished"),
    ],
)
def test_a_second_output_of_other_options_is_refused_before_the_work_for_the_first(
    questions: Command, first: list[str], then: list[str], said: str
) -> None:
    assert questions("chain", "questions.jsonl", "--task", "output", "--workers", "1")[0] == 0
    weak = ["--workers", "1", "--allow-weak-isolation"]
    assert questions(*first, *weak)[0] == 0
    for made in Path().glob("chains.audit.jsonl*"):
        made.unlink()
    before = contents()
    code, _, err = questions(*first, *then, *weak)
    assert (code, said in err) == (2, True), err
    assert contents() == before


def test_chain_says_which_tasks_it_did_not_tell(questions: Command) -> None:
    _, _, err = questions("chain", "questions.jsonl")
    assert "without a chain: 2 of the task 'input' (--task NAME adds a task)" in err
    assert (read_manifest(Path("chains.jsonl")) or {})["not_told"] == {"input": 2}


def test_a_command_that_made_nothing_exits_with_1_and_says_why(questions: Command) -> None:
    code, _, err = questions("select", "questions.jsonl", "--low", "5")
    assert code == 1
    assert "selected.jsonl has no rows" in err


def test_questions_that_no_run_fits_are_missed_with_the_reason(questions: Command) -> None:
    code, _, err = questions("ask", "runs.parquet", "--task", "call-graph", "--out", "none.jsonl")
    assert code == 1
    assert "  not asked: call-graph: no function of the program is called on the way\n" in err  # `build` goes on
    assert "not asked: call-graph: no function of the program is called on the way)" in err


def test_chains_and_rows_are_made_of_what_lies_beside_the_questions(questions: Command) -> None:
    Path("set").mkdir()
    for name in ("runs.parquet", "questions.jsonl"):
        Path(name).rename(f"set/{name}")
    assert questions("chain", "set", "--out", "set/chains.jsonl")[0] == 0
    assert questions("rows", "set", "--sft-out", "set/sft.parquet", "--grpo-out", "set/grpo.parquet")[0] == 0
    assert questions("export", "set", "--to", "messages")[0] == 0
    code, _, err = questions("export", "exports/nothing", "--to", "messages")
    assert code == 2
    assert "there is no file exports/nothing" in err


def test_a_build_with_other_options_is_refused_before_any_work(command: Command) -> None:
    small = ["build", "--train", "2", "--rl", "1", "--workers", "1", "--allow-weak-isolation"]
    assert command(*small)[0] == 0
    before = contents()
    code, _, err = command(*small, "--attempts", "2")
    assert code == 2
    assert "set holds a begun result of other options (attempts: 3, now 2)" in err
    assert contents() == before
    assert command(*small)[0] == 0
    code, _, err = command(*small, "--attempts", "2", "--fresh", "--direct", "input")
    assert code == 0
    assert "of the task 'input' (--direct asks for none)" in err
    assert Path("set.old/sft.parquet").read_bytes() == before["set/sft.parquet"]


@pytest.mark.parametrize("fresh", [(), ("--fresh",)], ids=["", "fresh"])
@pytest.mark.parametrize(
    "words",
    [
        ("build", "--train", "2", "--out", "runs/set"),
        ("experiment", "method", "--name", "set"),
        ("evaluate", "questions.jsonl", "--model", "scripted:gold", "--out", "runs/set"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_whose_isolation_is_refused_leaves_everything_as_it_was(
    words: tuple[str, ...], fresh: tuple[str, ...], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise IsolationError("refused")

    if words[0] == "experiment":
        pytest.importorskip("trl")
    monkeypatch.setattr("codereasoner.benchmarks.loading.pool_for", refuse)
    if fresh:
        Path("runs/set").mkdir(parents=True)
    write(
        "questions.jsonl", [{"task": "output", "facts": {"source": SOURCE, "entry": "f", "call": "1"}, "gold": ["3"]}]
    )
    before = list(Path().rglob("*"))
    code, _, err = command(*words, *fresh)
    assert (code, err) == (1, "codereasoner: refused\n")
    assert list(Path().rglob("*")) == before


def test_a_current_folder_that_is_gone_is_said_to_be(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("gone").mkdir()
    monkeypatch.chdir("gone")
    Path("../gone").rmdir()
    code, _, err = command("build", "--train", "1", "--allow-weak-isolation")
    assert (code, err.endswith("the current folder was removed: change to one that is there\n")) == (1, True)


def test_two_benchmarks_of_one_file_have_two_folders(command: Command) -> None:
    Path("bench.py").write_text(BENCHMARKS)
    Path("data.jsonl").write_text("{}\n")
    common = ["--data", "data.jsonl", "--model", "scripted:gold", "--workers", "1", "--allow-weak-isolation"]
    for name in ("One", "Two"):
        assert command("evaluate", f"bench.py:{name}", *common)[0] == 0
    assert sorted(path.name for path in Path("evaluations").iterdir()) == [
        "bench-one@scripted-gold",
        "bench-two@scripted-gold",
    ]


def test_another_evaluation_does_not_replace_one_but_more_questions_continue_it(questions: Command) -> None:
    common = ["--split", "train", "--out", "found", "--workers", "1", "--allow-weak-isolation"]
    ask = ["evaluate", "questions.jsonl", "--model", "scripted:gold", *common]
    assert questions(*ask, "--limit", "2")[0] == 0
    assert questions(*ask)[0] == 0
    before = contents()
    for words, said in (
        (["--limit", "2"], "questions: 4, now 2"),
        (["--style", "direct"], 'style: "reasoning", now "direct"'),
        (["--temperature", "0.5"], "temperature: 0.0, now 0.5"),
    ):
        code, _, err = questions(*ask, *words)
        assert code == 2
        assert said in err
        assert contents() == before


def test_an_evaluation_whose_answers_are_all_errors_is_not_ranked(command: Command) -> None:
    summary = {"benchmark": "mine", "model": "m", "pass@1": 0.0, "n_questions": 2, "outcomes": {"error": 2}}
    for name, outcomes in (("mine@down", {"error": 2, "correct": 0}), ("mine@up", {"wrong": 2})):
        Path(f"evaluations/{name}").mkdir(parents=True)
        Path(f"evaluations/{name}/summary.json").write_text(json.dumps(summary | {"outcomes": outcomes}))
    code, out, err = command("leaderboard", "evaluations", "--json")
    assert code == 0
    assert [each["model"] for each in json.loads(out)["boards"][0]["entries"]] == ["up"]
    assert "mine@down: every answer is an error" in err


def test_what_the_system_refuses_is_one_sentence(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("programs.jsonl", PROGRAMS)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "runs.parquet.part")

    monkeypatch.setattr("codereasoner.ledger._write", full)
    code, _, err = command("trace", "programs.jsonl", "--workers", "1", "--allow-weak-isolation")
    assert code == 1
    assert "codereasoner: runs.parquet.part: No space left on device; what was written is kept" in err
    assert "Traceback" not in err
    assert "cannot write or read there" in _os_error(OSError(errno.EROFS, "Read-only file system", "x"))


@pytest.mark.parametrize(
    ("library", "name", "said"),
    [
        ("safetensors", "SafetensorError", "Error while serializing: I/O error: No space left on device (os error 28)"),
        ("builtins", "RuntimeError", "[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),  # torch
        ("sqlite3", "OperationalError", "database or disk is full"),
        ("builtins", "Exception", "No space left on device (os error 28)"),  # tokenizers
    ],
)
def test_a_full_disk_is_one_sentence_whichever_library_finds_it(
    library: str, name: str, said: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = getattr(pytest.importorskip(library), name)

    def full(*_: object, **__: object) -> None:
        raise error(said)

    write("programs.jsonl", PROGRAMS)
    monkeypatch.setattr("codereasoner.ledger._write", full)
    code, _, err = command("trace", "programs.jsonl", "--workers", "1", "--allow-weak-isolation")
    assert (code, "No space left on device; what was written is kept: make room" in err) == (1, True)
    assert "Traceback" not in err
    monkeypatch.setattr("codereasoner.ledger._write", lambda *_: (_ for _ in ()).throw(click.Abort()))
    code, _, err = command("trace", "programs.jsonl", "--workers", "1", "--allow-weak-isolation")
    assert (code, "stopped; the same command continues" in err) == (130, True)


def test_a_second_process_is_told_who_writes(questions: Command) -> None:
    code, _, err = questions("ask", "runs.parquet", "--out", "runs.parquet.manifest.json")
    assert code == 2
    assert "was not made by codereasoner" in err


def test_a_teacher_is_tried_on_a_few_questions_and_the_rest_is_projected(questions: Command) -> None:
    code, _, err = questions(
        "chain", "questions.jsonl", "--by", "scripted:gold", "--limit", "1", "--allow-weak-isolation"
    )
    assert "1 questions" in err
    assert "all 2 would give about" in err
    assert (read_manifest(Path("chains-first-1.jsonl")) or {})["trial"]["of"] == 2
    code, _, err = questions("chain", "questions.jsonl", "--limit", "1")
    assert code == 2
    assert "--limit tries a teacher: give --by MODEL" in err


@pytest.mark.parametrize(("name", "rated"), [("chain", ""), ("select", ".passes.jsonl")])
def test_an_answer_that_was_paid_for_is_not_asked_for_again(
    questions: Command, monkeypatch: pytest.MonkeyPatch, name: str, rated: str
) -> None:
    words = (name, "questions.jsonl", "--by", "scripted:gold", "--out", "out.jsonl", "--allow-weak-isolation")
    questions(*words)
    made = {each: Path(each).read_bytes() for each in {"out.jsonl", f"out.jsonl{rated}"}}
    for each in made:  # as if the command had been killed before its first row
        Path(each).unlink()
        Path(f"{each}.manifest.json").unlink()
    asked: list[Prompt] = []

    def complete(model: Scripted, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        asked.extend(prompts)
        return iter(())

    monkeypatch.setattr(Scripted, "complete", complete)
    questions(*words)
    assert {each: Path(each).read_bytes() for each in made} == made
    assert not asked


def test_what_was_asked_and_answered_is_shown(questions: Command) -> None:
    common = ["--split", "train", "--out", "found", "--workers", "1", "--allow-weak-isolation"]
    assert questions("evaluate", "questions.jsonl", "--model", "scripted:gold", *common)[0] == 0
    first = json.loads(Path("questions.jsonl").read_text().splitlines()[0])["id"]
    code, out, _ = questions("show", first[:8], "--folder", "found", "--json")
    assert code == 0
    found = json.loads(out)
    sent = [json.loads(line) for line in Path("found/prompts.jsonl").read_text().splitlines()]
    assert found["messages"] == next(row["messages"] for row in sent if row["id"] == first)
    assert [each["grade"]["outcome"] for each in found["answers"]] == ["correct"]
    code, out, _ = questions("show", first, "--folder", "found")
    assert code == 0
    assert found["answers"][0]["text"] in out
    code, _, err = questions("show", "zzz", "--folder", "found")
    assert code == 2
    assert "found has no question whose id begins with 'zzz'" in err
