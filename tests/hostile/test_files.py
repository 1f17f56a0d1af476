"""Files of strangers: none executes code, takes memory far beyond its size, or ends a command with a traceback."""

from __future__ import annotations

import builtins
import contextlib
import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

import codereasoner as cr
from codereasoner import configs, extend
from codereasoner.benchmarks.cruxeval import CruxevalOutput
from codereasoner.curation.profiles import constructs_of
from codereasoner.errors import ConfigError, DataError, UserError
from codereasoner.evaluation import generations
from codereasoner.experiments.materials import parameters_of
from codereasoner.extend import silent
from codereasoner.jsonl_files import MOST_CHARS, read_lines
from codereasoner.models.checkpoint import CARD, load_checkpoint, read_card
from codereasoner.reports import cards, run_folder, run_summary, set_facts
from codereasoner.reports.leaderboard_table import leaderboard
from codereasoner.stages.stage_clock import StageClock
from codereasoner.task import Question
from codereasoner.training.scratch import make_scratch_model

DEEP = "-" * 50_000 + "x"


def test_a_question_whose_task_is_a_file_executes_nothing(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text("from pathlib import Path\nPath(__file__).with_name('executed').touch()\n")
    for name in (f"{tmp_path}/evil.py:Evil", f"{tmp_path}/evil.py"):
        with pytest.raises(DataError, match="names no task but a file"):
            extend.task_of(Question(name, {"source": "def f(): return 1", "entry": "f", "call": ""}, ("1",)))
    assert not (tmp_path / "executed").exists()


def test_a_model_with_code_of_its_own_executes_nothing_whatever_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers")
    (tmp_path / "evil.py").write_text("from pathlib import Path\nPath('executed').touch()\nclass Evil: pass\n")
    evil = {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil", "AutoTokenizer": ["evil.Evil", "evil.Evil"]}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": evil}))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"auto_map": evil, "tokenizer_class": "Evil"}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(builtins, "input", lambda *words: "y")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_checkpoint(str(tmp_path))
    assert not (tmp_path / "executed").exists()


def test_a_known_kind_of_model_with_code_of_its_own_executes_nothing_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    folder = make_scratch_model(tmp_path / "base", 0, "0.3m")
    (folder / "evil.py").write_text("from pathlib import Path\nPath('executed').touch()\nclass Evil: pass\n")
    config = {"model_type": "vit", "auto_map": {"AutoModelForCausalLM": "evil.Evil"}}
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(builtins, "input", lambda *words: "y")
    for load in (load_checkpoint, parameters_of):
        with pytest.raises(ConfigError, match="cannot be loaded"):
            load(str(folder))
    assert not (tmp_path / "executed").exists()


def test_the_card_of_a_model_names_no_file_that_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    folder = make_scratch_model(tmp_path / "base", 0, "0.3m")
    (folder / "evil.py").write_text("from pathlib import Path\nPath('executed').touch()\n")
    (folder / CARD).write_text(json.dumps({"style": f"{folder}/evil.py:Evil"}))
    monkeypatch.chdir(tmp_path)
    question = Question(
        "output", {"source": "def f(): return 1", "entry": "f", "call": "", "expression": "f()"}, ("1",)
    )
    with pytest.raises(UserError, match="never named"):
        cr.evaluate([question], str(folder), out=tmp_path / "out")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("text", ["{", "[1]", "[" * 100_000, "{}", '{"base_model_name_or_path": ["a"]}', '"\ud800"'])
def test_adapters_of_a_stranger_are_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    pytest.importorskip("transformers")
    (tmp_path / "adapter_config.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UserError, match="adapter_config"):
        load_checkpoint(str(tmp_path))


@pytest.mark.parametrize("text", ["{", "[1]", "[" * 100_000, '{"style": ["direct"]}', '{"max_tokens": "many"}'])
def test_a_card_of_a_stranger_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / CARD).write_text(text)
    with pytest.raises(DataError, match=CARD):
        read_card(str(tmp_path))


