"""What a worker says of one run, as JSON text in ASCII:

    [outcome, value, exception, stdout, steps, lines, cut, reason, cpu_ms]

This file also runs inside the workers, beside programs: it uses no built-in that a program can replace.
"""

from __future__ import annotations

try:
    from _json import encode_basestring_ascii as quote
except ImportError:
    from json.encoder import py_encode_basestring_ascii as quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_repr, _join = repr, ", ".join


def answer(
    outcome: str,
    value: str | None = None,
    exception: str = "",
    stdout: str = "",
    steps: Any = (),
    lines: Any = (),
    cut: str = "",
    reason: str = "",
    cpu_ms: float = 0.0,
) -> bytes:
    """The answer as JSON text in ASCII."""
    text = "[{}, {}, {}, {}, [{}], [{}], {}, {}, {:.3f}]".format(
        quote(outcome),
        "null" if value is None else quote(value),
        quote(exception),
        quote(stdout),
        _join([_step(*step) for step in steps]),
        _join([_repr(line) for line in lines]),
        quote(cut),
        quote(reason),
        cpu_ms,
    )
    return text.encode("ascii")


def _step(event: str, frame: int, line: int, value: str, removed: Any, changes: Any) -> str:
    names = _join([quote(name) for name in removed])
    pairs = _join([quote(text) for text in changes])
    return f'["{event}", {frame}, {line}, {quote(value)}, [{names}], [{pairs}]]'
