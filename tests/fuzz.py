"""Feed mutated bytes to the readers of what workers send: those of answers, in C and in Python, must agree.

`make fuzz SECONDS=600` runs this under AddressSanitizer (see sanitize.py). The corpus is made by what workers write
with: answers with steps of every kind, and frames.
"""

from __future__ import annotations

from random import Random
from time import process_time
from unittest.mock import patch

from codereasoner.execution import decode
from codereasoner.execution.decode import read_answer
from codereasoner.execution.encode import answer, change, steps_text
from codereasoner.execution.framing import MAX_BODY, FrameError, Splitter, pack
from codereasoner.execution.pool import Limits
from codereasoner.records import Job, Run

JOB = Job("def f(): pass\n" + "\n" * 8, "f", "", record="trace")
LIMITS = Limits().as_dict()
EVENTS = ("call", "line", "return", "yield", "exception")
TEXTS = ("", "x", "name", "1", "'é'", "\ud83d\ude00", "\ude00\ud83d", "\x7f\x00", '"\\/\b\f\n\r\t', "y" * 300)
NUMBERS = (0, 1, 2, 9, 10, 4095, (1 << 31) - 1)
SNIPPETS = (
    b'", "', b'"', b"\\", b"\\u", b"\\ud83d", b"\\udc00", b"\\u00e9", b"[", b"]", b"{", b"}", b", ", b",", b": ", b" ",
    b"0", b"-1", b"1.", b"2147483648", b"99999999999999999999", b"null", b"true", b"NaN", b"\x7f", b"\xff", b"\x00",
    b"CR\x01\x03", b"[[", b"]]", b"{}", b"[]", b'"c"', b'"ok"',
)  # fmt: skip


def read_both(body: bytes, job: Job = JOB) -> Run:
    """Read an answer in C and in Python, which must make the same run of it."""
    with patch.object(decode, "read_natively", None):
        reference = read_answer(body, job, "A", LIMITS)
    run = read_answer(body, job, "A", LIMITS)
    assert vars(run) == vars(reference)
    assert [vars(step) for step in run.steps] == [vars(step) for step in reference.steps]
    return run


def split(data: bytes, cuts: list[int]) -> list[tuple[int, int, bytes]] | None:
    """Cut bytes that arrive in pieces into frames; None where they are no frames."""
    splitter = Splitter()
    try:
        return [
            frame
            for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)
            for frame in splitter.feed(data[start:end])
        ]
    except FrameError:
        return None


def any_answer(random: Random) -> bytes:
    """An answer as a worker writes it."""

    def text() -> str:
        return random.choice(TEXTS)

    def step() -> list[object]:
        changes = [change(name, text()) for name in {text() for _ in range(random.randrange(3))}]
        removed = [text() for _ in range(random.randrange(3))]
        return [random.choice(EVENTS), random.choice(NUMBERS), random.choice(NUMBERS), text(), removed, changes]

    steps = steps_text([step() for _ in range(random.randrange(6))])
    lines = random.sample(NUMBERS, random.randrange(4))
    outcome = random.choice(["ok", "ok", "raised", "timeout", "exited"])
    return answer(
        outcome, text() if outcome == "ok" else None, text(), text(), steps, lines, "", text(), random.random()
    )


def mutated(data: bytes, random: Random) -> bytes:
    """The bytes with a few of them changed, cut out, repeated or put in."""
    changed = bytearray(data)
    for _ in range(random.choice((0, 1, 1, 1, 2, 3, 8))):
        start = random.randrange(len(changed) + 1)
        end = min(len(changed), start + random.choice((0, 1, 1, 2, 4, 9, 40)))
        kind = random.randrange(5)
        if kind == 0:
            changed[start:end] = random.choice(SNIPPETS)
        elif kind == 1:
            changed[start:end] = random.randbytes(end - start)
        elif kind == 2:
            changed[start:start] = changed[start:end]
        elif kind == 3 and start < len(changed):
            changed[start] ^= 1 << random.randrange(8)
        else:
            del changed[start:end]
    return bytes(changed)


def try_answer(random: Random) -> bytes:
    """Read one mutated answer."""
    body = mutated(any_answer(random), random)
    read_both(body)
    return body


def try_frames(random: Random) -> bytes:
    """Cut one mutated stream of frames."""
    bodies = [mutated(any_answer(random), random)[: random.choice((0, 5, 5000))] for _ in range(random.randrange(4))]
    data = mutated(b"".join(pack(random.randrange(256), random.choice(NUMBERS), body) for body in bodies), random)
    if random.random() < 0.1:
        data += b"CR\x01\x03" + bytes(4) + random.choice((MAX_BODY, MAX_BODY + 1, 0xFFFFFFFF)).to_bytes(4, "little")
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(3)))
    assert split(data, cuts) == split(data, [])
    return data


def fuzz(seconds: float) -> tuple[int, int]:
    """Try both targets in turns for so long; give how many inputs and how many bytes there were.

    An input depends on its number alone, which the note of a failure names.
    """
    until = process_time() + seconds  # of this process: a load elsewhere changes nothing
    count = size = 0
    while process_time() < until:
        for target in (try_answer, try_frames):
            count += 1
            try:
                size += len(target(Random(f"fuzz/{count}")))
            except BaseException as error:
                error.add_note(f"the input was that of {target.__name__}(Random('fuzz/{count}'))")
                raise
    return count, size
