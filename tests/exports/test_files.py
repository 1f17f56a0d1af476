"""Rows in other trainers' formats hold what ours held, whatever their number."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from tests.exports.rows import STYLE, many, write_rows

from codereasoner import extend
from codereasoner.errors import ConfigError, DataError, UnknownName
from codereasoner.execution.pool import Pool
from codereasoner.exports.formats import FORMATS, read_label, write_label
from codereasoner.exports.write_files import export
from codereasoner.ledger import read_manifest, read_rows, write_records
from codereasoner.records import Job, Run
from codereasoner.task import Question
from codereasoner.training.training_rows import question_text


@pytest.fixture(scope="module")
def rows(questions: list[Question], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_rows(tmp_path_factory.mktemp("rows"), questions)


def exported(rows: Path, to: str, out: Path) -> list[dict[str, Any]]:
    return list(read_rows(export(rows, to, out)[0]))


@pytest.mark.parametrize("to", FORMATS)
def test_every_row_of_instruction_tuning_is_there_once_with_its_prompt_and_completion(
    to: str, rows: tuple[Path, Path], questions: list[Question], tmp_path: Path
) -> None:
    found = exported(rows[0], to, tmp_path)
    assert [row["id"] for row in found] == [question.id for question in questions]
    text = json.dumps(found[0])
    task = extend.task(questions[0].task)
    for part in (
        task.prompt(questions[0], STYLE)[0]["content"],
        task.render(questions[0], STYLE, "Step by step."),
    ):
        assert json.dumps(part) in text


@pytest.mark.parametrize("to", [name for name, form in FORMATS.items() if form.rl])
def test_the_label_of_a_prompt_holds_its_question_and_style(
    to: str, rows: tuple[Path, Path], questions: list[Question], tmp_path: Path
) -> None:
    for row, question in zip(exported(rows[1], to, tmp_path), questions, strict=True):
        if to == "trl":
            assert row["question"] == question_text(question)
        else:
            place = {"verl": "reward_model/ground_truth", "nemo-gym": "verifier_metadata/label"}.get(to, "label")
            label: Any = reduce(lambda value, name: value[name], place.split("/"), row)
            assert read_label(label) == (question, STYLE)


def test_what_is_no_label_is_refused_with_a_sentence() -> None:
    odd = ('{"style": [], "question": {}}', '{"style": "terse", "question": "a"}', "9" * 5000, "[" * 100_000)
    for text in ("[2]", "", "{}", "[1]", "x", *odd):
        with pytest.raises(DataError, match="not a label that `codereasoner export` wrote"):
            read_label(text)
    with pytest.raises(UnknownName):
        read_label(
            write_label("{}", "no style").replace('"question":{}', '"question":{"task":"x","facts":{},"gold":[]}')
        )


def test_a_label_whose_question_has_no_answer_is_refused(rows: tuple[Path, Path], tmp_path: Path) -> None:
    [path] = export(rows[1], "verl", tmp_path)
    label = next(iter(read_rows(path)))["reward_model"]["ground_truth"]
    question = {**json.loads(label)["question"], "gold": []}
    with pytest.raises(DataError, match="has no right answer"):
        read_label(json.dumps({**json.loads(label), "question": question}))


def test_the_same_export_twice_does_no_work_twice(rows: tuple[Path, Path], tmp_path: Path) -> None:
    [path] = export(rows[1], "verl", tmp_path)
    before = path.stat().st_mtime_ns
    assert export(rows[1], "verl", tmp_path) == [path]
    assert path.stat().st_mtime_ns == before
    manifest = read_manifest(path)
    assert manifest is not None
    assert manifest["config"]["to"] == "verl"
    assert manifest["counts"]["kept"] > 0


def test_all_rows_of_a_program_are_held_out_or_none(questions: list[Question], tmp_path: Path) -> None:
    [_, grpo] = write_rows(tmp_path, many(questions, 400))
    files = export(grpo, "verl", tmp_path / "out", held_out=0.2)
    programs = [
        {read_label(row["reward_model"]["ground_truth"])[0].program for row in read_rows(file)} for file in files
    ]
    assert not programs[0] & programs[1]
    assert len(programs[0] | programs[1]) == 200
    assert 20 <= len(programs[1]) <= 60


def test_llamafactory_gets_an_entry_beside_those_that_are_there(rows: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text('{"other": {"file_name": "other.json"}}')
    export(rows[0], "llamafactory", tmp_path)
    info = json.loads((tmp_path / "dataset_info.json").read_text())
    assert list(info) == ["other", "sft"]
    assert info["sft"]["file_name"] == "sft.jsonl"
    for text in ("{", "[]", "[" * 100_000):
        (tmp_path / "dataset_info.json").write_text(text)
        with pytest.raises(DataError, match=r"dataset_info\.json.*repair or remove it"):
            export(rows[0], "llamafactory", tmp_path)


def test_wrong_use_is_one_sentence(rows: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"'verrl' is unknown, did you mean 'verl'\?; there are: compact-trace, cwm"):
        export(rows[0], "verrl", tmp_path)
    with pytest.raises(ConfigError, match="prompts without completions, which messages cannot train on"):
        export(rows[1], "messages", tmp_path)
    with pytest.raises(ConfigError, match="a share from 0 to below 1"):
        export(rows[1], "verl", tmp_path, held_out=2)
    with pytest.raises(DataError, match=r"--held-out 0\.001 divides none of the few programs"):
        export(rows[1], "verl", tmp_path / "out", held_out=0.001)
    assert not (tmp_path / "out").exists()
    with pytest.raises(DataError, match="there is no file"):
        export(tmp_path / "none.parquet", "verl", tmp_path)
    empty, other = tmp_path / "empty.jsonl", tmp_path / "other.jsonl"
    empty.write_text("")
    with pytest.raises(DataError, match="has no rows"):
        export(empty, "verl", tmp_path)
    other.write_text('{"id": "1", "text": "a"}\n')
    with pytest.raises(DataError, match="row 1 has no prompt and no question and no style: is it a file of"):
        export(other, "verl", tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"question": {"task": "output"}}, "row 1 has no text 'question'"),
        ({"id": 7}, "row 1 has no text 'id'"),
        ({"prompt": [{"role": "user", "content": None}]}, "row 1: the content of a message must be a text"),
        ({"prompt": "f(1) == ??"}, r"row 1: the prompt must be a list of messages, not 'f\(1\) == \?\?'"),
        ({"completion": "2"}, "row 1: the completion must be a list of messages, not '2'"),
    ],
)
def test_a_row_with_a_field_of_another_type_is_refused(
    change: dict[str, object], told: str, rows: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "grpo.jsonl"
    path.write_text(json.dumps(next(iter(read_rows(rows[1]))) | change) + "\n")
    for to in ("trl", "verl", "openrlhf", "nemo-gym"):
        with pytest.raises(DataError, match=told):
            export(path, to, tmp_path / to)


def test_rows_of_both_kinds_in_one_file_are_refused(rows: tuple[Path, Path], tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.jsonl"
    last = list(read_rows(rows[1]))[-1] | {"id": "last"}
    write_records(mixed, [*read_rows(rows[0]), last], {})
    with pytest.raises(DataError, match="row 7 has a completion or none, unlike the rows before it"):
        export(mixed, "verl", tmp_path)


@pytest.mark.parametrize(
    ("to", "prompt", "completion"),
    [
        ("cwm", "<|begin_of_text|><|trace_context_start|>def f(x):", "<|call_sep|>{}<|action_sep|>def main():"),
        ("compact-trace", "1\tdef f(x):\n2\t    return x[1:]\nf([1, 2])\n", "call 1 x=[1, 2]\n2\nreturn 2 [2]"),
    ],
)
def test_runs_are_written_in_a_trace_language_and_one_without_a_trace_is_dropped(
    to: str, prompt: str, completion: str, tmp_path: Path, pool: Pool
) -> None:
    runs = pool.run([Job("def f(x):\n    return x[1:]\n", "f", call, record="trace") for call in ("[1, 2]", "[\n1]")])
    write_records(tmp_path / "runs.parquet", [*runs, Run("", "g", "", "timeout")], {})
    [row] = exported(tmp_path / "runs.parquet", to, tmp_path / "out")
    assert row["prompt"].startswith(prompt)
    assert row["completion"].startswith(completion)
    manifest = read_manifest(tmp_path / "out" / "runs.jsonl") or {}
    assert manifest["drops"] == {"the call has several lines": 1, "the run has no whole trace": 1}


def test_a_file_that_holds_no_runs_is_refused_before_anything_is_written(
    rows: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"row 1: it is a row for SFT, and a run is wanted, as `codereasoner trace`"):
        export(rows[0], "cwm", tmp_path / "out")
    (tmp_path / "runs.jsonl").touch()
    with pytest.raises(DataError, match="has no rows"):
        export(tmp_path / "runs.jsonl", "cwm", tmp_path / "out")
    assert not (tmp_path / "out").exists()
