"""Nothing from a model, a file or a name is read as markup or obeyed by the terminal, and none of it ends a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Command
from tests.models.odd_server import HOSTILE, odd_server

from codereasoner.cli.console import result_screen
from codereasoner.cli.result_tables import show_check

pytest.importorskip("httpx2")
WEAK = "--allow-weak-isolation"
NAME = "[bold]of[/x] \x1b[2J:smile:"
SOURCE = "def f(text):\n    marked = text + '[/b]'\n    return marked.replace('[b]', '')\nprint(f('[b]hi[/red]'))\n"
RECORD = {"id": "[/a]", "code": SOURCE.rpartition("print")[0], "input": "'[b]'", "output": "'[/b]'"}


@pytest.fixture
def server() -> Iterator[str]:
    with odd_server() as address:
        yield f"{address}/hostile/x/v1"


@pytest.mark.slow
def test_every_command_survives_hostile_names_and_answers(command: Command, server: str) -> None:
    for folder in (NAME, f"{NAME}/p[", "d[", "g["):
        Path(folder).mkdir(parents=True, exist_ok=True)
    Path(NAME, "p[/b].py").write_text(SOURCE)
    Path("d[/b].jsonl").write_text(json.dumps(RECORD) + "\n" + json.dumps({**RECORD, "id": "b", "output": "'[x]'"}))
    answers = {"[/a]": [HOSTILE, "'[/b]' or 1"], "b": ["'[/b]'", "[x for x in '[/b]']"]}
    Path("g[/b].json").write_text(json.dumps(answers))
    program, model = f"{NAME}/p[/b].py", f"openai:{NAME}"
    asked = ["--model", model, "--base-url", server]
    taught = ["--by", model, "--base-url", server]
    steps = [
        [
            "programs",
            "--source",
            "files",
            "--set",
            f"path={json.dumps(NAME)}",
            "--train",
            "1",
            "--out",
            f"{NAME}/p.jsonl",
        ],
        ["census", f"{NAME}/p.jsonl"],
        ["trace", f"{NAME}/p.jsonl", "--out", f"{NAME}/r.parquet", WEAK],
        ["ask", f"{NAME}/r.parquet", "--task", "output", "--task", "state", "--out", f"{NAME}/q.jsonl"],
        ["select", f"{NAME}/q.jsonl", *taught, "--samples", "1", "--out", f"{NAME}/s.jsonl", WEAK],
        ["chain", f"{NAME}/q.jsonl", "--runs", f"{NAME}/r.parquet", "--out", f"{NAME}/c.jsonl"],
        ["chain", f"{NAME}/q.jsonl", *taught, "--samples", "1", "--out", f"{NAME}/taught.jsonl", WEAK],
        [
            "rows",
            f"{NAME}/q.jsonl",
            "--chains",
            f"{NAME}/c.jsonl",
            "--sft-out",
            "sft.parquet",
            "--grpo-out",
            "grpo.parquet",
        ],
        ["export", "sft.parquet", "--to", "messages", "--out", f"{NAME}/x"],
        ["check", f"{NAME}/q.jsonl", WEAK],
        ["check", "--benchmark", "cruxeval-i", "--data", "d[/b].jsonl", WEAK],
        ["trace", program, "f('[b]\\x1b[/b]')", WEAK],
        ["quiz", program, "f('[b][/b]')", *asked, WEAK],
        ["evaluate", f"{NAME}/q.jsonl", "--split", "train", *asked, "--out", f"{NAME}/e", WEAK],
        ["evaluate", "cruxeval-o", "--data", "d[/b].jsonl", *asked, "--out", f"{NAME}/e2", WEAK],
        ["evaluate", "cruxeval-o", "--data", "d[/b].jsonl", "--model", "scripted:gold", "--out", f"{NAME}/e3", WEAK],
        ["audit", f"{NAME}/e", WEAK],
        ["score", "cruxeval-o", "--data", "d[/b].jsonl", "--generations", "g[/b].json", WEAK],
        ["compare", f"{NAME}/e2", f"{NAME}/e3", WEAK],
        ["leaderboard", NAME],
        ["report", NAME, WEAK],
        ["list"],
    ]
    with_json = ("check", "quiz", "evaluate", "audit", "score", "compare", "leaderboard", "list")
    for step in steps:
        for words in [step, [*step, "--json"]] if step[0] in with_json else [step]:
            code, out, err = command(*words)
            assert code in (0, 1), (words, err)
            assert "Traceback" not in err, (words, err)
            assert not any(letter in out + err for letter in "\x1b\x07\u202e\ud835"), words
            if words[-1] == "--json":
                assert isinstance(json.loads(out), dict), words


def test_what_looks_like_markup_is_shown_as_it_is(command: Command, server: str) -> None:
    Path("d.jsonl").write_text(json.dumps(RECORD))
    Path("g.json").write_text(json.dumps({"[/a]": ["[x for x in [1] if 0] or 'hi[/b'+']'"]}))
    _, out, _ = command("score", "cruxeval-o", "--data", "d.jsonl", "--generations", "g.json", WEAK)
    assert "[/a]: [x for x in [1] if 0] or 'hi[/b'+']'" in out


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["evaluate", "q.jsonl", "--model", "scripted:gold"], "--limit 0"),
        (["evaluate", "q.jsonl", "--model", "scripted:gold"], "--limit -3"),
        (["evaluate", "q.jsonl", "--model", "scripted:gold"], "--samples 0"),
        (["evaluate", "q.jsonl", "--model", "scripted:gold"], "--temperature -1"),
        (["evaluate", "q.jsonl", "--model", "scripted:gold"], "--temperature nan"),
        (["evaluate", "q.jsonl", "--model", "scripted:gold"], "--top-p 0"),
        (["evaluate", "q.jsonl", "--model", "scripted:gold"], "--top-p 1.5"),
        (["evaluate", "q.jsonl", "--model", "scripted:gold"], "--max-tokens 0"),
        (["evaluate", "q.jsonl", "--model", "scripted:gold"], "--workers 0"),
        (["evaluate", "q.jsonl", "--model", "openai:m"], "--concurrency 0"),
        (["evaluate", "q.jsonl", "--model", "openai:m"], "--requests-per-minute 0"),
        (["evaluate", "q.jsonl", "--model", "openai:m"], "--price-in -1"),
        (["evaluate", "q.jsonl", "--model", "openai:m"], "--extra-body 3"),
        (["evaluate", "q.jsonl", "--model", "openai:m"], "--template-args {"),
        (["chain", "q.jsonl"], "--samples 0"),
        (["select", "q.jsonl"], "--samples 0"),
        (["programs"], "--train -1"),
        (["programs"], "--near 2"),
        (["trace", "p.jsonl"], "--calls -1"),
        (["audit", "q.jsonl"], "--keep-above 101"),
        (["export", "q.jsonl", "--to", "trl"], "--held-out -1"),
        (["grpo", "g.parquet", "--model", "m"], "--num-generations 0"),
        (["grpo", "g.parquet", "--model", "m"], "--num-generations 1"),
        (["grpo", "g.parquet", "--model", "m"], "--batch 0"),
        (["grpo", "g.parquet", "--model", "m"], "--max-tokens 0"),
        (["grpo", "g.parquet", "--model", "m"], "--temperature 0"),
        (["grpo", "g.parquet", "--model", "m"], "--learning-rate nan"),
        (["rft", "g.parquet", "--model", "m"], "--samples 0"),
        (["sft", "s.parquet", "--model", "m"], "--lora -1"),
        (["sft", "s.parquet", "--model", "m"], "--epochs 0"),
        (["sft", "s.parquet", "--model", "m"], "--warmup 1.5"),
        (["build", "--out", "set"], "--train -1"),
        (["build", "--out", "set"], "--keep-above 101"),
        (["demo"], "--sft-tokens 0"),
        (["experiment", "grpo"], "--seeds 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_an_impossible_number_is_refused_by_name_before_any_work(
    command: Command, words: list[str], option: str
) -> None:
    name, _, value = option.partition(" ")
    code, out, err = command(*words, name, value)
    assert code == 2
    assert f"Invalid value for '{name}'" in err
    assert value.lstrip("-") in err
    assert (out, [*Path().iterdir()]) == ("", [])


def test_a_guess_of_a_check_is_shown_as_the_text_that_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show_check({"guess_rates": {"output": {"''": 6.25}}}, result_screen())
    assert capsys.readouterr().out == "output: always '': 6.2 %\n"


def test_a_terminal_of_another_encoding_shows_what_it_lacks_as_an_escape(tmp_path: Path) -> None:
    (tmp_path / "präis.py").write_text("def f(x):\n    return x + '€'\n", encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = [sys.executable, "-m", "codereasoner", "trace", "präis.py", "f('a')", WEAK]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == r"f('a') \u2192 'a\u20ac'"
