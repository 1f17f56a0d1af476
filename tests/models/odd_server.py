"""A server of completions that misbehaves in every way we know of: the first part of the path picks the fault."""

from __future__ import annotations

import gzip
import json
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = "<reasoning>x = 3, so x + 1 = 4</reasoning><answer>4</answer>"
USAGE = {"prompt_tokens": 5, "completion_tokens": 7}


def reply(content: Any, finish: Any = "stop", usage: Any = USAGE, **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}


def error(message: Any, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **fields}}


def chunk(text: Any, finish: str | None = None) -> str:
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
    "usage-of-others": reply(ANSWER, usage={"input_tokens": 5, "output_tokens": 7}),
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
    "usage-huge": json.dumps(reply(ANSWER, usage={"prompt_tokens": 1})).replace(": 1}", f": {'9' * 9999}}}"),
    "usage-negative": reply(ANSWER, usage={"prompt_tokens": -5, "completion_tokens": 1e300}),
    "numbers": json.dumps(reply(ANSWER, usage={"prompt_tokens": float("nan"), "completion_tokens": float("inf")})),
    "choice-null": {**reply(ANSWER), "choices": [None, *reply(ANSWER)["choices"]]},
    "part-with-a-value": reply([{"type": "text", "text": {"value": ANSWER}}]),
    "part-of-the-other-protocol": reply([{"type": "output_text", "text": ANSWER}]),
    "image-too": reply([{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": ANSWER}]),
    "errors-that-are-none": reply(ANSWER) | {"error": {"code": 0, "message": ""}},
    "finish-new-word": reply(ANSWER, finish="eos_token"),
    "byte-order-mark": "\ufeff" + json.dumps(reply(ANSWER)),
    "stream-with-comments": f": ping\n\nevent: x\nid: 4\n{chunk(ANSWER[:9])}{chunk(ANSWER[9:], 'stop')}",
    "stream-of-windows": (chunk(ANSWER[:9]) + chunk(ANSWER[9:], "stop")).replace("\n", "\r\n"),
    "stream-of-many-lines": "data: " + json.dumps(reply(ANSWER), indent=1).replace("\n", "\ndata: ") + "\n\n",
    "stream-of-one": f"data: {json.dumps(reply(ANSWER))}\n\n",
    "stream-without-reason": chunk(ANSWER) + "data: [DONE]\n\n",
    "stream-of-parts": chunk([{"type": "text", "text": ANSWER}], "stop"),
    "stream-of-texts": f"data: {json.dumps({'choices': [{'text': ANSWER, 'finish_reason': 'stop'}]})}\n\n",
    "stream-of-a-refusal": "".join(
        f"data: {json.dumps({'choices': [{'delta': {'refusal': part}, 'finish_reason': end}]})}\n\n"
        for part, end in ((ANSWER[:9], None), (ANSWER[9:], "stop"))
    ),
    "stream": chunk(ANSWER[:20]) + chunk(ANSWER[20:]) + chunk(None, "stop") + "data: [DONE]\n\n",
}
"""Odd replies that hold the whole answer."""

THOUGHTS: dict[str, Any] = {
    "reasoning_content": reply("<answer>4</answer>", reasoning_content=THOUGHT),
    "reasoning": reply("<answer>4</answer>", reasoning=THOUGHT),
    "both": reply("<answer>4</answer>", reasoning=THOUGHT, reasoning_content=THOUGHT),
    "details": reply("<answer>4</answer>", reasoning_details=[{"type": "reasoning.text", "text": THOUGHT}]),
    "reasoning_text": reply("<answer>4</answer>", reasoning_text=THOUGHT),
    "summary": reply("<answer>4</answer>", reasoning={"summary": [{"type": "summary_text", "text": THOUGHT}]}),
    "blocks": reply("<answer>4</answer>", thinking_blocks=[{"type": "thinking", "thinking": THOUGHT}]),
    "text-choice": {"choices": [{"text": "<answer>4</answer>", "reasoning": THOUGHT, "finish_reason": "stop"}]},
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
    "openthinker": reply(f"<|begin_of_thought|>\n{THOUGHT}\n<|end_of_thought|>\n<answer>4</answer>"),
    "medgemma": reply(f"<unused94>thought\n{THOUGHT}<unused95><answer>4</answer>"),
    "medgemma-opened": reply(f"{THOUGHT}<unused95><answer>4</answer>"),
    "stream-of-texts": "data: "
    + json.dumps({"choices": [{"text": "<answer>4</answer>", "reasoning": THOUGHT, "finish_reason": "stop"}]})
    + "\n\n",
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
    "tools-alone": (200, reply(None, tool_calls=[{"id": "1"}]), "the model calls a tool instead of answering"),
    "tools-and-blanks": (200, reply(" ", finish="tool_calls", tool_calls=[{"id": "1"}]), "calls a tool instead"),
    "function": (200, reply(None, function_call={"name": "run"}), "calls a tool instead"),
    "content-true": (200, reply(True), "the reply has no content"),
    "content-mapping": (200, reply({"answer": 4}), "the reply has no content"),
    "content-deep": (
        200,
        '{"choices": [{"message": {"content": ' + "[" * 480 + "]" * 480 + "}}]}",
        "the reply ",  # is nested too deeply, or has no content where Python reads so deep
    ),
    "aborted": (200, reply("<answer>4</answer>", finish="abort"), "did not end the answer (finish_reason 'abort')"),
    "timed-out": (200, reply("<answer>4</answer>", finish="timeout"), "did not end the answer"),
    "rate-limited": (200, reply("<answer>4", finish="rate_limit_exceeded"), "did not end the answer"),
    "no-resources": (200, reply("<answer>4</answer>", finish="insufficient_system_resource"), "did not end the answer"),
    "refused": (200, reply("", finish="refusal"), "withheld the answer"),
    "other-protocol": (200, {"type": "message", "content": [{"type": "text", "text": ANSWER}]}, "has no choices"),
    "two-replies": (200, json.dumps(reply(ANSWER)) * 2, "the reply is not JSON: {"),
    "too-long-for-anyone": (200, reply("x" * 33_000_000), "the reply is longer than 32,000,000 bytes"),
    "content-null": (200, reply(None), "the reply has no content"),
    "message-null": (200, {"choices": [{"message": None, "finish_reason": "stop"}]}, "the reply has no content"),
    "message-list": (200, {"choices": [{"message": [], "finish_reason": "stop"}]}, "the reply has no content"),
    "error-with-200": (200, error("The model is overloaded"), "The model is overloaded"),
    "error-text-with-200": (200, {"error": "out of memory"}, "out of memory"),
    "finish-error": (200, {**reply("", finish="error"), "error": {"message": "Provider died"}}, "Provider died"),
    "error-beside-nothing": (
        200,
        {**reply(""), "error": {"message": "Upstream idle timeout", "code": 504}},
        "Upstream idle",
    ),
    "error-beside-half": (200, {**reply("<answer>4</answer>"), "error": "engine died"}, "engine died"),
    "error-in-choice": (
        200,
        {"choices": [{"message": {"content": ""}, "error": {"message": "Provider fell"}}]},
        "Provider fell",
    ),
    "filtered": (200, reply(None, finish="content_filter"), "withheld the answer"),
    "filtered-half": (200, reply("<answer>4</answer>", finish="content_filter"), "withheld the answer"),
    "html": (200, "<!doctype html><html><title>Log in</title></html>", "a web page (Log in), not JSON"),
    "text": (200, "OK", "the reply is not JSON: OK"),
    "empty": (200, "", "the reply is empty"),
    "list": (200, [reply(ANSWER)], "not a JSON object"),
    "number": (200, "7", "not a JSON object"),
    "half": (200, json.dumps(reply(ANSWER))[:60], "the reply is not JSON: {"),
    "deep": (200, "[" * 100_000, "the reply is not JSON: ["),
    "half-stream": (200, chunk(ANSWER), "a stream that broke off"),
    "stream-of-nothing": (200, "data: [DONE]\n\n", "a stream that broke off"),
    "stream-and-event": (200, chunk(ANSWER[:9]) + 'event: error\ndata: {"message": "fell"}\n\n', "fell"),
    "broken-stream": (200, chunk(ANSWER[:9]) + "data: {oops\n\n", "an event that is not JSON"),
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


def raw(body: bytes, status: str = "200 OK", length: object = None, **headers: str) -> bytes:
    """A reply byte by byte; the names of headers have _ for -."""
    known = {"Content_Type": "application/json", "Content_Length": len(body) if length is None else length} | headers
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in known.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body


def chunks(body: bytes, size: int = 7) -> bytes:
    """A body in the chunks of HTTP, without the last and empty one."""
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


WIDE = json.dumps(reply(ANSWER) | {"id": "\xfc"}, ensure_ascii=False)
GOOD = json.dumps(reply(ANSWER)).encode()
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(GOOD)
ELSEWHERE = "http://127.0.0.1:9/v1/chat/completions"
WIRE: dict[str, tuple[bytes, str]] = {
    "chunked": (CHUNKED + b"0\r\n\r\n", ""),
    "chunked-cut": (CHUNKED, "without sending complete message body"),
    "chunk-of-no-size": (CHUNKED.replace(b"\r\n7\r\n", b"\r\nzz\r\n", 1), "illegal chunk header"),
    "gzip": (raw(gzip.compress(GOOD), Content_Encoding="gzip"), ""),
    "deflate": (raw(zlib.compress(GOOD), Content_Encoding="deflate"), ""),
    "gzip-that-is-none": (raw(GOOD, Content_Encoding="gzip"), "incorrect header check"),
    "gzip-cut": (raw(gzip.compress(GOOD)[:-20], Content_Encoding="gzip"), "the reply is not JSON: {"),
    "gzip-bomb": (raw(gzip.compress(bytes(200_000_000), 1), Content_Encoding="gzip"), "longer than 32,000,000 bytes"),
    "gzip-bomb-as-error": (raw(gzip.compress(bytes(99_000_000), 1), "500 X", Content_Encoding="gzip"), "longer than"),
    "zstd": (raw(GOOD, Content_Encoding="zstd"), "compressed as zstd"),
    "length-too-large": (raw(GOOD, length=len(GOOD) + 100), "without sending complete message body"),
    "length-too-small": (raw(GOOD, length=len(GOOD) - 30), "the reply is not JSON: {"),
    "length-of-words": (raw(GOOD, length="abc"), "bad Content-Length"),
    "moved": (raw(b"", "301 Moved", Location=ELSEWHERE), f"301: the server redirects to {ELSEWHERE}"),
    "moved-for-now": (raw(b"", "307 Moved", Location=ELSEWHERE), "give the address it is at as --base-url"),
    "moved-to-itself": (
        raw(b"", "308 Moved", Location="/wire/moved-to-itself/v1/chat/completions"),
        "redirects to http://127.0.0.1:",
    ),
    "early-hints": (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + raw(GOOD), ""),
    "old-http": (b"HTTP/1.0 200 OK\r\n\r\n" + GOOD, ""),
    "no-http": (GOOD, "no connection"),
    "no-status": (b"HTTP/1.1 abc OK\r\n\r\n", "no connection"),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "no connection"),
    "nothing": (b"", "no connection"),
    "headers-alone": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", "without sending complete message body"),
    "header-without-end": (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000, "no connection"),
    "no-content": (b"HTTP/1.1 204 No Content\r\n\r\n", "the reply is empty"),
    "unknown-status": (raw(b"teapot", "999 Denied"), "999: teapot"),
    "utf-16": (raw(json.dumps(reply(ANSWER)).encode("utf-16"), Content_Type="application/json; charset=utf-16"), ""),
    "latin-1": (raw(WIDE.encode("latin-1")), "is not utf-8, and its header names no other charset"),
    "latin-1-declared": (raw(WIDE.encode("latin-1"), Content_Type="application/json; charset=ISO-8859-1"), ""),
    "utf-8-as-ascii": (raw(WIDE.encode(), Content_Type='x/y; charset="ascii"'), "not ascii, as its header says"),
    "latin-1-error": (raw("zu groß".encode("latin-1"), "400 X"), "400: zu gro"),
    "charset-that-is-no-text": (raw(GOOD, Content_Type="application/json; charset=base64"), ""),
    "charset-that-fails": (raw(GOOD, Content_Type="application/json; charset=idna"), ""),
}
"""Replies as they come over the wire, and what must be said of them; nothing where the answer is read."""


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
            case "wire":
                self.wfile.write(WIRE[fault][0])
                self.close_connection = True
            case "drip":
                for byte in raw(GOOD):
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.02)
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
            case "echo":
                self.answer(int(fault), error(f"cannot POST {self.path} with {self.headers['Authorization']}"))
            case "half-letters":
                self.answer(200, reply("a\ud835b", reasoning_content="a\ud835\udc00b"))
            case "slow" if Handler.seen[self.path] > 1:  # the first is answered at once
                time.sleep(float(fault))
            case "drop":
                self.close_connection = True
            case _:
                self.answer(200, reply(ANSWER))

    def handle(self) -> None:
        with suppress(ConnectionError):  # a client that hangs up is no fault of this server
            super().handle()

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
