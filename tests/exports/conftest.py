"""Questions of every kind, and a server that speaks OpenAI's protocol and knows the right completion of each."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.execution.pool import Pool
from codereasoner.ledger import write_records
from codereasoner.records import Job
from codereasoner.styles import find_style
from codereasoner.task import Question, Task

STYLE = find_style("reasoning")
SOURCE = "def f(text, n):\n    out = ''\n    for c in text:\n        out = c * n + out\n    return out\n"


@pytest.fixture(scope="session")
def questions(pool: Pool) -> list[Question]:
    """The questions of two tasks about three calls of one program."""
    jobs = [Job(SOURCE, "f", f"{text!r}, {n}", record="trace") for text, n in (("abc", 1), ("hi", 2), ("x", 3))]
    return [
        each
        for run in pool.run(jobs)
        for name in ("output", "input")
        for each in extend.task(name).collect(run).questions
    ]


@pytest.fixture(scope="session")
def questions_file(questions: list[Question], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those questions as a file."""
    path = tmp_path_factory.mktemp("questions") / "questions.jsonl"
    write_records(path, questions, {})
    return path


EXCERPT = Path(__file__).parents[1] / "data" / "cruxeval" / "cruxeval.jsonl"
OF_EXCERPT = ("codeglance-cruxeval", "cruxeval-i", "cruxeval-o", "semcoder-cruxeval-i", "semcoder-cruxeval-o")
"""The benchmarks that read this file."""
OF_RUNS = [name for name, task in extend.available("task").items() if task.ask is not Task.ask]
"""The tasks of the registry that ask about runs; the others have their questions from benchmarks."""


class GoldServer(ThreadingHTTPServer):
    """Answers chat completions, streamed or whole; what it was not taught it answers with nothing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.known: dict[str, str] = {}
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def teach(self, questions: Sequence[Question]) -> None:
        """Let it know the right completions of these questions."""
        for question in questions:
            task = extend.task(question.task)
            self.known[task.prompt(question, STYLE)[-1]["content"]] = task.render(question, STYLE)


class _Handler(BaseHTTPRequestHandler):
    server: GoldServer

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = request["messages"][-1]["content"]
        text = self.server.known.get(content if isinstance(content, str) else content[0]["text"], "")
        usage = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
        common = {"id": "1", "created": 0, "model": request["model"], "usage": usage}
        part = {"role": "assistant", "content": text}
        if request.get("stream"):
            delta = common | {"object": "chat.completion.chunk"}
            delta["choices"] = [{"index": 0, "delta": part, "finish_reason": "stop"}]
            self._send("text/event-stream", f"data: {json.dumps(delta)}\n\ndata: [DONE]\n\n")
        else:
            whole = common | {"object": "chat.completion"}
            whole["choices"] = [{"index": 0, "message": part, "finish_reason": "stop"}]
            self._send("application/json", json.dumps(whole))

    def _send(self, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def gold_server(questions: list[Question]) -> Iterator[GoldServer]:
    """The server, taught every question of the file but the last."""
    server = GoldServer()
    server.teach(questions[:-1])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
