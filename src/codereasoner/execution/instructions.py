"""Instructions of the interpreter at which a tracer listens closer. This file also runs inside the workers."""

from __future__ import annotations

import opcode
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


def _operations(*names: str) -> bytes:
    return bytes([opcode.opmap[name] for name in names if name in opcode.opmap])


# In Python 3.13 a frame that has yielded is at what comes next; in 3.14 only one that an exception leaves there.
YIELDS = _operations("RESUME" if sys.version_info[:2] == (3, 13) else "YIELD_VALUE")
LEAVES = _operations("RETURN_VALUE", "RETURN_CONST")
# Python 3.11 tells of the last line of a `finally`, run or not, before it raises the exception again that led there, or
# (with COPY and POP_EXCEPT) one that the `finally` raises itself. From Python 3.13 on, the line of a `yield from` or an
# `await` is told of once more when an exception is thrown into it.
_FALSE = {(3, 11): ("RERAISE", "COPY", "POP_EXCEPT"), (3, 12): ()}
TOLD_FALSELY = _operations(*_FALSE.get(sys.version_info[:2], ("CLEANUP_THROW",)))
# Python 3.12 tells of a line once more where branches of an expression join after a call. True is only what a jump back
# leads to: a pass of a loop.
_BACKWARD = ("EXTENDED_ARG", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT")
BACKWARD = _operations(*_BACKWARD) if sys.version_info[:2] == (3, 12) else b""


def instruction_of(frame: FrameType) -> int:
    """Return the instruction that the frame is at."""
    return frame.f_code.co_code[frame.f_lasti]


def is_told_falsely(frame: FrameType, told: int | None = None) -> bool:
    """Return whether no statement begins where the interpreter says that a line does; `told` is the line before it."""
    if BACKWARD:
        return frame.f_lineno == told and not _is_target(frame.f_code.co_code, frame.f_lasti)
    operations = frame.f_code.co_code[frame.f_lasti : frame.f_lasti + 4 : 2]
    return operations[:1] == TOLD_FALSELY[:1] or operations == TOLD_FALSELY[1:]


def _is_target(code: bytes, place: int) -> bool:
    """Return whether a jump back leads to a place in the code."""
    extended = 0
    for at in range(0, len(code), 2):
        argument = extended << 8 | code[at + 1]
        if code[at] in BACKWARD[1:] and at + 2 - 2 * argument == place:
            return True
        extended = argument if code[at] == BACKWARD[0] else 0
    return False
