"""Thoughts: the part of a completion that a reasoning model writes before its answer.

A draft inside a thought is never graded, and a thought that was never closed leaves no answer. Most servers return
thoughts in a field of their own; thoughts in the text are separated here by the tags of the known model families and
by those that a tokenizer declares.
"""

import re
from bisect import bisect
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
    ("<longcat_think>", "</longcat_think>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # Sky-T1, OpenThinker
    ("<unused94>thought", "<unused95>"),  # MedGemma
)

# each mark of a thought holds one, in either case
_HINTS = ("think", "thought", "channel", "analysis", "inner_", "<unused9")

_QUOTED = r"""(?x:
    \\['"`]                                                              # it neither opens nor closes
    | (?: (?<!\w) | (?<=[rbfuRBFU])(?<!\w\w) | (?<=[rbfRBF]{2})(?<!\w\w\w) )  # r'' opens, an apostrophe does not
      (?P<quote>['"]) (?: \\. | (?!(?P=quote))[^\\\n] )*+ (?P=quote) (?!\w)
    | (?<!`)(?P<ticks>``?)(?!`) (?: (?!(?P=ticks))[^\n] )*+ (?P=ticks)
    | “[^“”\n]*” | ‘[^‘’\n]*’
)"""
"""A text between quotes on one line: a tag in it is only mentioned."""
_BLANKS = "[ \t\r\f\v\0\xa0\u200b-\u200f\u2060\ufeff]*"
_FENCE = re.compile(r"```++|~~~++")
_LANGUAGE = re.compile(r"[\w+#.-]*[ \t\r]*")
_FINAL = re.compile(rf"{_QUOTED}|(?P<final><\|channel\|>final[^<]*<\|message\|>|assistantfinal)")
_ANALYSIS = re.compile(
    r"\s*(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<]*<\|message\|>"
    r"|\s*analysis(?![\s:,.;_=(\[]|'s|\Z)"
)
_CHANNEL = re.compile(r"\s*(?:<\|start\|>assistant)?<\|channel\|>")
_CHANNEL_END = re.compile(rf"{_QUOTED}|(?P<end><\|(?:return|end|call)\|>)")
_CHANNEL_MARK = re.compile(r"<\|end\|>(?:<\|start\|>assistant)?|<\|start\|>assistant|<\|channel\|>\w+<\|message\|>")


class Reading(NamedTuple):
    """A completion split into thoughts and text; a thought that was left open leaves no text."""

    thoughts: str
    text: str
    open: bool = False


def split_thoughts(completion: str, opened: bool = False, declared: Sequence[Tags] = ()) -> Reading:
    """Separate the thoughts of a completion from its text.

    The text begins behind the last closing tag, also where nothing opens the thought, because many chat templates open
    it in the prompt. An opening tag counts at the start of a line or behind another tag. Tags may be in upper or lower
    case, and those like XML may have attributes. A tag that is only mentioned does not count: between quotes on its
    line, as in a string of a program, or inside a fenced block.

    opened: the prompt ended inside a thought, so that a completion without any closing tag is all thought.
    declared: tags in addition to those of the known families, such as those of a tokenizer.
    """
    if not opened and not declared and not any(map(completion.lower().__contains__, _HINTS)):  # as most have none
        return Reading("", completion)
    reading = _split_channels(completion) or _split_at_tags(completion, opened, tuple(declared))
    if reading.open or reading.text == completion:
        return reading
    behind = split_thoughts(reading.text, declared=declared)  # a text without thoughts reads as itself
    return Reading(_joined(reading.thoughts, behind.thoughts), behind.text, behind.open)


def _split_at_tags(completion: str, opened: bool, declared: tuple[Tags, ...]) -> Reading:
    tags = _tags(completion, declared)
    last = max((place for place, tag in enumerate(tags) if tag.lastgroup == "closing"), default=-1)
    end = tags[last] if last >= 0 else None
    unclosed = tags[last + 1] if last + 1 < len(tags) else None
    starts = bool(tags) and tags[0].lastgroup == "opening" and not completion[: tags[0].start()].strip()
    before = completion[tags[0].end() if starts else 0 : end.start()].strip() if end else ""
    behind = end.end() if end else 0
    if unclosed is not None:
        between, inside = completion[behind : unclosed.start()].strip(), completion[unclosed.end() :].strip()
        return Reading(_joined(before, between, inside), "", open=True)
    if end is None:
        return Reading(completion.strip(), "", open=True) if opened else Reading("", completion)
    return Reading(before, completion[behind:].lstrip("\r\n"))