@pytest.mark.parametrize("packed", [True, False])
def test_a_line_that_unpacks_to_all_memory_is_refused(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "rows.jsonl"
    with (gzip.open if packed else open)(path, "wb") as file:
        file.write(b'{"a": 1}\n{"a": "')
        for _ in range(4):
            file.write(b"x" * MOST_CHARS)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=f"line 2 has more than {MOST_CHARS} characters"):
            list(read_lines(path))
        assert tracemalloc.get_traced_memory()[1] < 3 * MOST_CHARS
    finally:
        tracemalloc.stop()


def test_answers_that_unpack_to_all_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generations, "MOST_UNPACKED", 1_000_000)
    question = Question("output", {"source": "def f(): return 1", "entry": "f", "call": ""}, ("1",), id="sample_0")
    path = tmp_path / "answers.json.gz"
    for size, fault in ((100, None), (1_000_001, "unpacks to more than")):
        path.write_bytes(gzip.compress(json.dumps({"sample_0": ["1"]}).encode() + b" " * size))
        if fault is None:
            assert generations.read_generations(CruxevalOutput(), path, [question]) == {"sample_0": ["1"]}
        else:
            with pytest.raises(DataError, match=fault):
                generations.read_generations(CruxevalOutput(), path, [question])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("style: [" + "a," * 200_000 + "b]", "more than 300000 characters"),
        ("workers: " + "1:" * 10_000 + "1", "more than 1000 digits"),
        ("workers: 0x" + "f" * 10_000, "more than 1000 digits"),
        ("- {workers: !!int '" + "9" * 10_000 + "'}", "more than 1000 digits"),
    ],
)
def test_a_configuration_that_costs_much_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        configs.read_yaml(text)


