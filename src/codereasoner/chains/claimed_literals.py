"""Find where a literal in a text ends, and read it: what a text claims is a whole literal, not one that goes on."""

import ast
import re
from collections.abc import Mapping
from functools import lru_cache

from codereasoner import literals
from codereasoner.steps.source import parse_expression

MARKUP = re.compile(r"[ \t]*[`*$]{0,3}[ \t]*")


@lru_cache(maxsize=4096)
def canonical(literal: str) -> str | None:
    """Return the canonical form of a literal; None where it is none, or one that is only begun: `[1, 2, ...]`."""
    if _CANONICAL.fullmatch(literal):  # most are
        return literal
    if "..." in _QUOTED.sub("", literal):
        return None
    try:
        return literals.write(literals.read(literal))
    except (literals.LiteralError, literals.NotWritable):
        return None


_ONE = r"(?:-?[1-9]\d{0,17}|0|True|False|None|'[ -&(-\[\]-~]*')"  # a string without quotes and escapes
_CANONICAL = re.compile(rf"{_ONE}|\[(?:{_ONE}(?:, {_ONE})*+)?\]|\({_ONE}(?:, {_ONE})++\)", re.ASCII)


_GOES_ON = re.compile(
    r"[`*$]{0,3}+(?:[(\[]|[ \t]*(?:[-+/%@|&^<>!~]|\*(?!\*)|==?)|\.\w|[\w'\"]|,\d{3}\b|"
    r"[ \t]+(?:if|or|in|not|for)\b|[ \t]*(?:→|⇒))"
)
_ENDS_CLAUSE = re.compile(
    r"[`*$]{0,3}(?:[ \t]*(?:[.,;)!?]|:(?![ \t]*(?:True|False)\b)|\n|\Z|—|–)|"
    r"[ \t]+(?:and|so|because|since|after|at|before|now|then|which|while|here|again|when|in|on|as|by|from|with)\b|"
    r"[ \t]+\()"
)
_ATOM = re.compile(
    r"[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?j?|(?:True|False|None|nan|inf)\b"
    r"|(?:float|set|frozenset|range|bytearray|complex)(?=\()"
)
QUESTION = re.compile(r"[`*$]{0,3}\?(?!\?)")
_QUOTED = re.compile(r"b?(?:'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\")")
# No string begins at an escaped quote: else each of `\"\"\"` is looked at to the end of its line.
_QUOTED_OR_BRACKET = re.compile(r"(?:b|(?<!\\)(?=['\"]))" + _QUOTED.pattern[2:] + r"|[()\[\]{}]")
_PIECE = re.compile(  # each way begins with a letter of its own: re jumps from one to the next
    r"'(?<![\w\\]')(?:[^'\\\n]|\\.)*+'(?!\w)|\"(?<![\w\\]\")(?:[^\"\\\n]|\\.)*+\"(?!\w)|<(?=[A-Za-z_])|>|\n"
)
_SHOWN = re.compile(r"<[A-Za-z_][\w.]* (?:\w+=|[\[({])")  # `<Pair key=1, next=<Pair key=2>>`, `<list [<Pair key=1>]>`
_OPENING = re.compile(r"[(\[{]")
LONGEST_COMPUTATION, MOST_PARTS = 1_000, 8  # characters, and parts before the value: two of `1 + 2 * 3 = 1 + 6 = 7`
CLOSING = {"(": ")", "[": "]", "{": "}"}
_CLOSES = frozenset(CLOSING.values())
MOST_PASSES = 3  # over a text, in search of the ends of its brackets


def goes_on(text: str, end: int, in_words: bool, in_list: bool) -> bool:
    """Return whether the literal is only the beginning of an expression or clause."""
    if in_list:
        return not re.compile(r"[`*$.,;]{0,4}[ \t]*(?:\n|\Z)").match(text, end)
    if in_words and not _ENDS_CLAUSE.match(text, end):
        return True
    return bool(_GOES_ON.match(text, end))


def after_computation(text: str, start: int) -> tuple[str, int] | None:
    """Return the literal and its end in `2 + 3 = 5`: what a computation of whole expressions comes to."""
    position = start
    most = start + LONGEST_COMPUTATION
    line_end = min((at for sign in "\n;" if (at := text.find(sign, start, most)) >= 0), default=most)
    found = None
    for _ in range(MOST_PARTS):
        match = _EQUALS.search(text, position, line_end)
        if match is None or not _is_computation(text[position : match.start()].strip(" \t`*$")):
            break
        after = MARKUP.match(text, match.end()).end()  # type: ignore[union-attr]
        end = literal_end(text, after)
        if end is not None and not goes_on(text, end, in_words=False, in_list=False):
            found = text[after:end], end
            break
        position = match.end()
    return found


_EQUALS = re.compile(r"(?<![=!<>:+*/%|&^-])(?:=(?![=>])|→|⇒)")


def _is_computation(text: str) -> bool:
    node = parse_expression(text)
    return node is not None and not isinstance(node, ast.Name | ast.Tuple | ast.BoolOp | ast.Starred)


def strings_of(text: str) -> list[tuple[int, int]]:
    """Return start and end of the strings of a text, and of the objects that it shows, which do not overlap."""
    found: list[tuple[int, int]] = []
    open_: list[int] = []
    for match in _PIECE.finditer(text):
        start, end = match.span()
        if match[0] == "<":
            open_.append(start)
        elif match[0] == "\n":
            open_.clear()
        elif match[0] != ">":
            found.append((start, end))
        elif open_ and _SHOWN.match(text, start := open_.pop()):
            while found and found[-1][0] > start:
                found.pop()
            found.append((start, end))
    return found


def literal_end(text: str, start: int) -> int | None:
    """Return the end of the literal that begins here; None: none does."""
    if match := _QUOTED.match(text, start):
        return match.end()
    atom = _ATOM.match(text, start)
    if atom and text[atom.end() : atom.end() + 1] != "(":
        return atom.end()
    return bracket_end(text, atom.end() if atom else start)


def bracket_end(text: str, start: int) -> int | None:
    """Return the end of the bracket that opens here; None: none does, or it is not closed."""
    return _bracket_ends(text).get(start) if text[start : start + 1] in CLOSING else None


@lru_cache(maxsize=4)
def _bracket_ends(text: str) -> Mapping[int, int]:
    """Return the end of each bracket that is closed, by its place, with work that is linear in the text.

    A bracket inside quotes is looked at on its own; so is what follows it, if few texts are quoted like that.
    """
    ends: dict[int, int] = {}
    seen: set[int] = set()
    left = MOST_PASSES * len(text)
    for opening in _OPENING.finditer(text):
        if opening.start() in seen:
            continue
        open_: list[int] = []
        position = opening.start()
        for piece in _QUOTED_OR_BRACKET.finditer(text, position):
            left, position = left - (piece.end() - position), piece.end()
            letter = piece.group()
            if letter in CLOSING:
                open_.append(piece.start())
            elif letter in _CLOSES:
                if CLOSING[text[open_[-1]]] != letter:
                    break
                ends[open_.pop()] = piece.end()
            seen.add(piece.start())
            if not open_:
                break
        else:
            left -= len(text) - position
        if left < 0:
            break
    return ends
