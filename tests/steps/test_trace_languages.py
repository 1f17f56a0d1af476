"""Whole traces are written as text and read back, whatever a text holds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.steps.source import split_lines
from codereasoner.steps.trace_languages import (
    END,
    Frame,
    cwm_context,
    cwm_frames,
    cwm_prompt,
    frames,
    read_compact,
    read_cwm,
    write_compact,
    write_cwm,
)

NESTED = """\
def g(x):
    return 1 // x
def f(n):
    t = []
    for x in (n, 0):
        try:
            t.append(g(x))
        except ZeroDivisionError:
            n = t
    del x
    return n
"""
GENERATOR = "def g(n):\n    yield n\n    yield n + 1\ndef f(n):\n    return [x for x in g(n)]\n"
RAISES = "def f(s):\n    s = s + ', \"'\n    return {s: 1}[0]\n"
RECURSIVE = "def f(n):\n    if n < 1:\n        return n\n    m = f(n - 1)\n    return m + n\n"
CALLS = [(NESTED, "1"), (GENERATOR, "3"), (RAISES, "'<|frame_sep|>'"), (RECURSIVE, "3")]


@pytest.fixture(scope="module")
def runs(pool: Pool, shared_data: Path) -> list[Run]:
    rows = map(json.loads, (shared_data / "cruxeval" / "cruxeval.jsonl").read_text().splitlines())
    jobs = [Job(source, "f", call, record="trace") for source, call in CALLS]
    return pool.run([*jobs, *(Job(row["code"], "f", row["input"], record="trace") for row in rows)])


def test_code_world_models_format_is_what_its_guide_says(runs: list[Run]) -> None:
    run = runs[3]
    context = cwm_context(run)
    assert cwm_prompt(context).startswith("<|begin_of_text|><|trace_context_start|>def f(n):\n")
    assert context.endswith("def main():  # << START_OF_TRACE\n    return f(3)\n")
    text = write_cwm(cwm_frames(run, context), context)
    assert text.startswith(
        "<|call_sep|>{}<|action_sep|>def main():\n<|frame_sep|>"
        "<|line_sep|>{}<|action_sep|>    return f(3)\n<|frame_sep|>"
        '<|call_sep|>{"n": "3"}<|action_sep|>def f(n):\n<|frame_sep|>'
        '<|line_sep|>{"n": ".."}<|action_sep|>    if n < 1:\n<|frame_sep|>'
    )
    assert text.endswith(
        '<|line_sep|>{"n": "..", "m": "3"}<|action_sep|>    return m + n\n<|frame_sep|>'
        '<|return_sep|><|action_sep|>    return m + n\n<|arg_sep|>"6"<|frame_sep|>'
        '<|return_sep|><|action_sep|>    return f(3)\n<|arg_sep|>"6"<|frame_sep|>'
    )


def test_every_trace_in_code_world_models_format_reads_back(runs: list[Run]) -> None:
    for run in runs:
        lines = split_lines(run.source)
        read = read_cwm(write_cwm(frames(run), run.source) + END)
        wanted = [replace(each, place=lines[int(each.place) - 1].strip()) for each in frames(run)]
        if "<|" not in run.call:
            assert read == wanted


def test_every_compact_trace_reads_back_to_the_changes_that_were_written(runs: list[Run]) -> None:
    for run in runs:
        text = write_compact(frames(run))
        read = read_compact(text)
        assert None not in read
        assert write_compact([replace(each, seen=dict(each.seen)) for each in read if each]) == text
        assert [(each.kind, each.place) for each in read if each] == [(each.kind, each.place) for each in frames(run)]


def test_a_variable_that_went_away_and_the_scope_that_an_exception_left_are_not_seen(runs: list[Run]) -> None:
    found = list(frames(runs[0]))
    assert found[-2] == Frame("line", "11", {"n": "[1]", "t": "[1]"})
    assert [each.kind for each in found].count("exception") == 2
    after = next(each for each in found if each.place == "8")
    assert read_cwm(write_cwm(found, NESTED))[found.index(after)] == replace(after, place="except ZeroDivisionError:")


@pytest.mark.parametrize(
    "piece",
    ["2 a{n}=1\n", "call 1 a{n}=1\n", "2 a='\\'\n", '<|line_sep|>{{"a{n}": ".."}}<|action_sep|>x<|frame_sep|>', '"'],
)
def test_a_text_is_read_in_time_linear_in_it(piece: str) -> None:
    def seconds(count: int) -> float:
        text = "".join(piece.format(n=n) for n in range(count))
        began = time.process_time()
        read_cwm(text)
        read_compact(text)
        return time.process_time() - began

    assert min(seconds(16_000) for _ in range(3)) < 8 * max(0.01, min(seconds(4_000) for _ in range(3)))


@pytest.mark.parametrize(
    "write", [lambda trace, run: write_cwm(trace, run.source, 60), lambda trace, _: write_compact(trace, 6)]
)
def test_a_trace_is_written_no_further_than_its_longest_question(runs: list[Run], write: Callable[..., str]) -> None:
    left = frames(runs[0])
    assert write(left, runs[0])
    assert len(list(left)) > 10
