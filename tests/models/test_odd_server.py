"""A server's reply is untrusted input: whatever it is, one answer is read, or fails with the server's own words."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.models.odd_server import ANSWER, FAILED, READ, REFUSED, THOUGHT, THOUGHTS, WIRE, Handler, odd_server, reply

from codereasoner import extend
from codereasoner.errors import ConfigError, EndpointError
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.models.reply import OddReply, decoded, read_reply
from codereasoner.task import Question

pytest.importorskip("httpx2")
SOME = Sampling(0.5)
QUESTION = Question("output", {"source": "", "entry": "f", "call": ""}, ("4",))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with odd_server() as address:
        yield address


def model(server: str, path: str, **options: Any) -> Model:
    found: Model = extend.find("model", "openai:m", **{"base_url": f"{server}/{path}/v1"} | options)
    return found


def ask(server: str, path: str, count: int = 1, sampling: Sampling = SOME, **options: Any) -> list[Completion]:
    prompts = [Prompt(QUESTION, [{"role": "user", "content": "x"}], sample) for sample in range(count)]
    done = dict(model(server, path, **options).complete(prompts, sampling))
    return [done[index] for index in range(count)]


@pytest.mark.parametrize("fault", READ)
def test_an_odd_reply_that_holds_the_answer_is_read(server: str, fault: str) -> None:
    [found] = ask(server, f"read/{fault}")
    assert (found.text, found.finish, found.thoughts) == (ANSWER, "stop", "")
    assert found.completion_tokens in (0, 7)


@pytest.mark.parametrize("place", THOUGHTS)
def test_thoughts_are_found_wherever_a_server_puts_them(server: str, place: str) -> None:
    [found] = ask(server, f"thoughts/{place}")
    assert (found.text, found.thoughts, found.finish) == ("<answer>4</answer>", THOUGHT, "stop")


@pytest.mark.parametrize("fault", FAILED)
def test_a_reply_without_an_answer_is_an_error_in_the_words_of_the_server(server: str, fault: str) -> None:
    [found] = ask(server, f"failed/{fault}", retries=0)
    assert (found.text, found.thoughts, found.finish) == ("", "", "error")
    assert FAILED[fault][2] in found.reason
    assert found.reason.isprintable()


@pytest.mark.parametrize("fault", WIRE)
def test_what_comes_over_the_wire_is_an_answer_or_one_sentence(server: str, fault: str) -> None:
    [found] = ask(server, f"wire/{fault}", retries=0)
    words = WIRE[fault][1]
    assert (found.text, found.finish) == (("", "error") if words else (ANSWER, "stop"))
    assert words in found.reason


def test_a_reply_that_comes_drop_by_drop_is_given_up_after_the_time_limit(server: str) -> None:
    began = time.monotonic()
    [found] = ask(server, "drip", retries=0, timeout=0.5)
    assert found.reason == "no reply within 0.5 s"
    assert time.monotonic() - began < 3


def test_a_client_that_hangs_up_leaves_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    with odd_server() as address:
        ask(address, "drip", retries=0, timeout=0.2)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=5)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("finish", ["length", "MAX_TOKENS", "max_output_tokens", "model_context_window_exceeded"])
def test_the_words_of_servers_for_an_answer_that_is_cut_off(finish: str) -> None:
    assert read_reply(json.dumps(reply("<answer>4", finish=finish))).finish == "length"


@pytest.mark.parametrize("fault", ["choices-null", "html", "busy", "limited", "half-stream", "content-null"])
def test_what_may_pass_is_tried_again(server: str, fault: str) -> None:
    [found] = ask(server, f"once/{fault}")
    assert found.text == ANSWER


@pytest.mark.parametrize("fault", ["context", "pinned", "filtered"])
def test_what_cannot_pass_is_asked_once(server: str, fault: str) -> None:
    Handler.requests.clear()
    ask(server, f"failed/{fault}")
    assert len(Handler.requests) == 1


@pytest.mark.parametrize("concurrency", [1, 5])
@pytest.mark.parametrize("name", REFUSED)
def test_a_parameter_that_is_refused_is_left_out_or_renamed_once_for_the_run_and_said(
    server: str, name: str, concurrency: int, caplog: pytest.LogCaptureFixture
) -> None:
    Handler.requests.clear()
    sampling = Sampling(0.5, 0.9, thinking="off", effort="low")
    with caplog.at_level(logging.WARNING, "codereasoner"):
        found = ask(server, f"refused/{name}/{concurrency}", 5, sampling, concurrency=concurrency)
    assert [each.text for each in found] == [ANSWER] * 5
    assert 6 <= len(Handler.requests) <= 5 + concurrency
    last = Handler.requests[-1]
    assert name not in last
    assert ("max_completion_tokens" in last) == (name == "max_tokens")
    assert {"temperature", "top_p", "seed"} - set(last) <= {name}
    assert len([each for each in caplog.messages if f"refuses '{name}'" in each]) == 1


def test_control_of_thinking_is_sent_in_every_word_a_server_may_know(server: str) -> None:
    Handler.requests.clear()
    sampling = Sampling(
        0.6,
        top_k=20,
        min_p=0.1,
        thinking="on",
        thinking_budget=99,
        effort="high",
        template_args={"a": 1},
        extra_body={"repetition_penalty": 1.1, "seed": None},
    )
    ask(server, "read/good", 1, sampling)
    sent = Handler.requests[0]
    assert sent["chat_template_kwargs"] == {
        "enable_thinking": True,
        "thinking": True,
        "reasoning_effort": "high",
        "thinking_budget": 99,
        "a": 1,
    }
    assert (sent["top_k"], sent["min_p"], sent["reasoning_effort"], sent["thinking_budget"]) == (20, 0.1, "high", 99)
    assert sent["repetition_penalty"] == 1.1
    assert sent["seed"] is None


def test_nothing_is_sent_about_thinking_unless_it_is_asked_for(server: str) -> None:
    Handler.requests.clear()
    ask(server, "read/good")
    assert set(Handler.requests[0]) == {"fault", "model", "messages", "temperature", "top_p", "seed", "max_tokens"}


def test_a_first_batch_that_fails_as_a_whole_ends_the_run_with_the_words_of_the_server(server: str) -> None:
    Handler.requests.clear()
    with pytest.raises(EndpointError, match=r"the first 8 requests .* all failed: 8 x 400: Server is pinned to 'a'"):
        ask(server, "failed/pinned", 500, concurrency=8)
    assert len(Handler.requests) < 50


def test_nobody_who_listens_is_said_within_seconds() -> None:
    began = time.monotonic()
    with pytest.raises(EndpointError, match="8 x no connection"):
        ask("http://127.0.0.1:9", "x", 100)
    assert time.monotonic() - began < 10


def test_a_dropped_connection_fails_one_answer(server: str) -> None:
    [found] = ask(server, "drop", retries=1)
    assert found.finish == "error"
    assert found.reason.startswith("no connection")


def test_the_requests_under_way_end_when_the_caller_stops(server: str) -> None:
    prompts = [Prompt(QUESTION, [{"role": "user", "content": "x"}])] * 40
    under_way = model(server, "slow/30").complete(prompts, Sampling())
    assert next(iter(under_way))[1].text == ANSWER  # the first is answered at once, the others would take 30 s
    began = time.monotonic()
    under_way.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1:8000/v1", "localhost:8000", "ftp://host/v1", "http://", "http:///v1", "http://:80/v1"),
        *("http://[::1/v1", "http://host:abc/v1", "http://host:99999/v1", "http://a\nb/v1", "http://\ud800/v1"),
        *("http://me:a b@host/v1", 'http://me:a"b@host/v1', "http://me:a\\b@host/v1"),
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_asked(address: str) -> None:
    with pytest.raises(ConfigError, match="begins with http://") as error:
        extend.find("model", "openai:m", base_url=address)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("end", ["", "/", "//", "/chat/completions", "/chat/completions/", "#x", " \n"])
def test_an_address_may_end_in_several_ways_and_names_one_server(server: str, end: str) -> None:
    for address in (f"{server}/read/good/v1", "http://[::1]:8000/v1", "http://h"):
        found: Any = extend.find("model", "openai:org/a b@c", base_url=address + end)
        assert found.identity == f"openai:org/a b@c@{address}"
    assert ask(server, "read/good", base_url=f"{server}/read/good/v1{end}")[0].text == ANSWER


def test_the_query_of_an_address_is_sent_and_not_shown(server: str) -> None:
    Handler.seen.clear()
    address = f"{server}/read/good/v1"
    found: Any = extend.find("model", "openai:m", base_url=f"{address}?key=SECRET")
    [(_, answer)] = found.complete([Prompt(QUESTION, [{"role": "user", "content": "x"}])], SOME)
    assert answer.text == ANSWER
    assert [*Handler.seen] == ["/read/good/v1/chat/completions?key=SECRET"]
    assert "SECRET" not in found.identity
    assert len({found.identity, extend.find("model", "openai:m", base_url=address).identity}) == 2


@pytest.mark.parametrize("login", ["", "user:pass%20word@"])
@pytest.mark.parametrize("status", [200, 400, 401])
def test_what_a_server_repeats_of_a_request_is_shown_without_its_secrets(
    server: str, status: int, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-SECRET")
    address = f"{server.replace('//', f'//{login}')}/echo/{status}/v1?key=SECRET&v=1"
    try:
        words = ask(server, "", retries=0, base_url=address)[0].reason
    except ConfigError as error:
        words = str(error)
    assert f"cannot POST /echo/{status}/v1/chat/completions?… with " in words
    assert not re.search("SECRET|pass|dXNlcjpwYXNzIHdvcmQ", words)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_API_KEY", "k\xe9y"),
        ("OPENAI_API_KEY", "a\rb: c"),
        ("OPENAI_ORG_ID", "\u202e"),
        ("HTTP_PROXY", "foo://x"),
        ("HTTP_PROXY", "http://[::1"),
        ("SSL_CERT_FILE", "/nowhere"),
    ],
)
def test_what_the_environment_sets_wrong_is_one_sentence_without_the_key(
    server: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=r"holds a character that no header can|no connection to http\S+ can be made"):
        ask(server, "read/good")


def test_blanks_around_a_key_are_no_part_of_it(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sk-1\n")
    assert ask(server, "read/good")[0].text == ANSWER


def test_the_server_names_the_model_wherever_its_address_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    flagged = extend.find("model", "openai:m", base_url="http://a/v1").identity
    monkeypatch.setenv("OPENAI_BASE_URL", "http://a/v1")
    assert extend.find("model", "openai:m").identity == flagged == "openai:m@http://a/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://user:secret@b/v1")
    assert extend.find("model", "openai:m").identity == "openai:m@http://b/v1"


def test_half_a_letter_is_replaced_because_no_file_can_hold_it(server: str) -> None:
    prompts = [Prompt(QUESTION, [{"role": "user", "content": "prompts may hold them too: \ud835"}])]
    [(_, found)] = model(server, "half-letters").complete(prompts, Sampling())
    assert (found.text, found.thoughts) == ("a\ufffdb", "a\U0001d400b")


def test_the_letters_of_a_reply_are_read_in_the_charset_that_it_declares() -> None:
    body = json.dumps(reply("<answer>'é'</answer>"), ensure_ascii=False)
    assert read_reply(decoded(body.encode("latin-1"), "ISO-8859-1")).text == "<answer>'é'</answer>"
    assert read_reply(decoded(body.encode("cp1252"), "windows-1252")).text == "<answer>'é'</answer>"
    assert read_reply(decoded(body.encode("utf-8-sig"), "utf-8")).text == "<answer>'é'</answer>"
    with pytest.raises(OddReply, match="the reply is not utf-8, and its header names no other charset"):
        decoded(body.encode("latin-1"), None)
