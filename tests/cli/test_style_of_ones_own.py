"""A style or an answer format of a user's own, and a system message, go through every stage and every export."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from codereasoner.interfaces import Completion, Prompt, Sampling
from codereasoner.ledger import read_rows, write_records
from codereasoner.models.scripted import Scripted
from codereasoner.records import Answer, Chain
from codereasoner.task import Question

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "result_style.py"
ASKED = "Reason step by step, then give the result alone inside <result>...</result>."
SYSTEM = "You are careful.\nCount twice."
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def fresh(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """A folder with questions and chains, and commands that know of no file but those that were named in it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CODEREASONER_PLUGINS", "")
    shutil.copy(EXAMPLE, tmp_path / "mine.py")
    (tmp_path / "set").mkdir()
    asked = [question(number, split) for number, split in enumerate(["train"] * 4 + ["rl"] * 4 + ["test"] * 2)]
    write_records(tmp_path / "set" / "questions.jsonl", [each.to_json() for each in asked], {})
    chains = [Chain(each.id, "x + 1 is the value.", "narrator").to_json() for each in asked]
    write_records(tmp_path / "set" / "chains.jsonl", chains, {})
    return command


def question(number: int, split: str) -> Question:
    facts = {"source": "def f(x):\n    return x + 1", "entry": "f", "call": f"{number}"}
    return Question("output", facts, (f"{number + 1}",), split=split)


def write_rows(fresh: Command, *words: str) -> None:
    out = ("--sft-out", "set/sft.parquet", "--grpo-out", "set/grpo.parquet")
    code, _, err = fresh("rows", "set/questions.jsonl", "--chains", "set/chains.jsonl", *out, *words)
    assert code == 0, err


def rows(path: Path) -> list[dict[str, Any]]:
    return list(read_rows(path))


def test_the_documented_style_is_the_file_that_is_tested() -> None:
    [shown] = re.findall(
        r"```python\n(from codereasoner.answer_formats.*?)```", (ROOT / "docs" / "tasks.md").read_text(), re.S
    )
    assert shown == EXAMPLE.read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("two_processes")
def test_a_style_of_ones_own_goes_through_rows_sft_and_evaluation_without_being_named_again(
    fresh: Command, tmp_path: Path
) -> None:
    pytest.importorskip("trl")
    sizes = ("--train", "8", "--rl", "4", "--test", "2")
    code, _, err = fresh(
        "build", *sizes, "--task", "output", "--out", "built", "--no-second-run", "--style", "mine.py:SHORT"
    )
    assert code == 0, err
    name = f"{tmp_path}/mine.py:SHORT/system=You are a Python interpreter."
    for file in ("sft.parquet", "grpo.parquet"):
        for row in rows(tmp_path / "built" / file):
            system, user = row["prompt"]
            assert row["style"] == name
            assert system == {"role": "system", "content": "You are a Python interpreter."}
            assert user["content"].endswith("Give the result alone inside <result>...</result>, and nothing else.")
    assert "<result>" in rows(tmp_path / "built" / "sft.parquet")[0]["completion"][0]["content"]
    small = ("--max-steps", "1", "--batch", "2", "--accumulate", "1")
    code, _, err = fresh("sft", "built/sft.parquet", "--model", "scratch:0.3m", "--out", "sft", *small)
    assert code == 0, err
    assert json.loads((tmp_path / "sft" / "codereasoner.json").read_text())["style"] == name
    code, out, err = fresh(
        "evaluate", "built/questions.jsonl", "--model", "sft", "--max-tokens", "8", "--out", "e", "--json"
    )
    assert code == 0, err
    assert json.loads(out)["style"] == name
    [prompt, *_] = rows(tmp_path / "e" / "prompts.jsonl")
    assert [turn["role"] for turn in prompt["messages"]] == ["system", "user"]
    assert {row["style"] for row in rows(tmp_path / "e" / "answers.jsonl")} == {name}
    assert "style mine.py:SHORT/system=You are a Python interpreter." in " ".join(err.split())


