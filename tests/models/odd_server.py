"""A server of completions that misbehaves in every way we know of: the first part of the path picks the fault."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = "<reasoning>x = 3, so x + 1 = 4</reasoning><answer>4</answer>"
USAGE = {"prompt_tokens": 5, "completion_tokens": 7}


def reply(content: Any, finish: Any = "stop", usage: Any = USAGE, **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}


def error(message: Any, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **fields}}


def chunk(text: str | None, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"


HOSTILE = "[/b][red]\x1b[2J\x1b]0;x\x07\ud835 :smile: \u202e%s{0}"
"""Markup, orders to a terminal, half a letter, an emoji's name, a change of direction, and places in templates."""

THOUGHT = "The call passes 3, so x + 1 = 4."
READ: dict[str, Any] = {
    "good": reply(ANSWER),
    "usage-null": reply(ANSWER, usage={"prompt_tokens": 5, "completion_tokens": None}),
    "usage-text": reply(ANSWER, usage={"prompt_tokens": "five", "completion_tokens": [7]}),
    "usage-list": reply(ANSWER, usage=[1]),
    "usage-missing": reply(ANSWER, usage=None),
    "usage-digits": reply(ANSWER, usage={"prompt_tokens": "5", "completion_tokens": "7"}),
    "choices-mapping": {**reply(ANSWER), "choices": reply(ANSWER)["choices"][0]},
    "tools-too": reply(ANSWER, finish="tool_calls", tool_calls=[{"id": "1", "type": "function"}]),
    "finish-null": reply(ANSWER, finish=None),
    "finish-list": reply(ANSWER, finish=["stop"]),
    "parts": reply([{"type": "text", "text": ANSWER}]),
    "parts-as-texts": reply([ANSWER[:9], None, 3, ANSWER[9:]]),
    "no-role": {"choices": [{"message": {"content": ANSWER}}]},
    "text-choice": {"choices": [{"text": ANSWER, "finish_reason": "stop"}]},
    "error-null": {**reply(ANSWER), "error": None},
    "tools-null": reply(ANSWER, tool_calls=None, function_call=None, refusal=None, annotations=[]),
    "stream": chunk(ANSWER[:20]) + chunk(ANSWER[20:]) + chunk(None, "stop") + "data: [DONE]\n\n",
}
"""Odd replies that hold the whole answer."""