@pytest.mark.parametrize("source", [f"def f(x):\n    return {DEEP}\n", "x = " + "(" * 1000 + ")" * 1000, "x = '\0'"])
def test_a_program_that_no_parser_reads_has_no_constructs(source: str) -> None:
    with pytest.raises(SyntaxError):
        constructs_of(source)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", (1 << 62).to_bytes(8, "little") + b"{}"),
        ("pytorch_model.bin", b"cos\nsystem\n(S'touch executed'\ntR."),
        ("config.json", b'{"model_type": "qwen3", "hidden_size": "a"}'),
        ("config.json", b'{"model_type": "qwen3", "num_hidden_layers": 3, "layer_types": ["full_attention"]}'),
        ("config.json", b"[" * 100_000),
        ("tokenizer.json", b"[" * 100_000),
        ("generation_config.json", b"[]"),
    ],
)
def test_a_broken_file_of_a_model_is_told_in_a_sentence(
    tmp_path: Path, name: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    folder = make_scratch_model(tmp_path / "base", 0, "0.3m")
    if name == "pytorch_model.bin":
        (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_checkpoint(str(folder))
    assert not (tmp_path / "executed").exists()


ODD = [["a"], {"b": "<img>"}, "many", 10**400, float("nan"), True]


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("name", ["n_answers", "pass@1", "outcomes", "interval", "by_task", "baselines", "seconds"])
def test_a_summary_of_other_types_is_refused_with_a_sentence(tmp_path: Path, name: str, value: object) -> None:
    summary = {"benchmark": "b", "model": "m", "n_answers": 1, "outcomes": {"correct": 1}, name: value}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(DataError, match=r"summary\.json: '"):
        run_folder.evaluations(tmp_path)


@pytest.mark.parametrize(
    "odd",
    [
        *(
            {name: None}
            for name in ("outcomes", "by_task", "baselines", "style", "n_questions", "interval", "sampling")
        ),
        {"by_task": {"output": {}, "input": {}}, "baselines": {"output: always 0": 1.0}},
        {"by_task": {"output": {"n_questions": 0}, "input": {"n_questions": None}}, "baselines": {"input: x": 1.0}},
    ],
    ids=lambda odd: repr(odd)[:30],
)
def test_a_summary_without_a_field_or_with_none_is_ranked(tmp_path: Path, odd: dict[str, object]) -> None:
    summary = {"benchmark": "cruxeval-o", "model": "m", "n_answers": 1, "pass@1": 50.0, "outcomes": {"correct": 1}}
    (tmp_path / "summary.json").write_text(json.dumps({**summary, **odd}))
    [board] = leaderboard([tmp_path])
    assert "m" in [each.model for each in board.entries]


@pytest.mark.parametrize("odd", [{"interval": [1]}, {"sampling": {"temperature": "hot"}}])
def test_an_interval_and_a_temperature_are_numbers(tmp_path: Path, odd: dict[str, object]) -> None:
    (tmp_path / "summary.json").write_text(json.dumps(odd))
    with pytest.raises(DataError, match=next(iter(odd))):
        run_folder.evaluations(tmp_path)


@pytest.mark.parametrize("name", ["counts", "drops", "left_out", "seconds", "config", "written"])
def test_a_field_of_a_manifest_that_is_null_is_missing(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.jsonl.manifest.json").write_text(json.dumps({name: None}))
    (tmp_path / "b.jsonl.manifest.json").write_text(json.dumps({"written": "2026-01-01"}))
    assert name not in run_folder.manifests(tmp_path)["a.jsonl"]


@pytest.mark.parametrize("value", ODD[:4], ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("name", ["counts", "drops", "left_out", "seconds", "config", "written"])
def test_a_manifest_of_other_types_is_refused_with_a_sentence(tmp_path: Path, name: str, value: object) -> None:
    if (name, value) == ("written", "many"):
        value = 7
    elif (name, value) == ("config", {"b": "<img>"}):
        value = [value]
    (tmp_path / "a.jsonl.manifest.json").write_text(json.dumps({"counts": {"kept": 1}, name: value}))
    with pytest.raises(DataError, match=rf"manifest\.json: '{name}'"):
        run_folder.manifests(tmp_path)


@pytest.mark.parametrize("text", ["[1]", "{", '{"programs": "long"}'])
def test_a_clock_of_other_types_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "stages.json").write_text(text)
    with pytest.raises(DataError, match="stages"):
        StageClock(tmp_path, lambda title: contextlib.nullcontext(silent)).seconds()
    with pytest.raises(DataError, match="stages"):
        run_summary.stage_seconds(tmp_path, {})


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[]", '{"sampling": [1]}', '{"sampling": {"samples": "x"}}', '{"outcomes": {"error": "a"}}']
)
def test_an_evaluation_is_not_written_over_a_summary_of_other_types(tmp_path: Path, text: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    question = Question("output", {"source": "def f(): return 1", "entry": "f", "call": ""}, ("1",))
    with pytest.raises(DataError, match="this is not an evaluation's summary"):
        cr.evaluate([question], lambda prompt: "1", out=tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, 3])
def test_a_row_whose_question_is_no_json_is_told_by_the_card_of_its_set(tmp_path: Path, text: object) -> None:
    row = {"id": "1", "prompt": [], "question": text, "style": "terse"}
    (tmp_path / "grpo.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=r"grpo\.jsonl, 'question'"):
        list(set_facts._rows(tmp_path / "grpo.jsonl"))


def test_the_numbers_of_a_history_are_those_that_can_be_drawn(tmp_path: Path) -> None:
    (tmp_path / "sft").mkdir()
    rows: list[object] = [{"step": 1, "loss": 10**400}, {"step": 2, "loss": "<b>"}, {"step": 3, "loss": 0.5}]
    (tmp_path / "sft" / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "sft" / CARD).write_text("{}")
    (curve,) = run_summary.curves(tmp_path)
    assert "| last loss | 0.5 |" in cards.model_card(tmp_path / "sft", tmp_path)
    assert curve["last"] == {"step": 3, "loss": 0.5}