def _joined(*parts: str) -> str:
    return "\n".join(filter(None, parts))


def _tags(text: str, declared: tuple[Tags, ...]) -> list[re.Match[str]]:
    """Return the tags that are not only mentioned.

    A tag is inside a fenced block if the number of fences is odd between the last tag and this one, and odd behind it:
    a thought may end inside a block that it never closed, and the text behind it has blocks of its own.
    """
    anywhere, unquoted = _patterns(declared)
    marks: list[re.Match[str]] = []
    end = 0
    for tag in anywhere.finditer(text):
        if tag.start() >= end:  # only the lines that hold tags are read for quotes: most of a long text is not a tag
            start, end = text.rfind("\n", 0, tag.start()) + 1, (text.find("\n", tag.end()) + 1 or len(text) + 1) - 1
            marks += [
                match for match in unquoted.finditer(text, start, end) if match.lastgroup in ("opening", "closing")
            ]
    fences = _fences(anywhere.sub(lambda tag: "\n".ljust(len(tag[0])), text)) if marks else []  # a tag parts lines
    found: list[re.Match[str]] = []
    before = passed = 0
    for match in marks:
        ahead = bisect(fences, match.start())
        before, passed = before + ahead - passed, ahead
        if not before % 2 or not (len(fences) - ahead) % 2:
            found.append(match)
            before = 0
    return found


def _fences(text: str) -> list[int]:
    """Return where fences stand, those left out that are only text inside a block: shorter ones, or of another kind."""
    found: list[int] = []
    block = ""
    start = 0
    for line in text.split("\n"):
        ticks = line.rfind("`") + 1  # behind a fence there are none on its line
        match = _FENCE.search(line, len(line[:ticks].rstrip("`")))
        if match:
            fence, ahead = match[0], line[: match.start()]
            alone = not ahead.strip() or (fence not in ahead and _LANGUAGE.fullmatch(line, match.end()))
            if alone and fence.startswith(block):
                block = "" if block else fence
                found.append(start + match.start())
        start += len(line) + 1
    return found


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
    has_channels = begins or _CHANNEL.match(completion)
    finals = [match for match in _FINAL.finditer(completion) if match.lastgroup == "final"] if has_channels else []
    if finals:
        thoughts = completion[begins.end() if begins else 0 : finals[-1].start()]
        text = completion[finals[-1].end() :]
        end = next((match.start() for match in _CHANNEL_END.finditer(text) if match.lastgroup == "end"), None)
        return Reading(_CHANNEL_MARK.sub("\n", thoughts).strip(), text[:end])
    return Reading(_CHANNEL_MARK.sub("\n", completion[begins.end() :]).strip(), "", open=True) if begins else None


@cache
def _patterns(declared: tuple[Tags, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the pattern of any tag, and one that finds the tags of a line and passes over what is in quotes."""
    known = (*declared, *FAMILIES)
    opening = "|".join(_spelling(tags[0]) for tags in known)
    closing = "|".join(_spelling(tags[1]) for tags in known)
    return re.compile(f"{opening}|{closing}", re.IGNORECASE), re.compile(
        rf"{_QUOTED}|(?P<opening>(?:(?m:^)|(?<=[>▷\]])){_BLANKS}(?i:{opening}))|(?P<closing>(?i:{closing}))"
    )


def _spelling(tag: str) -> str:
    """Return the pattern of a tag; one like XML may have attributes, but none that closes itself."""
    return rf"{re.escape(tag[:-1])}(?:\s[^<>\n]*(?<!/))?>" if re.fullmatch(r"</?[\w:]+>", tag) else re.escape(tag)
