"""CodeCrash's files, written here in its format: ids, originals, and what is no file of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.benchmarks.codecrash import with_imports
from codereasoner.errors import DataError
from codereasoner.evaluation.gold_check import gold_check
from codereasoner.execution.pool import Pool
from codereasoner.styles import find_style

CODE = "def f1(Var_1):\n    if (Var_1) and True:\n        return Var_1[::-1]\n    return ''"
ROW = {
    "task_id": "sample_3",
    "dataset": "crux",
    "code": CODE,
    "function_name": "f1",
    "function_call": "f1('abc')",
    "output": "'cba'",
    "test": "assert f1('abc') == 'cba'",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, rows in {
        "crux_REN_output.jsonl": [ROW, {**ROW, "task_id": "sample_4"}],
        "crux_PSC_ALL_output.jsonl": [ROW],
        "lcb_MHC_output.jsonl": [{**ROW, "dataset": "lcb", "task_id": "sample_3"}],
        "crux_REN_input.jsonl": [ROW],
    }.items():
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_a_folder_is_read_as_a_whole_and_each_question_names_its_original(folder: Path) -> None:
    found = extend.find("benchmark", "codecrash-o").load(folder)
    assert sorted(each.id for each in found) == [
        "crux/PSC_ALL/sample_3",
        "crux/REN/sample_3",
        "crux/REN/sample_4",
        "lcb/MHC/sample_3",
    ]
    assert {each.features["original"] for each in found} == {"sample_3", "sample_4"}
    assert len({each.program for each in found}) == 2  # questions about versions of one program are one cluster
    [one] = extend.find("benchmark", "codecrash-o").load(folder / "crux_PSC_ALL_output.jsonl")
    assert one.features["rewrite"] == "PSC_ALL"


def test_recorded_answers_are_right_for_both_tasks(folder: Path) -> None:
    with Pool(1, own_programs=True) as pool:
        for name in ("codecrash-o", "codecrash-i"):
            benchmark = extend.find("benchmark", name)
            questions = benchmark.load(folder)
            checked = gold_check(questions, find_style("direct"), pool.run)
            assert checked["gold_accepted"] == len(questions)
            texts = {each.id: [each.gold[0], "'wrong'"] for each in questions}
            verdicts = benchmark.grade_officially(questions, extend.Generations(texts), pool.run)
            assert set(map(tuple, verdicts.values())) == {(True, False)}


def test_a_file_for_the_other_task_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="takes the files that end in output"):
        extend.find("benchmark", "codecrash-o").load(folder / "crux_REN_input.jsonl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no file such as crux_REN_output"):
        extend.find("benchmark", "codecrash-o").load(tmp_path / "empty")


def test_a_program_gets_the_imports_that_it_lacks_and_no_others() -> None:
    code = "def f(xs: List[int]):\n    for pi in heapq.nlargest(1, xs):\n        return floor(pi), Counter(xs)"
    imports = ["import heapq", "from collections import Counter", "from typing import List", "from math import floor"]
    lines = with_imports(code).split("\n")
    assert sorted(lines[:4]) == sorted(imports)
    assert "\n".join(lines[4:]) == code
    assert with_imports(CODE) == CODE
    assert with_imports("def f(:") == "def f(:"
