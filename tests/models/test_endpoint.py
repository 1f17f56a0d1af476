"""A model behind an OpenAI-compatible endpoint, against a real local HTTP server that speaks the protocol."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.errors import ConfigError
from codereasoner.extend import Prompt, Sampling
from codereasoner.models.endpoint import _pause
from codereasoner.task import Question

pytest.importorskip("httpx2")
QUESTION = Question("output", {"source": "", "entry": "f", "call": ""}, ("1",))


class Handler(BaseHTTPRequestHandler):
    """Answers by what the prompt says: echo it, fail once with the status it names, cut it off, or refuse it."""

    failed: set[str] = set()
    requests: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Handler.requests.append(request)
        text = request["messages"][0]["content"]
        status = int(text.split()[1]) if text.startswith("fail") else 200
        if status in (404, 401) or (status != 200 and text not in Handler.failed):
            Handler.failed.add(text)
            self.answer(status, {"error": {"message": "no", "type": "x", "code": status}})
            return
        finish = "length" if text.startswith("cut") else "stop"
        message = {"role": "assistant", "content": text.upper()}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        usage = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
        common = {"id": "1", "object": "chat.completion", "created": 0, "model": request["model"]}
        self.answer(200, common | {"choices": [choice], "usage": usage})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def base_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def complete(base_url: str, *texts: str, **options: Any) -> list[extend.Completion]:
    model = extend.find("model", "openai:tiny", base_url=base_url, **options)
    prompts = [Prompt(QUESTION, [{"role": "user", "content": text}], sample) for sample, text in enumerate(texts)]
    done = dict(model.complete(prompts, Sampling(0.5, 0.9, 77, seed=10)))
    return [done[index] for index in range(len(texts))]


def test_completions_come_with_their_finish_and_tokens(base_url: str) -> None:
    one, two = complete(base_url, "hello", "cut here")
    assert (one.text, one.finish, one.prompt_tokens, one.completion_tokens) == ("HELLO", "stop", 3, 5)
    assert two.finish == "length"


def test_the_sampling_is_sent_and_each_sample_has_its_own_seed(base_url: str) -> None:
    Handler.requests.clear()
    complete(base_url, "a", "b")
    assert sorted(request["seed"] for request in Handler.requests) == [10, 11]
    assert {(r["temperature"], r["top_p"], r["max_tokens"]) for r in Handler.requests} == {(0.5, 0.9, 77)}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(base_url: str, status: int) -> None:
    [completion] = complete(base_url, f"fail {status} once")
    assert completion.finish == "stop"


def test_a_request_that_keeps_failing_is_an_error_and_the_others_go_on(base_url: str) -> None:
    one, two = complete(base_url, "fail 400 always", "fine", retries=0)
    assert one.finish == "error"
    assert two.text == "FINE"


def test_an_unknown_model_stops_with_a_sentence(base_url: str) -> None:
    with pytest.raises(ConfigError, match=r"refuses model 'tiny': 404: no$"):
        complete(base_url, "fail 404 model")
    with pytest.raises(ConfigError, match=r"404: no; is /v1 missing at the end of --base-url\?$"):
        complete(base_url.removesuffix("/v1") + "/api", "fail 404 model")


def test_a_key_that_is_refused_or_missing_is_named(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    with pytest.raises(ConfigError, match=r"401: no; is the key in \$OPENAI_API_KEY right\?$"):
        complete(base_url, "fail 401 key")
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError, match=r"401: no; \$OPENAI_API_KEY is not set: no key was sent$"):
        complete(base_url, "fail 401 key")


def test_a_redirect_is_told_with_its_whole_address_and_without_a_password(base_url: str) -> None:
    address = base_url.replace("//", "//me:secret@")
    model = extend.find("model", "openai:tiny", base_url=address)
    assert model._absolute("/v2/chat/completions") == base_url.removesuffix("1") + "2/chat/completions"
    assert model._absolute("https://other.example/v1?key=secret") == "https://other.example/v1"
    assert model._absolute("http://[") == "http://["


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="set \\$OPENAI_API_KEY"):
        extend.find("model", "openai:gpt")


def test_a_long_pause_is_announced_once_for_all_requests(
    base_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("codereasoner.models.endpoint.LONG", 0.1)
    monkeypatch.setattr("codereasoner.models.endpoint._pause", lambda asked, attempt: 0.2)
    assert [each.finish for each in complete(base_url, "fine", "fail 429 a", "fail 429 b", retries=1)]
    told = [record.getMessage() for record in caplog.records if "trying again" in record.getMessage()]
    assert len(told) == 1
    assert told[0].endswith("trying again in 0 s, as it asks")


def test_a_proxy_that_is_in_the_way_is_named(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    [found] = complete(base_url, "a", retries=0)
    assert "no connection through the proxy 127.0.0.1:9 ($NO_PROXY=127.0.0.1 goes around it): " in found.reason
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert [each.text for each in complete(base_url, "a")] == ["A"]


def test_a_proxy_that_cannot_be_made_is_no_matter_where_no_proxy_goes_around_it(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", "socks4://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert [each.text for each in complete(base_url, "a")] == ["A"]
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(
        ConfigError, match=r"through the proxy socks4://127.0.0.1:9 \(\$NO_PROXY=127.0.0.1 goes around it"
    ):
        complete(base_url, "a")


def test_what_is_wrong_with_tls_says_what_to_do(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = complete(base_url.replace("http:", "https:"), "a", retries=0)
    assert found.reason.endswith(": the server speaks http, not https")
    monkeypatch.setenv("SSL_CERT_FILE", "/none/ca.pem")
    with pytest.raises(ConfigError, match=r"there is no file /none/ca.pem, which \$SSL_CERT_FILE names"):
        complete(base_url, "a")


def test_a_server_that_asks_for_no_pause_is_asked_less_often_all_the_same() -> None:
    for asked in ("0", "0.1", formatdate(time.time() - 30, usegmt=True)):  # whose clock is behind ours
        assert all(0.3 < _pause(asked, attempt) / 2**attempt <= 0.5 for attempt in range(4))


def test_a_server_that_no_packet_reaches_is_no_connection_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codereasoner.models.endpoint.CONNECT", 0.2)
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # fill its queue: further connections get no reply at all
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        [found] = complete(f"http://127.0.0.1:{full.getsockname()[1]}", "a", retries=0)
    assert found.reason == "no connection within 0.2 s"


def test_requests_are_paced(base_url: str) -> None:
    began = time.monotonic()
    done = complete(base_url, "a", "b", "c", requests_per_minute=1200)
    assert [each.text for each in done] == ["A", "B", "C"]
    assert time.monotonic() - began >= 2 * 60 / 1200


@pytest.mark.parametrize("option", [{"concurrency": 0}, {"requests_per_minute": 0}, {"timeout": "4"}])
def test_a_pace_that_is_none_is_named(option: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="must be a number above 0"):
        extend.find("model", "openai:tiny", base_url="http://127.0.0.1:1/v1", **option)


def test_a_pause_may_be_asked_for_as_a_date() -> None:
    later = formatdate(time.time() + 30, usegmt=True)
    assert 25 < _pause(later, 0) <= 30
    assert _pause(formatdate(time.time() + 10**6, usegmt=True), 0) == 120
    for odd in ("Wed, 99 Foo 2099", "soon", "-1", "nan", ""):
        assert 0.3 < _pause(odd, 0) <= 0.5


@pytest.mark.parametrize("name", ["api_key", "Authorization", "x-api-key", "access_token", "password"])
def test_a_key_in_a_field_of_a_request_is_refused_as_outputs_keep_these(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"extra_body has '{name}', .* give a key as \$OPENAI_API_KEY"):
        Sampling(extra_body={name: "sk-1"})
    Sampling(extra_body={"max_tokens": 5, "stop_token_ids": [1], "tokenizer": "a", "truncate_prompt_tokens": 3})
