"""Bad input: each mistake gets one clear sentence and exit code 2, no traceback, nothing half-written."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Command

from codereasoner.cli.commands import GROUPS
from codereasoner.stages.stage_options import parse_setting as setting

QUESTION = {"task": "output", "facts": {"source": "def f(x):\n    return x", "entry": "f", "call": "1"}, "gold": ["1"]}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["trace", "gone.jsonl"], "there is no file gone.jsonl"),
        (["ask", "gone.parquet"], "there is no file gone.parquet"),
        (["ask", "gone.parquet", "--task", "outpt"], "task 'outpt' is unknown, did you mean 'output'?; there are: "),
        (["evaluate", "gone.jsonl", "--model", "scripted:gold"], "there is no file gone.jsonl"),
        (
            ["evaluate", "cruxeval", "--model", "scripted:gold"],
            "benchmark 'cruxeval' is unknown, did you mean 'cruxeval-",
        ),
        (["evaluate", "cruxeval-o", "--model", "gpt"], "model 'gpt' is unknown; there are: "),
        (["score", "cruxeval-o", "--data", "gone", "--generations", "gone"], "gone"),
        (["evaluate", "gone.jsonl", "--model", "./gone"], "there is no model folder ./gone"),
        (["check"], "give either a questions file or --benchmark NAME"),
        (["programs", "--set", "breadth"], "--set takes KEY=VALUE, not 'breadth'"),
        (["programs", "--source", "nowhere"], "source 'nowhere' is unknown; there are: "),
        (["programs", "--source", "grammar"], "source 'grammar' is unknown, did you mean 'procedural'?; there are: "),
        (["build", "--near", "0.9"], "this needs the package 'datasketch', which is not installed"),
        (["programs", "--near", "0.9"], "this needs the package 'datasketch', which is not installed"),
        (["sft", "gone.jsonl", "--model", "scratch:0.3m"], "there is no file gone.jsonl"),
        (["report", "gone"], "there is no folder gone"),
        (["trace", "gone.py", "f(3)"], "there is no file gone.py"),
        (["trace", ".", "f(3)"], ". is a folder: give the path of a file"),
        (["evaluate", ".", "--model", "scripted:gold"], "the folder . has no questions.jsonl: give the path of a file"),
        (["trace", "gone.py", "3"], "a call such as 'f(3)' is wanted, not '3'"),
        (["train"], "there is no command 'train'"),
        (["ask", "gone", "--tusk", "output"], "No such option"),
        (["programs", "--mutations", "99999999999"], "99999999999 is not in the range 0<=x<=1000"),
        (["programs", "--faults", "99999999999"], "99999999999 is not in the range 0<=x<=1000"),
        (["harden", "cruxeval-o", "--with", "rename", "--calls", "99999999999"], "not in the range 0<=x<=1000"),
        (["ask", "gone", "--config", "gone.yaml"], "the config gone.yaml cannot be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_sentence(
    command: Command, words: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if words[0] == "sft":
        pytest.importorskip("trl")
    monkeypatch.setitem(sys.modules, "datasketch", None)
    code, out, err = command(*words)
    assert code == 2
    assert out == ""
    assert sentence in err
    assert "Traceback" not in err
    assert [path.name for path in Path().iterdir() if path.name != "evaluations"] == []


def test_a_broken_line_is_named_by_file_and_number(command: Command) -> None:
    Path("questions.jsonl").write_text(json.dumps(QUESTION) + '\n{"task": \n')
    code, _, err = command("evaluate", "questions.jsonl", "--model", "scripted:gold")
    assert code == 2
    assert "questions.jsonl, line 2: not JSON" in err


def test_a_config_key_that_does_not_exist_lists_those_that_do(command: Command) -> None:
    Path("ask.yaml").write_text("task: [output]\ncolour: red\n")
    code, _, err = command("ask", "gone", "--config", "ask.yaml")
    assert code == 2
    assert "'colour' is no option of ask; there are: allow-weak-isolation, out, runs, task, workers" in err
    Path("ask.yaml").write_text("tsak: [output]\n")
    assert (
        "'tsak' is no option of ask, did you mean 'task'?; there are: "
        in command("ask", "x", "--config", "ask.yaml")[2]
    )


def test_other_rows_are_refused_before_a_model_is_made_for_them(command: Command) -> None:
    pytest.importorskip("trl")
    Path("questions.jsonl").write_text(json.dumps(QUESTION) + "\n")
    for name, missing in (("sft", "prompt and no completion"), ("grpo", "prompt and no question")):
        code, _, err = command(name, "questions.jsonl", "--model", "scratch:0.3m", "--allow-weak-isolation")
        assert (code, f"questions.jsonl, row 1 has no {missing}" in err) == (2, True)
        assert "`codereasoner rows`" in err
    assert [path.name for path in Path().iterdir()] == ["questions.jsonl"]


def test_a_benchmarks_own_data_in_the_place_of_questions_is_answered_with_its_name(command: Command) -> None:
    Path("cruxeval.jsonl").write_text('{"code": "def f(x):\\n    return x", "input": "1", "output": "1"}\n')
    code, _, err = command("evaluate", "cruxeval.jsonl", "--model", "scripted:gold")
    assert (code, "for the benchmark's own data: evaluate cruxeval-i --data cruxeval.jsonl" in err) == (2, True)


def test_another_number_of_programs_is_named_by_its_option(command: Command) -> None:
    assert command("programs", "--train", "2", "--workers", "1")[0] == 0
    code, _, err = command("programs", "--train", "3", "--workers", "1")
    assert (code, "of other options (train: 2, now 3)" in err) == (2, True)


def test_a_folder_whose_config_is_no_yaml_is_refused_in_one_sentence(command: Command) -> None:
    Path("set").mkdir()
    Path("set/programs.jsonl.part").write_text("")
    for text in ("a: &a [1]\n" + "".join(f"b{n}: [*a, *a]\n" for n in range(3)) + "c: {", "a: !!python/object:x {}"):
        Path("set/config.yaml").write_text(f"# codereasoner build\n{text}")
        code, _, err = command("build", "--out", "set", "--train", "1")
        assert (code, "the config set/config.yaml is no YAML" in err) == (2, True)


def test_generations_with_a_missing_id_name_it(command: Command, shared_data: Path) -> None:
    Path("generations.json").write_text(json.dumps({"sample_0": ["1"]}))
    data = str(shared_data / "cruxeval" / "cruxeval.jsonl")
    code, out, err = command("score", "cruxeval-o", "--data", data, "--generations", "generations.json", "--json")
    assert code == 2
    assert out == ""
    assert "sample_1" in err


def test_generations_with_an_unknown_id_name_it(command: Command, shared_data: Path) -> None:
    texts = {f"sample_{index}": ["1"] for index in range(801)}
    Path("generations.json").write_text(json.dumps(texts))
    data = str(shared_data / "cruxeval" / "cruxeval.jsonl")
    code, _, err = command("score", "cruxeval-o", "--data", data, "--generations", "generations.json")
    assert code == 2
    assert "sample_800" in err


def test_a_mistyped_name_is_answered_with_the_nearest_one(command: Command) -> None:
    code, _, err = command("evaluat", "x")
    assert (code, "did you mean 'evaluate'?" in err) == (2, True)
    code, _, err = command("evaluate", "cruxeval", "--model", "scripted:gold")
    assert (code, "benchmark 'cruxeval' is unknown, did you mean 'cruxeval-" in err) == (2, True)


def test_a_call_of_a_mistyped_function_names_those_of_the_file(command: Command) -> None:
    Path("sums.py").write_text("def total(values):\n    return sum(values)\n")
    for words in (("trace",), ("quiz", "--model", "scripted:gold")):
        code, out, err = command(*words, "sums.py", "totl([1])")
        assert (code, out) == (2, "")
        assert "function 'totl' is unknown, did you mean 'total'?; there are: total" in err


def test_an_unknown_setting_of_a_source_lists_those_there_are(command: Command) -> None:
    for words in (("programs",), ("build",)):
        code, _, err = command(*words, "--set", "dificulty=1")
        assert code == 2
        assert "source 'procedural' has no option 'dificulty', did you mean 'difficulty'?; it has: breadth," in err
    code, _, err = command("programs", "--set", "difficulty")
    assert (code, "--set takes KEY=VALUE, not 'difficulty'" in err) == (2, True)


def test_the_value_of_a_setting_is_read_as_yaml() -> None:
    assert [setting(text)[1] for text in ("a=-3", "a=1e-3", "a=[1, x]", "a=true", "a='3'", "a=")] == [
        -3,
        1e-3,
        [1, "x"],
        True,
        "3",
        "",
    ]


def test_every_command_stands_in_one_group_of_the_overview_and_is_there(command: Command) -> None:
    names = [name for group in GROUPS.values() for name in group]
    assert len(names) == len(set(names))
    for name in names:
        assert command(name, "--help")[0] == 0