def test_an_answer_format_of_ones_own_is_a_style_that_asks_for_reasoning(fresh: Command, tmp_path: Path) -> None:
    write_rows(fresh, "--style", "mine.py:Result")
    [row, *_] = rows(tmp_path / "set" / "sft.parquet")
    assert row["prompt"][0]["content"].endswith(ASKED)
    assert re.fullmatch(r"(?s).+\n<result>.+</result>", row["completion"][0]["content"])
    code, out, err = fresh("check", "set/questions.jsonl", "--style", "mine.py:Result", "--json")
    assert (code, json.loads(out)["rejected"]) == (0, []), err
    for style in ("mine.py:Result", "mine.py:SHORT"):
        words = ("--style", style, "--out", style.rpartition(":")[2])
        code, _, err = fresh("evaluate", "set/questions.jsonl", "--model", "scripted:gold", *words)
        assert code == 0, err
        assert "100.0 %" in err


@pytest.mark.parametrize("text", [SYSTEM, "system.txt"])
def test_a_system_message_is_given_as_a_text_or_a_file_and_is_part_of_what_an_answer_is(
    fresh: Command, tmp_path: Path, text: str
) -> None:
    (tmp_path / "system.txt").write_text(f"{SYSTEM}\n")
    write_rows(fresh, "--system", text)
    [row, *_] = rows(tmp_path / "set" / "grpo.parquet")
    assert row["prompt"][0] == {"role": "system", "content": SYSTEM}
    assert row["style"] == f"reasoning/system={SYSTEM}"
    found = set()
    for out, system in (("plain", ()), ("careful", ("--system", text))):
        words = ("evaluate", "set/questions.jsonl", "--model", "scripted:gold", "--out", out, *system)
        code, told, err = fresh(*words)
        assert code == 0, err
        found |= {row["id"] for row in rows(tmp_path / out / "answers.jsonl")}
    assert len(found) == 2 * len(rows(tmp_path / "plain" / "questions.jsonl"))
    assert re.search(r"style reasoning/system=You are careful\. Count twice\.… [0-9a-f]{4}", " ".join(told.split()))


