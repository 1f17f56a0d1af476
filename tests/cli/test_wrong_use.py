"""Bad input: each mistake gets one clear sentence and exit code 2, no traceback, nothing half-written."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.cli.conftest import Command

from codereasoner.cli.commands import GROUPS
from codereasoner.errors import UserError
from codereasoner.models import checkpoint
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
        (["evaluate", "gone.jsonl", "--model", ""], "model '' is unknown; there are: "),
        (
            ["evaluate", "gone.jsonl", "--model", "http://h/v1"],
            "give --base-url with it, and a model as openai:NAME",
        ),
        (
            ["rows", "q.jsonl", "--sft-out", "r.parquet", "--grpo-out", "./r.parquet"],
            "r.parquet is also GRPO_OUT",
        ),
        (["evaluate", "gone.jsonl", "--model", "scripted:gold", "--augment", "ctot"], ", did you mean 'cot'?"),
        (["export", "gone.parquet", "--to", "velr"], ", did you mean 'verl'?"),
        (["programs", "--train", "0"], "--train, --rl and --test are 0, so no program is asked for"),
        (["programs", "--mix", "0.5"], "1 --source and 1 --mix: each source but the last needs its share"),
        (["programs", "--source", "files", "--set", "path=gone"], "there is no file gone"),
        (["build", "--task", "outptu"], "task 'outptu' is unknown, did you mean 'output'?"),
        (["build", "--direct", "inptu"], "task 'inptu' is unknown, did you mean 'input'?"),
        (["build", "--source", "procedurl"], "source 'procedurl' is unknown, did you mean 'procedural'?"),
        (["build", "--set", "dificulty=1"], "has no option 'dificulty', did you mean 'difficulty'?"),
        (["build", "--size", "source=-3"], "--size takes NAME=N"),
        (["build", "--outcome", "okk"], "a run never ends with the outcome 'okk'"),
        (["demo", "--name", "../x"], "'../x' is not the name of a folder"),
        (["demo", "--name", ""], "'' is not the name of a folder"),
        (
            ["evaluate", "gone.jsonl", "--model", "scripted:gold", "--samples", "1000000"],
            "not in the range 1<=x<=10000",
        ),
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


@pytest.mark.parametrize("train", ["sft", "grpo"])
def test_rows_of_ones_own_in_another_format_are_refused_with_what_is_read(train: str, command: Command) -> None:
    pytest.importorskip("trl")

    def refused(rows: str) -> str:
        code, out, err = command(train, rows, "--model", "scratch:0.3m")
        assert (code, out, err.count("\n")) == (2, "", 1)
        return err

    Path("own.csv").write_text("prompt,completion\nq,a\n")
    assert "own.csv, line 1: not JSON" in (said := refused("own.csv"))
    assert "rows are JSON lines, or a file that ends in .parquet" in said
    Path("own.jsonl").write_text('{"instruction": "q", "output": "a"}\n')
    assert "(it has: instruction, output): is it a file of" in (said := refused("own.jsonl"))
    assert ("rows of your own have prompt and completion, or messages" in said) == (train == "sft")
    Path("saved").mkdir()
    Path("saved/dataset_info.json").write_text("{}")  # as `datasets.Dataset.save_to_disk` writes it
    assert "`datasets.load_from_disk('saved')`, its `.to_parquet('rows.parquet')` writes one" in refused("saved")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("train: [1, 2]", "'train' is [1, 2], and takes one value"),
        ("train: {a: 1}", """'train' is {"a": 1}, and takes one value"""),
        ("train: 1.5", "'1.5' is not a valid integer"),
        ("train: true", "'true' is not a valid integer"),
        ("train: null", "build.yaml: 'train' has no value: give one, or leave the line out for the default"),
        ("train: {2020-01-01: 1}", "and takes one value"),
        ("out: null", "build.yaml: 'out' has no value"),
        ("task: [null]", "task 'null' is unknown"),
        ("task: 0", "task '0' is unknown"),
        ("public: 3", "'3' is not a valid boolean"),
        ("detail: 2026-11-27", "'2026-11-27' is not one of"),
    ],
)
def test_a_value_of_a_config_is_refused_as_on_the_command_line(command: Command, text: str, sentence: str) -> None:
    Path("build.yaml").write_text(text)
    code, _, err = command("build", "--config", "build.yaml", "--rl", "0")
    assert (code, sentence in " ".join(err.split())) == (2, True), err
    assert not Path("set").exists()


@pytest.mark.slow
def test_a_config_of_a_finished_set_makes_the_same_set(command: Command) -> None:
    """Options without a value are null there, and lists are lists."""
    assert command("build", "--train", "2", "--rl", "0", "--out", "one")[0] == 0
    assert command("build", "--config", "one/config.yaml", "--out", "two")[0] == 0
    assert Path("one/sft.parquet").read_bytes() == Path("two/sft.parquet").read_bytes()


def test_questions_of_other_splits_say_which_to_ask_for(command: Command) -> None:
    Path("questions.jsonl").write_text(json.dumps(QUESTION | {"id": "a", "split": "train"}))
    code, _, err = command("evaluate", "questions.jsonl", "--model", "scripted:gold")
    assert (code, "has no question of the split 'test'; give --split train (1)" in err) == (2, True), err


def test_a_notebook_is_no_program(command: Command) -> None:
    Path("nb.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4}')
    code, _, err = command("programs", "--source", "files", "--set", "path=nb.ipynb")
    assert (code, "it is a notebook, and a program is wanted" in err) == (2, True), err


def test_a_config_key_that_does_not_exist_lists_those_that_do(command: Command) -> None:
    Path("ask.yaml").write_text("task: [output]\ncolour: red\n")
    code, _, err = command("ask", "gone", "--config", "ask.yaml")
    assert code == 2
    assert "'colour' is not an option of ask; there are: allow-weak-isolation, out, runs, task, workers" in err
    Path("ask.yaml").write_text("tsak: [output]\n")
    assert (
        "'tsak' is not an option of ask, did you mean 'task'?; there are: "
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


@pytest.mark.parametrize("name", ["cruxeval.jsonl", "mine.jsonl"])
def test_a_benchmarks_own_data_in_the_place_of_questions_is_answered_with_its_name(name: str, command: Command) -> None:
    Path(name).write_text('{"code": "def f(x):\\n    return x", "input": "1", "output": "1"}\n')
    code, _, err = command("evaluate", name, "--model", "scripted:gold")
    assert (code, f"the benchmark's own data: evaluate cruxeval-i or cruxeval-o --data {name}" in err) == (2, True)


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
        assert (code, "the config set/config.yaml is not YAML" in err) == (2, True)


def test_generations_with_a_missing_id_name_it(command: Command, shared_data: Path) -> None:
    Path("generations.json").write_text(json.dumps({"sample_0": ["1"]}))
    data = str(shared_data / "cruxeval" / "cruxeval.jsonl")
    code, out, err = command("score", "cruxeval-o", "--data", data, "--generations", "generations.json", "--json")
    assert code == 2
    assert out == ""
    assert "sample_1" in err


def test_answers_to_questions_of_a_file_are_graded_elsewhere(command: Command) -> None:
    Path("questions.jsonl").write_text("{}\n")
    code, _, err = command("score", "questions.jsonl", "--generations", "questions.jsonl")
    assert (code, "cr.grade_many in Python, or asked for by evaluate" in " ".join(err.split())) == (2, True)


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


def test_the_settings_of_each_source_are_listed(command: Command) -> None:
    sources = json.loads(command("list", "--json")[1])["sources"]
    assert sources["procedural"].endswith("(--set breadth, difficulty, types, calls, construct, configuration, cells)")
    assert sources["files"].endswith("(--set path, license)")


def test_a_file_that_is_not_next_to_another_is_named_with_its_option(command: Command) -> None:
    facts = {"source": "def f(x):\n    return x", "entry": "f", "call": "1"}
    Path("q.jsonl").write_text(json.dumps({"task": "output", "facts": facts, "gold": ["1"]}) + "\n")
    for name, option in (("chain", "runs"), ("rows", "chains")):
        code, _, err = command(name, "q.jsonl")
        assert (code, f" next to q.jsonl: name its file with --{option}" in err) == (2, True), err


def test_a_size_that_is_none_names_its_option_and_those_there_are(command: Command) -> None:
    for size in ("60", "foo=1", "steps", "steps=-1", "steps=many"):
        code, _, err = command("build", "--size", size)
        assert (code, "--size takes NAME=N with one of source, call" in err, f"not '{size}'" in err) == (2, True, True)


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


def rows_for(command: str) -> None:
    Path(f"{command}.jsonl").write_text(json.dumps({"prompt": [{}], "completion": [{}], "question": "{}"}) + "\n")


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("sttf", "model 'sttf' is unknown"),
        ("own-modle", "model 'own-modle' is unknown, did you mean 'own-model'?"),
        ("scrach:1m", "model 'scrach:1m' is unknown, did you mean 'scratch:SIZE'?"),
        ("scratch:7b", "size '7b' is unknown; there are: 0.3m"),
        ("./gone", "there is no model folder ./gone"),
        ("empty", "the folder 'empty' holds no model: it has no config.json"),
        ("nobody/nothing", "the model nobody/nothing is not on this machine, and HF_HUB_OFFLINE forbids to ask"),
    ],
)
def test_a_model_that_cannot_be_is_refused_before_a_library_is_loaded(
    model: str, sentence: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trl")
    monkeypatch.setattr(pytest.importorskip("huggingface_hub.constants"), "HF_HUB_OFFLINE", True)
    for folder in ("own-model", "empty"):
        Path(folder).mkdir()
    Path("own-model/config.json").write_text("{}")
    for name in ("sft", "grpo"):
        rows_for(name)
    Path("questions.jsonl").write_text(json.dumps(QUESTION) + "\n")
    before = sorted(Path().rglob("*"))
    lines = [["sft", "sft.jsonl", "--model", model], ["grpo", "grpo.jsonl", "--model", model]]
    lines += [] if model.startswith("scr") else [["evaluate", "questions.jsonl", "--model", model]]
    for words in lines:
        code, out, err = command(*words)
        assert (code, out) == (2, "")
        assert sentence in err
        assert sorted(Path().rglob("*")) == before


def test_a_network_that_is_down_is_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(pytest.importorskip("huggingface_hub.constants"), "HF_HUB_OFFLINE", False)
    nowhere = hub.HfApi("http://127.0.0.1:9")
    monkeypatch.setattr(hub, "HfApi", lambda: nowhere)
    with pytest.raises(UserError, match=r"the Hub gives no model nobody/silent: .*(refused|connect)"):
        checkpoint.check_reachable("nobody/silent")
    assert capsys.readouterr().err == ""


def test_a_hub_that_does_not_answer_is_waited_for_a_few_seconds_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    answered = threading.Event()
    monkeypatch.setattr(pytest.importorskip("huggingface_hub.constants"), "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "HfApi", lambda: SimpleNamespace(model_info=lambda *words, **options: answered.wait(60)))
    monkeypatch.setattr(checkpoint, "HUB_NOTE", 0.05)
    monkeypatch.setattr(checkpoint, "HUB_SECONDS", 0.05)
    with pytest.raises(UserError, match="the Hub gives no model nobody/silent: it did not answer"):
        checkpoint.check_reachable("nobody/silent")
    answered.set()
    assert "waiting for the Hub to answer about nobody/silent" in caplog.text


def test_held_out_rows_of_another_kind_are_refused_before_a_model_is_made(command: Command) -> None:
    pytest.importorskip("trl")
    rows_for("sft")
    Path("other.jsonl").write_text('{"a": 1}\n')
    words = ["sft", "sft.jsonl", "--model", "scratch:0.3m", "--held-out"]
    for path, said in (("gone.jsonl", "there is no file gone.jsonl"), ("other.jsonl", "other.jsonl has neither")):
        code, _, err = command(*words, path)
        assert (code, said in err) == (2, True)
    assert sorted(each.name for each in Path().iterdir()) == ["other.jsonl", "sft.jsonl"]


def test_rows_for_sft_are_not_written_where_a_task_of_the_other_rows_is_unknown(command: Command) -> None:
    Path("questions.jsonl").write_text(json.dumps(QUESTION) + "\n")
    Path("chains.jsonl").write_text("")
    code, _, err = command("rows", "questions.jsonl", "--rl-task", "inptu")
    assert (code, "task 'inptu' is unknown, did you mean 'input'?" in err) == (2, True)
    assert sorted(each.name for each in Path().iterdir()) == ["chains.jsonl", "questions.jsonl"]


def test_programs_of_other_splits_are_mentioned_where_one_split_gives_too_few(command: Command) -> None:
    Path("own.py").write_text("def f(x):\n    return x * 2\n\n\nprint(f(3))\n")
    words = ("programs", "--source", "files", "--set", "path=own.py", "--test", "0")
    said = [
        command(*words, *splits, "--fresh")[2]
        for splits in (("--train", "9", "--rl", "0"), ("--rl", "9", "--train", "0"))
    ]
    assert all("the text of a program decides its split" in each for each in said)
    assert sum("programs.jsonl has no rows" in each for each in said) >= 1
    assert "decides its split" not in command("programs", "--train", "2", "--out", "made.jsonl")[2]
