"""Public data sets: small files of our own in their schemas, and what of them does not pass the filters."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from codereasoner.curation.static_filters import StaticFilters
from codereasoner.errors import ConfigError, DataError
from codereasoner.execution.pool import Pool
from codereasoner.extend import Rejected
from codereasoner.ledger import read_manifest, read_records, read_rows
from codereasoner.parquet_files import write_parquet
from codereasoner.records import Program, Run
from codereasoner.sources.dataset import Dataset
from codereasoner.sources.dataset_maps import READY, Found
from codereasoner.stages.make_programs import write_programs
from codereasoner.stages.trace_calls import trace_programs

CODE = "def f(a, b=2):\n    return [a, b]"
MAIN = "import math\n\ndef main_solution(n, names):\n    return (n * 2, names)"
PROMPT = """You are given a question that requires some input and output variables as follows:

Double it.

Given the following {what}:

{given}

Can you predict {other} without writing any code?

Tip: Here is a reference code snippet for this question. You can refer to this code to guide your reasoning.

{code}"""
ROWS: dict[str, Any] = {
    "execverify-rl": {
        "func_str": CODE,
        "func_name": "f",
        "func_args": "1, b=3",
        "result": "[1, 3]",
        "prompt_str": "...",
        "question_answers": {},
        "type": "oi",
    },
    "execverify-sft": {
        "conversations": [
            {"from": "human", "value": f"Fill in ????:\n```\n{CODE}\n\nassert f(1, b=3) == ????\n```"},
            {"from": "gpt", "value": f"<answer>\n```python\n{CODE}\n\nassert f(1, b=3) == [1, 3]\n```\n</answer>"},
        ]
    },
    "pyx": {
        "id": 1,
        "nl": "",
        "fwd_mnl": "Simulate the Execution:\n[PYTHON]\ndef f(a, b=2): # [L5]\n    return [a, b] # [L6]\n"
        "assert f(1, b=3) == ??\n[/PYTHON]\n[MONOLOGUE]\n",
        "bwd_mnl": "",
        "response": "It returns both.\n[ANSWER]\nassert f(1, b=3) == [1, 3]\n[/ANSWER]",
    },
    "codeio-raw": {
        "problem_description": "Double it.",
        "io_requirements": "",
        "refcode": MAIN,
        "funcname": "main_solution",
        "ios": [
            {"input": {"n": 1, "names": ["a"]}, "output": [2, ["a"]]},
            {"input": {"n": 2, "names": []}, "output": 5},
            {"input": {"n": 3, "names": "b"}, "output": "c"},
        ],
        "source": "pyedu",
        "category": "math",
        "meta": {},
    },
    "codeio": {
        "prompt": PROMPT.format(what="input", given="{'n': 1, 'names': ['a']}", other="the output", code=MAIN),
        "turn_1": 'It doubles {n}.\n```json\n{"output": [2, ["a"]]}\n```',
        "feedback_1": "Correct output!",
        "turn_2": None,
        "feedback_2": None,
    },
    "ifm-code-reasoning": {
        "messages": [
            {"role": "user", "content": PROMPT.format(what="output", given="[2, ['a']]", other="an input", code=MAIN)},
            {"role": "assistant", "content": 'So: {"input": {"n": 1, "names": ["a"]}}'},
        ]
    },
}


def write(path: Path, *rows: Mapping[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def found_in(source: Dataset, split: str = "train") -> list[Program | Rejected]:
    return list(source.programs(split, 100))


@pytest.mark.parametrize("name", READY)
def test_a_row_of_each_known_data_set_gives_a_program_its_call_and_the_recorded_value(name: str) -> None:
    found = READY[name].read(ROWS[name])
    assert isinstance(found, Found)
    if name in ("execverify-rl", "execverify-sft", "pyx"):
        assert (found.source.strip(), found.entry, dict(found.recorded)) == (CODE, "f", {"1, b=3": "[1, 3]"})
        return
    assert (found.source, found.entry, found.as_json) == (MAIN, "main_solution", True)
    assert next(iter(found.recorded.items())) == ("n=1, names=['a']", "[2, ['a']]")


@pytest.mark.parametrize("name", READY)
@pytest.mark.parametrize("broken", [{}, {"conversations": "x"}, {"response": "[ANSWER]"}, {"prompt": "Tip: Here is"}])
def test_a_row_of_another_shape_is_rejected_and_stops_nothing(name: str, broken: Mapping[str, Any]) -> None:
    assert isinstance(READY[name].read(broken), str)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "json", "csv"])
def test_any_table_is_read_by_the_columns_that_the_user_names(tmp_path: Path, suffix: str) -> None:
    rows = [
        {"body": CODE, "how": "f(1)", "what": "[1, 2]"},
        {"body": CODE.replace("[a, b]", "b"), "how": "7, b=8", "what": "8"},
        {"body": "", "how": "1", "what": "1"},
        {"body": "x = 1", "how": "1", "what": "1"},
        {"body": "def f(x:", "how": "1", "what": "1"},
    ]
    path = tmp_path / f"table.{suffix}"
    if suffix == "parquet":
        write_parquet(path, lambda: iter(rows), ())
    elif suffix == "json":
        path.write_text(json.dumps(rows))
    elif suffix == "csv":  # with a column of numbers, as pandas writes it
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.DictWriter(file, ["", *rows[0]])
            table.writeheader()
            table.writerows({"": number, **row} for number, row in enumerate(rows))
    else:
        write(path, *rows)
    found = found_in(Dataset(str(path), program="body", call="how", value="what", split="train", license="MIT"))
    programs = [each for each in found if isinstance(each, Program)]
    assert [(each.calls, each.features["recorded"]) for each in programs] == [
        (("1",), {"1": "[1, 2]"}),
        (("7, b=8",), {"7, b=8": "8"}),
    ]
    assert {each.license for each in programs} == {"MIT"}
    assert [each.reason for each in found if isinstance(each, Rejected)] == [
        "no program in the row",
        "no function in the program",
        "does not parse",
    ]


def test_an_empty_field_of_a_csv_file_has_no_value(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('code,call,value\n"def f(x):\n    return x",1,\n')
    [found] = found_in(Dataset(str(tmp_path / "t.csv"), program="code", call="call", value="value", split="train"))
    assert isinstance(found, Program)
    assert (found.calls, found.features["recorded"]) == (("1",), {})


@pytest.mark.parametrize(
    "text", ['code,call\n"a', "code,call\na,b,c\n", 'code,call\n"a"b,c\n', "code,call\nÄ,1\n"], ids=range(4)
)
def test_a_broken_csv_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"t\.csv cannot be read as CSV: "):
        found_in(Dataset(str(tmp_path / "t.csv"), program="code", call="call", split="train"))


@pytest.mark.parametrize("named", [{"program": "bdy"}, {"call": "hwo"}, {"value": "waht"}, {"entry": "nmae"}])
def test_a_column_that_the_table_lacks_is_named_and_not_taken_for_rows_without_a_value(
    tmp_path: Path, named: Mapping[str, str]
) -> None:
    rows = [{"body": CODE, "how": "1", "name": "f"}, {"body": CODE, "how": "2", "what": "[2, 2]", "name": "f"}]
    path = write(tmp_path / "t.jsonl", *rows)
    columns = {"program": "body", "call": "how", "value": "what", "entry": "name"}
    assert isinstance(found_in(Dataset(str(path), **columns, split="train"))[0], Program)
    with pytest.raises(
        DataError, match=r"t.jsonl has no column '\w+', did you mean '\w+'\?; there are: body, how, name, what"
    ):
        found_in(Dataset(str(path), **columns | dict(named), split="train"))


def test_arguments_may_be_mappings_and_lists_of_calls(tmp_path: Path) -> None:
    row = {"code": CODE, "args": [{"a": 1}, {"a": [None], "b": True}], "out": [[1, 2], [[None], True]]}
    [program] = found_in(
        Dataset(str(write(tmp_path / "t.jsonl", row)), program="code", call="args", value="out", split="train")
    )
    assert isinstance(program, Program)
    assert program.features["recorded"] == {"a=1": "[1, 2]", "a=[None], b=True": "[[None], True]"}


def test_what_of_a_set_fails_is_counted_by_reason(tmp_path: Path) -> None:
    unsteady = {"func_name": "f", "func_args": "'abcdefgh'"}
    rows = [
        ROWS["execverify-rl"],
        {**ROWS["execverify-rl"], "func_args": "5"},
        {**ROWS["execverify-rl"], "func_str": CODE.replace("b]", "b, a]"), "result": "[1, 3]"},
        {**unsteady, "func_str": "def f(s):\n    return ''.join(set(s))", "result": "'a'"},
        {**unsteady, "func_str": "def f(s):\n    return ''.join(set(s)) + s"},
        {"func_str": "def f(s:\n", "func_name": "f", "func_args": "1", "result": "1"},
    ]
    source = Dataset(str(write(tmp_path / "rl.jsonl", *rows)), "execverify-rl", split="train")
    programs, runs = tmp_path / "programs.jsonl", tmp_path / "runs.parquet"
    write_programs(programs, [("train", 100, source)], {}, screen=StaticFilters)
    assert (read_manifest(programs) or {})["drops"] == {"its program was in a row before": 1, "does not parse": 1}
    with Pool(1, allow_weak_isolation=True) as pool, Pool(1, allow_weak_isolation=True, hash_seed=1) as again:
        trace_programs(programs, runs, pool, again=again)
    drops = (read_manifest(runs) or {})["drops"]
    assert drops == {"another value than recorded": 2, "not deterministic": 1}
    assert [run.value for run in read_records(runs, Run)] == ["[1, 3]"]


def test_json_values_are_compared_as_json(tmp_path: Path) -> None:
    source = Dataset(str(write(tmp_path / "raw.jsonl", ROWS["codeio-raw"])), "codeio-raw", split="train")
    programs, runs = tmp_path / "programs.jsonl", tmp_path / "runs.parquet"
    write_programs(programs, [("train", 100, source)], {})
    with Pool(1, allow_weak_isolation=True) as pool:
        trace_programs(programs, runs, pool)
    assert [run.value for run in read_records(runs, Run)] == ["(2, ['a'])"]  # a tuple, which JSON writes as a list
    dropped = [(row["call"], row["reason"]) for row in read_rows(tmp_path / "runs.parquet.dropped.jsonl")]
    assert dropped == [(call, "another value than recorded") for call in ("n=2, names=[]", "n=3, names='b'")]


def test_a_folder_that_the_library_datasets_saved_is_read(tmp_path: Path) -> None:
    table = pa.table({"body": [CODE.replace("\n", "\r\n"), CODE.replace("[a, b]", "b")], "how": [["1"], ["2", "3"]]})
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "state.json").write_text("{}")
        (tmp_path / split / "dataset_info.json").write_text("{}")
        with pa.ipc.new_stream(str(tmp_path / split / "data-00000-of-00001.arrow"), table.schema) as file:
            file.write_table(table.slice(split == "test"))
    (tmp_path / "dataset_dict.json").write_text("{}")
    found = found_in(Dataset(str(tmp_path), program="body", call="how", split="train"))
    assert [each.calls for each in found if isinstance(each, Program)] == [("2", "3"), ("1",)]
    assert [each.source for each in found if isinstance(each, Program)][1] == CODE
    assert [each.reason for each in found if isinstance(each, Rejected)] == ["its program was in a row before"]
    (tmp_path / "train" / "data-00000-of-00001.arrow").write_bytes(b"ARROW1\0\0")
    with pytest.raises(DataError, match="write it as parquet"):
        found_in(Dataset(str(tmp_path / "train"), program="body", call="how"))


def test_a_folder_of_files_is_read_by_a_pattern_and_split_by_the_programs(tmp_path: Path) -> None:
    for index in range(20):
        code = f"def f(x):\n    return x + {index}"
        write(tmp_path / f"{index:02}.jsonl", {"code": code, "call": "1"})
    write(tmp_path / "other.txt", {})
    source = Dataset(str(tmp_path), files="*.jsonl", program="code", call="call")
    splits = [
        {each.id for each in found_in(source, split) if isinstance(each, Program)} for split in ("train", "rl", "test")
    ]
    assert sum(map(len, splits)) == len(set().union(*splits)) == 20
    assert list(source.programs("train", 3)) == found_in(source)[:3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs a map, or a path with columns"),
        ({"map": "pix"}, "did you mean 'pyx'"),
        ({"map": "pyx", "call": "x"}, "knows the columns"),
        ({"path": "x.jsonl", "program": "code"}, "needs a map"),
        ({"map": "pyx", "split": "dev"}, "dev"),
    ],
)
def test_impossible_options_are_refused_in_one_sentence(options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Dataset(**options)


def test_a_path_that_is_not_there_is_no_data_set_of_the_hub(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no"):
        found_in(Dataset(str(tmp_path / "missing.jsonl"), program="a", call="b"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="that matches"):
        found_in(Dataset(str(tmp_path / "folder"), program="a", call="b"))