def test_every_command_that_asks_a_model_takes_a_style_and_a_system_message_of_ones_own(
    fresh: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[Mapping[str, str]]] = []
    complete = Scripted.complete

    def watched(self: Scripted, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        asked.extend(prompt.messages for prompt in prompts)
        return complete(self, prompts, sampling)

    monkeypatch.setattr(Scripted, "complete", watched)
    (tmp_path / "add.py").write_text("def f(x):\n    return x + 1\n")
    for words in (
        ("evaluate", "set/questions.jsonl", "--model", "scripted:gold"),
        ("chain", "set/questions.jsonl", "--by", "scripted:gold", "--out", "taught.jsonl"),
        ("select", "set/questions.jsonl", "--by", "scripted:gold", "--samples", "1"),
        ("quiz", "add.py", "f(1)", "--task", "output", "--model", "scripted:gold"),
    ):
        asked.clear()
        code, _, err = fresh(*words, "--style", "mine.py:Result", "--system", "Be brief, please.")
        nothing_kept = words[0] == "chain"  # scripted:gold answers without the reasoning that a chain is
        assert code == int(nothing_kept), err
        assert ("no reasoning before the answer" in err) == nothing_kept
        assert asked
        for system, user in asked:
            assert system == {"role": "system", "content": "Be brief, please."}
            assert user["content"].endswith(ASKED)


@pytest.mark.parametrize("to", ["trl", "messages", "verl", "llamafactory", "openrlhf"])
def test_every_export_carries_the_system_message(fresh: Command, tmp_path: Path, to: str) -> None:
    write_rows(fresh, "--system", SYSTEM)
    file = "sft" if to in ("messages", "llamafactory") else "grpo"
    code, _, err = fresh("export", f"set/{file}.parquet", "--to", to, "--out", "out")
    assert code == 0, err
    [path] = [
        each for each in (tmp_path / "out").iterdir() if each.stem == file and each.suffix in (".parquet", ".jsonl")
    ]
    column = {"messages": "messages", "llamafactory": "messages", "openrlhf": "input"}.get(to, "prompt")
    assert all(row[column][0] == {"role": "system", "content": SYSTEM} for row in rows(path))


def test_a_style_in_the_rows_of_a_stranger_executes_no_file(fresh: Command, tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text("open('executed', 'w').close()\n")
    answer = Answer(question(0, "train").id, "m", f"{tmp_path}/evil.py:STYLE", 0, "<answer>1</answer>")
    write_records(tmp_path / "answers.jsonl", [answer.to_json()], {})
    code, _, err = fresh("audit", "answers.jsonl", "--questions", "set/questions.jsonl")
    assert code == 2
    assert (
        "evil.py:STYLE is in a file that was never named here; if it is yours, name it with --style FILE.py:STYLE"
        in err
    )
    assert not (tmp_path / "executed").exists()


def test_a_style_whose_file_has_moved_is_found_where_the_user_names_it(fresh: Command, tmp_path: Path) -> None:
    write_rows(fresh, "--style", "mine.py:Result")
    answer = Answer(question(0, "train").id, "m", f"{tmp_path}/mine.py:Result", 0, "<result>1</result>")
    write_records(tmp_path / "answers.jsonl", [answer.to_json()], {})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mine.py").rename(tmp_path / "elsewhere" / "mine.py")
    audit = ("audit", "answers.jsonl", "--questions", "set/questions.jsonl", "--allow-weak-isolation", "--json")
    code, _, err = fresh(*audit)
    assert code == 2
    assert f"not at hand: there is no file {tmp_path}/mine.py; put it back, or name its new place once" in err
    write_rows(fresh, "--style", "elsewhere/mine.py:Result", "--fresh")
    code, out, err = fresh(*audit)
    assert code == 0, err
    assert json.loads(out)["classes"] == {"answer right, no claim": 1}


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--style", "resoning", "style 'resoning' is unknown, did you mean 'reasoning'?"),
        ("--style", "nowhere.py:SHORT", "there is no file nowhere.py"),
        ("--style", "mine.py:SHRT", "mine.py has no style 'SHRT'; its Styles and AnswerFormats are: Result, SHORT"),
        ("--style", "mine.py", "mine.py names no style: write mine.py:NAME"),
        (
            "--style",
            "bad.py:Bad",
            "bad.py: the answer format Bad has no instruction: set `instruction = ...` in its class",
        ),
        ("--style", "open.py:Open", "open.py: the answer format Open lacks an opening or a closing mark"),
        ("--style", "odd.py:Escapes", "odd.py: Escapes.escapes must be pairs of texts, not ('</r>',)"),
        ("--style", "odd.py:Around", "odd.py: Around.around_chain must be a pair of texts, not 'a'"),
        ("--style", "odd.py:Render", "odd.py:Render.render must return a text, not None"),
        ("--style", "odd.py:Raises", "odd.py:Raises.render, line 9: ZeroDivisionError"),
        ("--style", "odd.py:Parse", "odd.py:Parse.parse must return a text or None, not 3"),
        ("--system", "missing.txt", "--system: there is no file missing.txt"),
        ("--system", " ", "--system ' ' is empty: leave the option out"),
    ],
)
def test_a_wrong_style_or_system_message_is_one_sentence_before_any_work(
    fresh: Command, tmp_path: Path, option: str, value: str, said: str
) -> None:
    head = "from codereasoner.answer_formats import AnswerFormat\n"
    (tmp_path / "bad.py").write_text(head + "class Bad(AnswerFormat):\n    name = 'bad'\n")
    whole = "    name = instruction = instruction_after_reasoning = 'open'\n    opening = '='\n"
    (tmp_path / "open.py").write_text(f"{head}class Open(AnswerFormat):\n{whole}")
    odd = ["class Odd(AnswerFormat):", whole + "    closing = ';'"]
    odd += ["class Escapes(Odd): escapes = ('</r>',)", "class Around(Odd): around_chain = 'a'"]
    odd += ["class Render(Odd): render = lambda self, statement, answer: None"]
    odd += ["class Raises(Odd): render = lambda self, statement, answer: 1 / 0"]
    odd += ["class Parse(Odd): parse = lambda self, completion: 3"]
    (tmp_path / "odd.py").write_text(head + "\n".join(odd) + "\n")
    code, out, err = fresh("rows", "questions.jsonl", option, value)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
