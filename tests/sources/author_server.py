"""A local server that speaks the OpenAI protocol and writes programs, with every fault that a real one has."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

PROGRAM = """def f(items, word):
    total = {number}
    for item in items:
        if item > {number}:
            total += item * len(word)
    return word * 2, total

print(f([1, 5, {number}], 'ab'))"""

TEXTS = {
    "plain": "```python\n{program}\n```",
    "thinking": "<think>```python\ndef f(x):\n    return 1\n```</think>Here it is:\n\n```py\n{program}\n```\nEnjoy!",
    "open fence": "Sure!\n```python\n{program}",
    "bare": "{program}",
    "refusal": "I'm sorry, but I can't help with that.",
    "talk": "A function takes arguments and returns a value.",
    "broken": "```python\ndef f(x:\n    return x\n```",
    "comment": "```python\n{commented}\n```",
    "two prints": "```python\n{program}\nprint(f([2], 'x'))\n```",
    "no print": "```python\ndef f(x):\n    return x * 2\n```",
}


class AuthorServer:
    """`with AuthorServer(faults) as server: server.url`; `faults` says what happens to the n-th request, by kind.

    Kinds: the names of TEXTS, "429", "500", "slow", "cut" (finish reason length), "drop" (the connection is closed).
    A prompt that met a fault of the connection is answered plainly when it comes again.
    """

    def __init__(self, kinds: list[str]) -> None:
        self.kinds = kinds
        self.requests: list[dict[str, Any]] = []
        self.seen: Counter[str] = Counter()
        self.under_way = self.most_under_way = 0
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self.lock:
            self.requests.append(request)
            number = int(request["seed"])
            again = self.seen[str(number)]
            self.seen[str(number)] += 1
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        kind = self.kinds[number % len(self.kinds)]
        try:
            if kind in ("429", "500", "drop") and not again:
                self._fail(handler, kind)
                return
            if kind == "slow":
                time.sleep(0.2)
            self._complete(handler, request, kind, number)
        finally:
            with self.lock:
                self.under_way -= 1

    def _fail(self, handler: BaseHTTPRequestHandler, kind: str) -> None:
        if kind == "drop":
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True
            return
        self._send(handler, int(kind), {"error": {"message": kind, "type": "x", "code": kind}})

    def _complete(self, handler: BaseHTTPRequestHandler, request: dict[str, Any], kind: str, number: int) -> None:
        program = PROGRAM.format(number=number)
        words = {"program": program, "commented": program.replace("    total = ", "    # a comment\n    total = ")}
        text = TEXTS.get(kind, TEXTS["plain"]).format(**words)
        if kind == "cut":
            text = text[: len(text) // 2]
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "length" if kind == "cut" else "stop",
        }
        usage = {"prompt_tokens": 300, "completion_tokens": 100, "total_tokens": 400}
        common = {"id": "1", "object": "chat.completion", "created": 0, "model": request["model"]}
        self._send(handler, 200, common | {"choices": [choice], "usage": usage})

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("Retry-After-Ms", "1")
        handler.end_headers()
        handler.wfile.write(data)
