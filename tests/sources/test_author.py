"""Programs that a model writes, against a real local server that speaks the OpenAI protocol."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.sources.author_server import AuthorServer

from codereasoner.errors import ConfigError, EndpointError, Shortfall
from codereasoner.extend import Rejected
from codereasoner.ledger import read_manifest, read_records
from codereasoner.records import Program
from codereasoner.sources.author import Author, cell_of, prompt_of
from codereasoner.sources.constraint_grid import CONFIGURATIONS, cells
from codereasoner.stages.make_programs import write_programs

pytest.importorskip("httpx2")
pytest.importorskip("jinja2")

EVERY = ["plain", "thinking", "429", "open fence", "refusal", "bare", "500", "cut", "talk", "drop", "broken", "slow"]
EVERY += ["two prints", "no print", "comment"]
GOOD = {"plain", "thinking", "429", "open fence", "bare", "500", "drop", "slow", "comment"}


def author(server: AuthorServer, folder: Path, **options: Any) -> Author:
    options = {"concurrency": 8, "retries": 3, "timeout": 20.0} | options
    return Author(model="openai:m", base_url=server.url, ledger=folder / "author.jsonl", **options)


@pytest.mark.slow
def test_what_a_real_endpoint_does_wrong_costs_only_the_program_it_happens_to(tmp_path: Path) -> None:
    with AuthorServer(EVERY) as server:
        out = tmp_path / "programs.jsonl"
        source = author(server, tmp_path, price_in=2.0, price_out=10.0)
        write_programs(out, [("train", 40, source)], {})
    manifest = read_manifest(out)
    assert manifest is not None
    programs = list(read_records(out, Program))
    assert len(programs) == 40
    assert all(program.calls[0].startswith("[1, 5, ") and "print" not in program.source for program in programs)
    assert set(manifest["drops"]) == {
        "author: refusal",
        "author: cut off",
        "author: no code",
        "author: does not parse",
        "author: more than one print",
        "author: no print outside a function",
        "comment",
    }
    facts = manifest["author"]
    assert facts["requests"] == len(set(server.seen))
    assert (facts["prompt_tokens"], facts["completion_tokens"]) == (300 * facts["requests"], 100 * facts["requests"])
    assert facts["cost"] == pytest.approx(facts["requests"] * (300 * 2 + 100 * 10) / 1e6)
    assert 2 <= server.most_under_way <= 8
    assert {request["temperature"] for request in server.requests} == {0.8}


def test_the_programs_come_in_the_order_of_the_prompts_and_again_without_asking(tmp_path: Path) -> None:
    with AuthorServer(["slow", "plain", "plain", "refusal"]) as server:
        first = list(author(server, tmp_path).programs("train", 20))
        asked = len(server.requests)
        again = list(author(server, tmp_path).programs("train", 20))
        assert again == first
        assert len(server.requests) == asked
        longer = list(author(server, tmp_path).programs("train", 30))
        assert longer[: len(first)] == first
        assert len(server.requests) > asked
    kept = [program for program in first if isinstance(program, Program)]
    assert len(kept) == 20
    assert [int(program.origin.rpartition("/")[2]) for program in kept] == [i for i in range(27) if i % 4 != 3][:20]


def test_a_stopped_author_asks_only_for_what_it_lacks(tmp_path: Path) -> None:
    with AuthorServer(["plain"]) as server:
        stream = author(server, tmp_path, concurrency=4).programs("train", 1000)
        for _ in range(10):
            next(stream)
        stream.close()  # type: ignore[attr-defined]
        before = Counter(server.seen)
        list(author(server, tmp_path, concurrency=4).programs("train", 300))
    assert set(before.values()) == set(server.seen.values()) == {1}


def test_an_endpoint_that_answers_nothing_stops_the_work_and_nothing_is_lost(tmp_path: Path) -> None:
    class Down(AuthorServer):
        def _complete(self, handler: Any, request: Any, kind: str, number: int) -> None:
            self._send(handler, 500, {"error": {"message": "down", "type": "x", "code": 500}})

    with Down(["plain"]) as server, pytest.raises(EndpointError, match="answered none of 5 requests: 15 x 500: down"):
        list(author(server, tmp_path, retries=0, concurrency=2).programs("train", 5))


def test_requests_that_fail_for_good_are_rejected_and_asked_again_the_next_time(tmp_path: Path) -> None:
    class Half(AuthorServer):
        mended = False

        def _complete(self, handler: Any, request: Any, kind: str, number: int) -> None:
            if number % 2 and not self.mended:
                self._send(handler, 500, {"error": {"message": "down", "type": "x", "code": 500}})
            else:
                super()._complete(handler, request, kind, number)

    with Half(["plain"]) as server:
        first = list(author(server, tmp_path, retries=0).programs("train", 5))
        reasons = {found.reason for found in first if isinstance(found, Rejected)}
        assert reasons == {"no answer from the endpoint"}
        Half.mended = True
        assert not any(isinstance(found, Rejected) for found in author(server, tmp_path).programs("train", 5))


def test_a_model_that_writes_no_programs_is_given_up(tmp_path: Path) -> None:
    with (
        AuthorServer(["talk", "refusal"]) as server,
        pytest.raises(Shortfall, match=r"no code 1\d\d, author: refusal 1"),
    ):
        list(author(server, tmp_path, concurrency=64).programs("train", 300))


def test_prompts_name_their_cell_and_every_cell_comes_in_turn() -> None:
    asked = {cell_of("train", index) for index in range(len(cells()))}
    assert asked == set(cells())
    for index in range(60):
        text, cell = str(prompt_of("train", index).messages[0]["content"]), cell_of("train", index)
        wanted = CONFIGURATIONS[cell.configuration]
        assert cell.construct.partition(" ")[2] in text
        assert ("one helper function" in text) == wanted.helper
        assert text.count("that holds") == max(0, wanted.depth - 1)
        assert ("no control flow" in text) == (wanted.depth == 0)
    assert prompt_of("train", 7) == prompt_of("train", 7)
    assert prompt_of("train", 7 + len(cells())) != prompt_of("train", 7)


def test_an_author_without_a_model_says_what_to_give() -> None:
    with pytest.raises(ConfigError, match="needs a model"):
        Author()
