"""Whole traces as text, written and read back: Code World Model's format, and a compact one of our own.

Both are a list of frames. A frame shows what is seen before a line acts, and names the line:

    <|line_sep|>{"x": "1", "y": "2"}<|action_sep|>    return x + y    Code World Model, with every local variable
    4 y=2                                                              compact, with those that changed

Everything here is linear in the text of Code World Model's format, and nothing in it is evaluated. A writer that is
given a length stops soon after it: a call of many lines and local variables has a text of their product.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from codereasoner.records import Run
from codereasoner.steps.marks import split_parts
from codereasoner.steps.source import split_lines
from codereasoner.steps.visits import visible_steps

FRAME, ACTION, ARGUMENT = "<|frame_sep|>", "<|action_sep|>", "<|arg_sep|>"
CONTEXT, BEGIN, END = "<|trace_context_start|>", "<|begin_of_text|>", "<|end_of_text|>"
START = "  # << START_OF_TRACE"
UNCHANGED = ".."
_BLANK = " \t\r\n"  # str.strip() also removes characters that an answer may not have

Kind = Literal["call", "line", "return", "exception"]
_TOKENS: dict[Kind, str] = {
    "call": "<|call_sep|>",
    "line": "<|line_sep|>",
    "return": "<|return_sep|>",
    "exception": "<|exception_sep|>",
}
_WORDS: dict[Kind, str] = {"call": "call ", "line": "", "return": "return ", "exception": "raise "}
_COMPACT = re.compile(r"(call |return |raise |)([0-9]{1,6})(?: (.*))?")
_KINDS = {word: kind for kind, word in _WORDS.items()}


@dataclass(frozen=True)
class Frame:
    """One frame of a trace."""

    kind: Kind
    place: str  # the number of the line or, as Code World Model has it, its text
    seen: Mapping[str, str] = field(default_factory=dict)  # call, line: variables, as literals or marks
    value: str = ""  # return: the literal; exception: "TypeName: message"


Trace: TypeAlias = "list[Frame | None]"
"""The frames of a text; None for a part of it that is not a frame."""


def frames(run: Run) -> Iterator[Frame]:
    """Yield the frames of a traced run, with line numbers and all local variables.

    A yield is written as a return, and a generator that goes on as a call, as tracing functions of Python have it.
    """
    known: dict[int, dict[str, str]] = {}
    for step in visible_steps(run):
        seen = known.setdefault(step.frame, {})
        if step.event == "call":
            seen |= step.changes
        if step.event in ("call", "line"):
            kind: Kind = "call" if step.event == "call" else "line"
            yield Frame(kind, str(step.line), dict(seen))
        else:
            yield Frame("exception" if step.event == "exception" else "return", str(step.line), {}, step.value)
        if step.changes or step.removed:
            known[step.frame] = {name: text for name, text in seen.items() if name not in step.removed} | dict(
                step.changes
            )


def write_cwm(trace: Iterable[Frame], source: str, longest: int = sys.maxsize) -> str:
    """Write frames in Code World Model's format, until the text is longer than `longest` characters.

    source: the program that their line numbers belong to.
    """
    return "".join(_until(longest, _cwm_texts(trace, source)))


def _until(longest: int, texts: Iterable[str]) -> Iterator[str]:
    """Yield texts up to the one with which they are longer than `longest` characters."""
    for text in texts:
        yield text
        longest -= len(text)
        if longest < 0:
            return


def _cwm_texts(trace: Iterable[Frame], source: str) -> Iterator[str]:
    lines = [line.removesuffix(START) for line in split_lines(source)]
    scopes = _Scopes()
    for frame in trace:
        known = scopes.enter(frame.kind)
        seen = {name: UNCHANGED if known.get(name) == text else text for name, text in frame.seen.items()}
        if frame.kind in ("call", "line"):
            scopes.set(frame.seen)
        opened = json.dumps(seen) if frame.kind in ("call", "line") else ""
        closed = "" if frame.kind in ("call", "line") else ARGUMENT + json.dumps(frame.value)
        yield f"{_TOKENS[frame.kind]}{opened}{ACTION}{lines[int(frame.place) - 1]}\n{closed}{FRAME}"


def read_cwm(text: str) -> Trace:
    """Read Code World Model's format; the variables of each frame are those that it names, with their values."""
    scopes = _Scopes()
    pieces = text.strip(_BLANK).removesuffix(END).rstrip(_BLANK).removesuffix(FRAME).split(FRAME)
    return [_read_cwm_frame(piece.strip(_BLANK), scopes) for piece in pieces]