THOUGHTS: dict[str, Any] = {
    "reasoning_content": reply("<answer>4</answer>", reasoning_content=THOUGHT),
    "reasoning": reply("<answer>4</answer>", reasoning=THOUGHT),
    "both": reply("<answer>4</answer>", reasoning=THOUGHT, reasoning_content=THOUGHT),
    "details": reply("<answer>4</answer>", reasoning_details=[{"type": "reasoning.text", "text": THOUGHT}]),
    "part": reply([{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": "<answer>4</answer>"}]),
    "nested": reply(
        [
            {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
            {"type": "text", "text": "<answer>4</answer>"},
        ]
    ),
    "tags": reply(f"<think>\n{THOUGHT}\n</think>\n\n<answer>4</answer>"),
    "opened": reply(f"{THOUGHT}\n</think>\n\n<answer>4</answer>"),
    "upper": reply(f"<THINK>{THOUGHT}</THINK><answer>4</answer>"),
    "seed": reply(f"<seed:think>{THOUGHT}</seed:think><answer>4</answer>"),
    "channels": reply(f"analysis{THOUGHT}assistantfinal<answer>4</answer>"),
}
"""Every place where a server puts thoughts."""

FAILED: dict[str, tuple[int, Any, str]] = {
    "choices-null": (200, {"choices": None, "error": {"message": "Upstream is busy", "code": 429}}, "Upstream is busy"),
    "choices-empty": (200, {**reply("x"), "choices": []}, "the reply has no choices"),
    "choices-text": (200, {**reply("x"), "choices": "none"}, "the reply has no choices"),
    "choices-numbers": (200, {**reply("x"), "choices": [1]}, "the reply has no choices"),
    "choices-by-number": (
        200,
        {**reply("x"), "choices": {"0": {"message": {"content": "x"}}}},
        "the reply has no choices",
    ),
    "tools-alone": (200, reply(None, tool_calls=[{"id": "1"}]), "the reply has no content"),
    "content-null": (200, reply(None), "the reply has no content"),
    "message-null": (200, {"choices": [{"message": None, "finish_reason": "stop"}]}, "the reply has no content"),
    "message-list": (200, {"choices": [{"message": [], "finish_reason": "stop"}]}, "the reply has no content"),
    "error-with-200": (200, error("The model is overloaded"), "The model is overloaded"),
    "error-text-with-200": (200, {"error": "out of memory"}, "out of memory"),
    "finish-error": (200, {**reply("", finish="error"), "error": {"message": "Provider died"}}, "Provider died"),
    "filtered": (200, reply(None, finish="content_filter"), "withheld the answer"),
    "filtered-half": (200, reply("<answer>4</answer>", finish="content_filter"), "withheld the answer"),
    "html": (200, "<!doctype html><html><title>Log in</title></html>", "a web page (Log in), not JSON"),
    "text": (200, "OK", "the reply is OK"),
    "empty": (200, "", "the reply is empty"),
    "list": (200, [reply(ANSWER)], "no JSON object"),
    "number": (200, "7", "no JSON object"),
    "half": (200, json.dumps(reply(ANSWER))[:60], "the reply is"),
    "deep": (200, "[" * 100_000, "the reply is"),
    "half-stream": (200, chunk(ANSWER), "a stream that broke off"),
    "broken-stream": (200, chunk(ANSWER[:9]) + "data: {oops\n\n", "an event that is no JSON"),
    "failed-stream": (200, chunk(ANSWER[:9]) + 'data: {"error": {"message": "died"}}\n\n', "died"),
    "pinned": (400, {"detail": "Server is pinned to 'a'; requested 'm'."}, "400: Server is pinned to 'a'"),
    "context": (
        400,
        error("This model's maximum context length is 2048 tokens.", code="x"),
        "400: This model's maximum",
    ),
    "too-long": (
        400,
        error("'max_tokens' is too large: 9000. This model supports 4096.", param="max_tokens"),
        "too large",
    ),
    "method": (405, "405 method not allowed", "405: 405 method not allowed"),
    "detail-list": (422, {"detail": [{"loc": ["body", "messages"], "msg": "Field required"}]}, "Field required"),
    "error-list": (400, [{"error": {"message": "API key not valid."}}], "API key not valid."),
    "error-null": (400, {"error": None}, "400:"),
    "error-html": (400, "<html><title>Bad gateway</title></html>", "a web page (Bad gateway)"),
    "busy": (503, error("Loading model"), "503: Loading model"),
    "busy-html": (502, "<html>", "502: a web page"),
    "limited": (429, error("Slow down"), "429: Slow down"),
}
"""Replies that hold no answer: status, body, and what must be said of them."""

REFUSED: dict[str, tuple[int, Any]] = {
    "max_tokens": (
        400,
        error("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."),
    ),
    "temperature": (
        400,
        error("Unsupported value: 'temperature' does not support 0.5 with this model.", param="temperature"),
    ),
    "top_p": (400, error("`temperature` and `top_p` cannot both be specified for this model.")),
    "seed": (
        422,
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs not permitted"}]},
    ),
    "chat_template_kwargs": (400, error("Unrecognized request argument supplied: chat_template_kwargs")),
    "reasoning_effort": (400, error("Unknown parameter: 'reasoning_effort'.", param="reasoning_effort")),
}
"""What a server says that does not know a parameter."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests: list[dict[str, Any]] = []
    seen: Counter[str] = Counter()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind, _, fault = self.path.strip("/").partition("/")
        fault = fault.partition("/")[0]
        Handler.requests.append({"fault": fault, **body})
        Handler.seen[self.path] += 1
        match kind:
            case "read":
                self.answer(200, READ[fault])
            case "thoughts":
                self.answer(200, THOUGHTS[fault])
            case "failed":
                self.answer(*FAILED[fault][:2])
            case "once" if Handler.seen[self.path] > 1:  # fails once, then answers
                self.answer(200, reply(ANSWER))
            case "once":
                self.answer(*FAILED[fault][:2])
            case "refused" if fault in body:
                self.answer(*REFUSED[fault])
            case "hostile":
                text = f"<reasoning>{HOSTILE}</reasoning><answer>'{HOSTILE}'</answer>"
                self.answer(200, reply(text, reasoning=HOSTILE))
            case "half-letters":
                self.answer(200, reply("a\ud835b", reasoning_content="a\ud835\udc00b"))
            case "slow" if Handler.seen[self.path] > 1:  # the first is answered at once
                time.sleep(float(fault))
            case "drop":
                self.close_connection = True
            case _:
                self.answer(200, reply(ANSWER))

    def answer(self, status: int, body: Any) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def odd_server() -> Iterator[str]:
    """Serve on a free port; gives the address before the fault: `{address}/failed/html/v1`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    Handler.requests.clear()
    Handler.seen.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
