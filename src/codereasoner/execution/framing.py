"""The frames that travel between a pool and its workers: binary, versioned, bounded.

    bytes 0-1  b"CR"        bytes 4-7   the job's number, little-endian
    byte  2    VERSION      bytes 8-11  the length of the body, little-endian
    byte  3    the kind     bytes 12-   the body

Requests carry marshalled plain values, from the trusted side to the untrusted one. Answers carry JSON text in
ASCII, from the untrusted side to the trusted one, which reads it strictly (see decode.py).
This file also runs inside the workers.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    Frame = tuple[int, int, bytes]  # kind, number, body
    JobRow = tuple[int, str, str, str, str, str, str]  # number, source, entry, call, record, harness, origin

    class RunLimits(TypedDict):
        """The fields of pool.Limits, as they travel to a worker."""

        cpu_seconds: float
        wall_seconds: float
        memory_bytes: int
        output_bytes: int
        result_chars: int
        steps: int
        trace_bytes: int
        value_chars: int
        stop_at_steps: bool
        globals: bool


VERSION = 1
HEADER = 12
MAX_BODY = 16_000_000  # bytes
_MAGIC = int.from_bytes(b"CR%c" % VERSION, "little")
_number, _len = int.from_bytes, len  # the answer of a program that has replaced built-ins is a frame, too

SHUT_OUT, FAILED = 1, 2  # numbers of a READY frame: no worker starts, for the reason in its body (launcher.py too)


class Kind:
    """The kinds of frames."""

    READY, JOBS, RESULT = 1, 2, 3
    SLOW = 9  # a job wants more time, and is in the slow lane
    ERROR = 11  # the worker cannot run a job; the body is the reason
    ALONE, LEFT, SPENT, DONE, LATER, FORK = 4, 5, 6, 7, 8, 10  # inside a worker only: see lanes.py


class FrameError(ValueError):
    """These bytes are no frames of ours; the message says what was seen."""


def pack(kind: int, number: int, body: bytes) -> bytes:
    """Return one frame.

    Raises:
        FrameError: the body is longer than MAX_BODY.
    """
    if _len(body) > MAX_BODY:
        raise FrameError(f"a frame of {_len(body)} bytes; at most {MAX_BODY} are allowed")
    return b"CR%c%c%b%b%b" % (VERSION, kind, number.to_bytes(4, "little"), _len(body).to_bytes(4, "little"), body)


class Splitter:
    """Cuts a stream of bytes into frames, however the bytes arrive."""

    def __init__(self) -> None:
        self.rest = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that are complete with these bytes, each as (kind, number, body).

        Raises:
            FrameError: the stream is not made of frames of this version, or a body is too long.
        """
        rest = self.rest
        rest += data
        found: list[Frame] = []
        start = 0
        while len(rest) - start >= HEADER:
            head = _number(rest[start : start + HEADER], "little")
            length = head >> 64
            if head & 0xFFFFFF != _MAGIC:
                raise FrameError(f"not a frame of version {VERSION}: {bytes(rest[start : start + HEADER])!r}")
            if length > MAX_BODY:
                raise FrameError(f"a frame announces {length} bytes; at most {MAX_BODY} are allowed")
            end = start + HEADER + length
            if len(rest) < end:
                break
            found.append((head >> 24 & 0xFF, head >> 32 & 0xFFFFFFFF, bytes(rest[start + HEADER : end])))
            start = end
        del rest[:start]
        return found