def _read_cwm_frame(piece: str, scopes: _Scopes) -> Frame | None:
    kind = next((kind for kind, token in _TOKENS.items() if piece.startswith(token)), None)
    if kind is None:
        return None
    known = scopes.enter(kind)
    opened, _, rest = piece[len(_TOKENS[kind]) :].partition(ACTION)
    place, argument, value = rest.partition(ARGUMENT)
    try:
        if kind in ("call", "line"):
            pairs = json.loads(opened, object_pairs_hook=_Pairs)
            seen = {name: known[name] if text == UNCHANGED else text for name, text in pairs}
            if type(pairs) is not _Pairs or len(seen) < len(pairs) or argument:
                return None
            scopes.set(seen)
            return Frame(kind, place.strip(_BLANK), seen) if all(type(each) is str for each in seen.values()) else None
        found = json.loads(value)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Frame(kind, place.strip(_BLANK), {}, found) if type(found) is str and not opened.strip(_BLANK) else None


class _Pairs(list[tuple[str, object]]):
    """The pairs of a JSON object."""


def write_compact(trace: Iterable[Frame], longest: int = sys.maxsize) -> str:
    """Write frames in the compact format, until the text is longer than `longest` characters.

    Each is on a line of its own, with the variables that are new since the last one.
    """
    return "\n".join(_until(longest, _compact_lines(trace)))


def _compact_lines(trace: Iterable[Frame]) -> Iterator[str]:
    scopes = _Scopes()
    for frame in trace:
        known = scopes.enter(frame.kind)
        new = ", ".join(f"{name}={text}" for name, text in frame.seen.items() if known.get(name) != text)
        known |= frame.seen
        said = {"return": frame.value, "exception": frame.value.partition(":")[0]}.get(frame.kind, new)
        yield f"{_WORDS[frame.kind]}{frame.place}{f' {said}' if said else ''}"


def read_compact(text: str) -> Trace:
    """Read the compact format; the variables of each frame are those that changed."""
    scopes = _Scopes()
    return [_read_compact_frame(line.strip(" \t\r"), scopes) for line in text.strip(_BLANK).split("\n")]


def _read_compact_frame(line: str, scopes: _Scopes) -> Frame | None:
    match = _COMPACT.fullmatch(line)
    if not match:
        return None
    kind, place, said = _KINDS[match[1]], str(int(match[2])), match[3] or ""
    known = scopes.enter(kind)
    if kind in ("return", "exception"):
        return Frame(kind, place, {}, said)
    pairs = [part.partition("=") for part in split_parts(said, ", ")]
    new = {name.strip(" \t"): text.strip(" \t") for name, _, text in pairs}
    if len(new) < len(pairs) or not all(equals and name for name, equals, _ in pairs):
        return None
    changed = {name: text for name, text in new.items() if known.get(name) != text}
    known |= changed
    return Frame(kind, place, changed)


class _Scopes:
    """The variables of the functions that are being executed, the innermost last."""

    def __init__(self) -> None:
        self._stack: list[dict[str, str]] = [{}]
        self._last: Kind = "line"

    def enter(self, kind: Kind) -> dict[str, str]:
        """Return what is known in the function of the next frame, to be changed in place.

        A function is left by a return, and by an exception that is raised in its caller next.
        """
        left = self._last == "return" or self._last == kind == "exception"
        if left and len(self._stack) > 1:
            self._stack.pop()
        if kind == "call":
            self._stack.append({})
        self._last = kind
        return self._stack[-1]

    def set(self, seen: Mapping[str, str]) -> None:
        """Replace what is known."""
        self._stack[-1] = dict(seen)


def cwm_context(run: Run) -> str:
    """Return the program of a run with a function that makes the call, marked as the start of the trace."""
    name = "main"
    while name in run.source or name == run.entry:
        name += "_"
    return f"{run.source.rstrip()}\n\n\ndef {name}():{START}\n    return {run.expression}\n"


def cwm_prompt(context: str) -> str:
    """Return what a model is given before the first frame."""
    return f"{BEGIN}{CONTEXT}{context}{FRAME}"


def cwm_frames(run: Run, context: str) -> Iterator[Frame]:
    """Yield the frames of a run inside the function that the context adds."""
    last = len(split_lines(context.rstrip()))
    inner = list(frames(run))
    yield from (Frame("call", str(last - 1)), Frame("line", str(last)), *inner)
    yield Frame(inner[-1].kind, str(last), {}, inner[-1].value)
