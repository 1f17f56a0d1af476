"""Thoughts: the part of a completion that a reasoning model writes before its answer.

A draft inside a thought is never graded, and a thought that was never closed leaves no answer. Most servers return
thoughts in a field of their own; thoughts in the text are separated here by the tags of the known model families and
by those that a tokenizer declares.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

Thinking = Literal["auto", "on", "off"]
Effort = Literal["low", "medium", "high"]
Tags: TypeAlias = tuple[str, str]
"""The tag that opens a thought, and the one that closes it."""

FAMILIES: tuple[Tags, ...] = (
    ("<think>", "</think>"),  # Qwen, DeepSeek, GLM, SmolLM3, Nemotron and most others
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("[THINK]", "[/THINK]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A
    ("<|channel>thought", "<channel|>"),  # Gemma 4
)

_HINTS = ("think", "thought", "channel", "analysis")  # each mark of a thought holds one of them, in either case

_FINAL = re.compile(r"<\|channel\|>final[^<]*<\|message\|>|assistantfinal")
_ANALYSIS = re.compile(
    r"\s*(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<]*<\|message\|>|\s*analysis(?![\s:,.;]|'s|\Z)"
)
_CHANNEL_END = re.compile(r"<\|(?:return|end|call)\|>")
_CHANNEL_MARK = re.compile(r"<\|end\|>(?:<\|start\|>assistant)?|<\|start\|>assistant|<\|channel\|>\w+<\|message\|>")


class Reading(NamedTuple):
    """A completion split into thoughts and text; a thought that was left open leaves no text."""

    thoughts: str
    text: str
    open: bool = False


def split_thoughts(completion: str, opened: bool = False, declared: Sequence[Tags] = ()) -> Reading:
    """Separate the thoughts of a completion from its text.

    The text begins behind the last closing tag, also where nothing opens the thought, because many chat templates open
    it in the prompt. An opening tag counts at the start of a line, and no tag counts that stands between quotes.
    Tags may be in upper or lower case.

    opened: the prompt ended inside a thought, so that a completion without any closing tag is all thought.
    declared: tags in addition to those of the known families, such as those of a tokenizer.
    """
    if not opened and not declared and not any(map(completion.lower().__contains__, _HINTS)):  # as most have none
        return Reading("", completion)
    channels = _split_channels(completion)
    if channels is not None:
        return channels
    opening, closing = _patterns(tuple(declared))
    ends = [match for match in closing.finditer(completion) if not _is_quoted(completion, match)]
    before, text = (completion[: ends[-1].start()], completion[ends[-1].end() :]) if ends else ("", completion)
    unclosed = opening.search(text)
    if unclosed is not None:
        parts = (_without_opening(before, opening), text[: unclosed.start()].strip(), text[unclosed.end() :].strip())
        return Reading("\n".join(filter(None, parts)), "", open=True)
    if not ends:
        return Reading(completion.strip(), "", open=True) if opened else Reading("", completion)
    return Reading(_without_opening(before, opening), text.lstrip("\r\n"))


def shield_tags(literal: str) -> str:
    """Respell closing tags inside the strings of a literal, so that they cannot end a thought."""
    for _, closing in FAMILIES:
        first = ascii(closing[0])[1:-1] if not closing[0].isascii() else f"\\x{ord(closing[0]):02x}"
        literal = re.sub(
            f"{re.escape(closing[0])}(?={re.escape(closing[1:])})", re.escape(first), literal, flags=re.IGNORECASE
        )
    return literal


def has_opened(prompt: str, declared: Sequence[Tags] = ()) -> Tags | None:
    """Return the tags of the thought inside which a prompt ends; None if it ends outside of any."""
    ending = prompt.rstrip()
    return next((tags for tags in (*declared, *FAMILIES) if ending.endswith(tags[0])), None)


def _split_channels(completion: str) -> Reading | None:
    """Take the channels of gpt-oss apart, with or without their special tokens; None where there are none."""
    begins = _ANALYSIS.match(completion)
    finals = [*_FINAL.finditer(completion)] if begins or "<|channel|>" in completion else []
    if finals:
        thoughts = completion[begins.end() if begins else 0 : finals[-1].start()]
        text = _CHANNEL_END.split(completion[finals[-1].end() :], maxsplit=1)[0]
        return Reading(_CHANNEL_MARK.sub("\n", thoughts).strip(), text)
    return Reading(_CHANNEL_MARK.sub("\n", completion[begins.end() :]).strip(), "", open=True) if begins else None


@cache
def _patterns(declared: tuple[Tags, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    known = (*declared, *FAMILIES)
    opening = "|".join(re.escape(tags[0]) for tags in known)
    closing = "|".join(re.escape(tags[1]) for tags in known)
    return re.compile(rf"^[ \t]*(?:{opening})", re.MULTILINE | re.IGNORECASE), re.compile(closing, re.IGNORECASE)


def _is_quoted(text: str, match: re.Match[str]) -> bool:
    """Tell a tag that a text only mentions, as in `'</think>'`, from one that closes a thought."""
    before = text[max(0, match.start() - 1) : match.start()]
    return before in ("'", '"', "`") and text[match.end() : match.end() + 1] == before


def _without_opening(thoughts: str, opening: re.Pattern[str]) -> str:
    found = opening.match(thoughts.lstrip())
    return (thoughts.lstrip()[found.end() :] if found else thoughts).strip()
