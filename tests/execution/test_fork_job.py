"""A job that is run in a fork in C is waited for as long as was said, and what it says is passed on as it is."""

from __future__ import annotations

import os
import signal
from time import monotonic
from typing import Any

import pytest

_trace = pytest.importorskip(
    "codereasoner.execution._trace", reason="the extension in C is not built: pip install -e ."
)


def fork(source: str, wall: float, cpu: float = 5.0, chars: int = 1000) -> tuple[bytes, bool, int, float]:
    """Run `f()` of a source in a fork that has no filter of its own: what it said, in time or not, status, CPU."""
    reader, writer = os.pipe()
    closed: list[Any] = []

    def finish(value: object, error: BaseException | None, cpu_ms: float) -> None:
        os.write(writer, b"CR\1\3" + bytes(8) if error is None else repr(type(error)).encode())

    found: tuple[bytes, bool, int, float] = _trace.fork_job(
        reader, writer, wall, cpu, 1000.0, (), compile(source, "<program>", "exec"), None,
        compile("f()", "<call>", "eval"), chars, 1000, closed.clear, [], finish, b"", 0,
    )  # fmt: skip
    return found


def test_a_value_is_answered_in_c() -> None:
    body, in_time, _, seconds = fork("def f(): return {1: [2.5, 'é']}", 5.0)
    assert body[12:].startswith(b'["ok", "{1: [2.5, \'\\u00e9\']}", ')
    assert in_time
    assert seconds >= 0


def test_what_has_no_literal_is_left_to_python() -> None:
    assert fork("def f(): return object()", 5.0)[0] == b"CR\1\3" + bytes(8)
    assert fork("def f(): return 'x' * 2000", 5.0)[0] == b"CR\1\3" + bytes(8)
    assert fork("def f(): 1 / 0", 5.0)[0] == b"<class 'ZeroDivisionError'>"


@pytest.mark.parametrize("wall", [0.0009, 0.0109, 0.0209])
def test_a_job_is_never_given_up_before_its_time(wall: float) -> None:
    began = monotonic()
    body, in_time, status, _ = fork("def f():\n    while True: pass", wall)
    assert monotonic() - began >= wall
    assert (body, in_time, status) == (b"", False, signal.SIGKILL)


def test_a_job_that_uses_up_its_cpu_is_ended_by_its_timer() -> None:
    _, in_time, status, seconds = fork("def f():\n    while True: pass", 5.0, cpu=0.05)
    assert (in_time, status) == (True, signal.SIGPROF)
    assert 0.02 < seconds < 3


def test_a_set_whose_members_grow_while_it_is_written_is_no_overflow() -> None:
    source = """
import gc
def f():
    s = {(n,) for n in range(8)}
    class D:
        def __del__(self):
            s.update((n,) for n in range(100, 3000))
    gc.disable()
    for n in range(3000):
        d = D()
        d.me = d
    del d
    gc.set_threshold(1, 1, 1)
    gc.enable()
    return s
"""
    body, in_time, _, _ = fork(source, 5.0, chars=100_000)
    assert in_time
    assert body.startswith(b"CR")
