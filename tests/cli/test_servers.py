"""Commands that ask a server: what went wrong is said in its words, the exit code tells, and Ctrl-C ends at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Command
from tests.models.odd_server import Handler, odd_server

pytest.importorskip("httpx2")
WEAK = "--allow-weak-isolation"
ROWS = [{"id": f"sample_{n}", "code": "def f(x):\n    return x + 1", "input": "3", "output": "4"} for n in range(3)]


@pytest.fixture
def server() -> Iterator[str]:
    with odd_server() as address:
        yield address


def evaluate(command: Command, path: str, *more: str) -> tuple[int, str, str]:
    Path("three.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    words = ["evaluate", "cruxeval-o", "--data", "three.jsonl", "--model", "openai:m", "--out", "e", WEAK]
    return command(*words, "--base-url", f"{path}/v1", *more)


def rows_of(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path("e", name).read_text().splitlines()]


def test_an_evaluation_in_which_all_failed_exits_with_1_and_says_why(command: Command, server: str) -> None:
    code, out, err = evaluate(command, f"{server}/failed/pinned", "--json")
    assert code == 1
    assert "3 x 400: Server is pinned to 'a'; requested 'm'." in err
    assert json.loads(out)["errors"] == {"400: Server is pinned to 'a'; requested 'm'.": 3}
    assert {row["reason"] for row in rows_of("grades.jsonl")} == {"400: Server is pinned to 'a'; requested 'm'."}
    assert rows_of("answers.jsonl") == []


def test_a_server_that_is_not_there_is_named_while_it_is_tried_again(tmp_path: Path) -> None:
    words = ["quiz", "p.py", "f(3)", "--task", "output", "--model", "openai:m", WEAK]
    words += ["--base-url", "http://user:secret@127.0.0.1:9/v1"]
    (tmp_path / "p.py").write_text("def f(x):\n    return x + 1\n")
    environment = {**os.environ, "OPENAI_API_KEY": "none"}
    done = subprocess.run(
        [sys.executable, "-m", "codereasoner", *words], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    told = "the server http://127.0.0.1:9/v1 gives no completion (no connection: All connection attempts failed)"
    assert done.stderr.count(told) == 1
    assert "secret" not in done.stderr


def test_the_same_command_asks_again_what_had_failed_and_nothing_else(command: Command, server: str) -> None:
    code, _, err = evaluate(command, f"{server}/failed/filtered")
    assert code == 1
    code, _, err = evaluate(command, f"{server}/read/good")
    assert (code, "100.0 %" in err) == (0, True)
    Handler.requests.clear()
    assert evaluate(command, f"{server}/read/good")[0] == 0
    assert Handler.requests == []


def test_the_messages_that_were_sent_lie_beside_the_answers(command: Command, server: str) -> None:
    evaluate(command, f"{server}/read/good")
    sent = [request["messages"] for request in Handler.requests]
    assert sorted(map(json.dumps, sent)) == sorted(json.dumps(row["messages"]) for row in rows_of("prompts.jsonl"))
    assert {str(row["id"]) for row in rows_of("prompts.jsonl")} == {str(row["id"]) for row in ROWS}


def test_another_server_under_the_same_variable_is_asked_anew(
    command: Command, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    Path("three.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    for path in ("read/good", "thoughts/reasoning"):
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server}/{path}/v1")
        Handler.requests.clear()
        words = ["evaluate", "cruxeval-o", "--data", "three.jsonl", "--model", "openai:m", "--out", "e", WEAK]
        if path != "read/good":
            code, _, err = command(*words)
            assert code == 2
            assert "e holds a finished result of other options (identity: " in err
            words.append("--fresh")
        assert command(*words)[0] == 0
        assert len(Handler.requests) == 3


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("good", "15 tokens of prompts, 21 of completions"),
        ("usage-null", "15 tokens of prompts, those of completions are not counted"),
        ("usage-missing", ""),
    ],
)
def test_tokens_that_a_server_does_not_count_are_not_told_as_none(
    command: Command, server: str, fault: str, told: str
) -> None:
    code, out, _ = evaluate(command, f"{server}/read/{fault}")
    assert code == 0
    assert [line.strip() for line in out.splitlines() if "tokens of" in line] == [told] * bool(told)


def test_a_quiz_without_a_reply_says_why(command: Command, server: str) -> None:
    Path("p.py").write_text("def f(x):\n    return x + 1\n")
    words = ["quiz", "p.py", "f(3)", "--task", "output", "--model", "openai:m", WEAK]
    code, _, err = command(*words, "--base-url", f"{server}/failed/context/v1")
    assert code == 1
    assert err.rstrip().endswith("1 x 400: This model's maximum context length is 2048 tokens.")  # nothing goes on


def test_a_command_that_keeps_answers_says_that_it_can_go_on(command: Command, server: str) -> None:
    rows = "".join(json.dumps(row | {"id": f"sample_{n}"}) + "\n" for n, row in enumerate(ROWS * 4))
    Path("many.jsonl").write_text(rows)
    words = ["evaluate", "cruxeval-o", "--data", "many.jsonl", "--model", "openai:m", "--out", "e", WEAK]
    code, _, err = command(*words, "--base-url", f"{server}/failed/context/v1")
    assert code == 1
    assert err.rstrip().endswith("length is 2048 tokens.; the same command continues where it was")


@pytest.mark.parametrize("secret", ["SECRET", "éSECRET", "it'sSECRET"])
def test_no_file_of_an_output_holds_a_password_or_the_query_of_an_address(
    secret: str, command: Command, server: str
) -> None:
    address = f"{server.replace('http://', f'HTTP://me:{secret}@')}/read/good/v1?key={secret}"
    Path("three.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    words = ["evaluate", "cruxeval-o", "--data", "three.jsonl", "--model", "openai:m", "--out", "out/e", WEAK]
    body = json.dumps({"tools": [{"url": address}]})
    assert command(*words, "--base-url", address, "--extra-body", body)[0] == 0
    assert [each["tools"] for each in Handler.requests] == [[{"url": address}]] * 3
    author = ["--source", "author", "--set", "model=openai:m", "--set", f"base-url={address}", "--train", "1"]
    assert command("programs", *author, "--out", "out/p.jsonl")[0] == 1  # none of its answers is a program
    written = [path.read_text() for path in Path("out").rglob("*") if path.is_file()]
    assert sum(f"{server}/read/good/v1" in text.replace("HTTP:", "http:") for text in written) >= 2
    assert not any("SECRET" in text for text in written)


def test_ctrl_c_ends_an_evaluation_at_once_and_with_one_sentence(server: str, tmp_path: Path) -> None:
    (tmp_path / "three.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    words = ["evaluate", "cruxeval-o", "--data", "three.jsonl", "--model", "openai:m", "--out", "e", WEAK]
    process = subprocess.Popen(
        [sys.executable, "-m", "codereasoner", *words, "--base-url", f"{server}/slow/60/v1"],
        cwd=tmp_path,
        env={**os.environ, "OPENAI_API_KEY": "none"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    try:
        deadline = time.monotonic() + 60
        while len(Handler.requests) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=50)
        took = time.monotonic() - began
    finally:
        process.kill()
    assert process.returncode == 130
    assert err.rstrip().endswith("codereasoner: stopped; the same command continues where it was")
    assert "Traceback" not in err
    assert took < 5  # a second on an idle machine; the requests would take 60
