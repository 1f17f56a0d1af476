"""Find the claims of a text that something happened: a test came out, a pass began, a line ran, a call was made.

Read are the narrator's words and those of common models: "`x > 3` is false", "the condition is met", "we enter the
else branch", "iteration 2", "the loop runs 3 times", "line 7 is never reached", "g is called with a = 1", "g(3)
returns 4". What is only supposed ("if x > 3 is true") is no claim.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from codereasoner.chains.value_claims import literal_end
from codereasoner.steps.source import parse_expression

Kind = Literal["compare", "test", "else", "pass", "times", "line", "call", "return", "yield", "raise", "gap"]


@dataclass(frozen=True)
class EventClaim:
    """One claim about what happened, and where it stands."""

    kind: Kind
    start: int
    end: int
    said: str  # the words
    holds: bool = True  # the claimed truth: of a test, or of a line having run
    line: int | None = None
    number: int = 0  # of a pass, or of passes
    code: str = ""  # the expression that is compared, or the name of a function
    value: str = ""  # what was returned, yielded or raised, as it stands in the text


_SUPPOSED = re.compile(r"\b(?:if|suppose|assum\w+|unless|whether|check(?:s|ing)?|would|could|might)\b", re.IGNORECASE)
_DEPENDS = re.compile(r"\b(?:when|until)\b", re.IGNORECASE)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7}
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_COUNTS |= {"once": 1, "twice": 2}
_TRUTH = r"(?P<truth>true|false)\b"
_IS = r"(?:is|was|evaluates to|comes out|gives|yields|->|→|=>|⇒|:)"
_NUMBER = rf"(?P<number>\d+|{'|'.join(_COUNTS)})"
_NTH = rf"(?P<number>{'|'.join(_ORDINALS)})"
_TEST = r"\b(?:condition|test|check)"
_ENTERS = r"\b(?:enters?|takes?|goes (?:in)?to|executes?|runs?) the"
_SKIPS = r"\b(?P<no>skips?|skipped|skipping) the"
_BLOCK = r"(?:[- ](?:branch|block|body|loop))?\b"
_PATTERNS: dict[Kind, tuple[str, ...]] = {
    "compare": (rf"[`*]* {_IS} [`*]*{_TRUTH}",),
    "test": (
        r"(?:(?<=true)|(?<=false)), (?:(?P<yes>the body runs)|(?P<no>the body is skipped|the loop ends))\b",
        r"(?<=: )(?P<truth>true|false)(?=, the )",
        r"(?:(?m:^)|-> )(?:if|while) (?P<truth>true|false)(?=,|$|\n)",
        r"(?m:^)(?:if|elif|while) [^\n]*: (?P<truth>true|false)(?m:$)",
        rf"{_TEST}(?: in line \d+)? {_IS} [`*]*{_TRUTH}",
        rf"{_TEST} (?:is|was) (?P<no>not )?(?:met|satisfied|fulfilled)\b",
        rf"{_TEST} (?:(?P<yes>holds|passes|succeeds)|(?P<no>fails|does not hold))\b",
        rf"{_ENTERS} (?:if|elif|while){_BLOCK}",
        rf"{_SKIPS} (?:if|elif|while){_BLOCK}",
        r"\bthe (?:if|elif)[- ](?:branch|block|body) (?:is|was) (?:(?P<no>not \w+|skipped)|taken|executed)",
    ),
    "else": (
        rf"{_ENTERS} else{_BLOCK}",
        r"\bthe else[- ](?:branch|block|body) (?:is (?P<no>not )?(?:taken|executed|entered)|runs)\b",
    ),
    "times": (
        rf"\bloop (?:runs|iterates|executes|repeats)(?: for)?(?: exactly)? {_NUMBER}\b(?: times?| iterations?)?",
        rf"\b(?:after|makes?|in total,?) {_NUMBER} (?:iterations|passes)\b",
    ),
    "pass": (
        r"\b(?:pass|iteration)(?: number)? #?(?P<number>\d+)\b",
        r"\b(?P<number>\d+)(?:st|nd|rd|th) (?:pass|iteration)\b",
        rf"\b{_NTH} (?:pass|iteration)\b",
    ),
    "line": (
        r"\bline (?P<line>\d+) (?:is|was|has|will)(?: (?P<no>not|never))?(?: be| been)? (?:executed|run|reached)\b",
        r"\bline (?P<line>\d+) (?:is|was) (?P<no>skipped)\b",
        r"\bline (?P<line>\d+) (?:(?P<no>never|does not) )?(?:runs?|executes?)\b",
        r"\b(?:executes?|reach(?:es)?|jumps? to|continues? (?:at|with)|moves? to) line (?P<line>\d+)\b",
        r"(?m:^)Line (?P<line>\d+)(?=, `|:)",
    ),
    "return": (
        r"(?:(?P<code>[A-Za-z_]\w*)(?:\([^()\n]*\))?[`*]* )?(?:returns|returned) [`*]*(?=\S)",
        r"\breturn value(?: of (?P<code>\w+))?(?: is|:| =) [`*]*(?=\S)",
    ),
    "yield": (r"(?P<code>[A-Za-z_]\w*)[`*]* yields [`*]*(?=\S)",),
    "call": (
        r"\b(?P<code>[A-Za-z_]\w*)[`*]* is called\b",
        r"\b(?:calls?|calling|invokes?) [`*]*(?P<code>[A-Za-z_]\w*)(?=\()",
    ),
    "gap": (r"\(\d+ steps are left out\.\)",),
    "raise": (r"\braises (?:an? )?[`*]*(?P<value>[A-Z]\w*(?:Error|Exception|Iteration|Exit|Interrupt))\b",),
}
_COMPILED = [(kind, re.compile(each, re.IGNORECASE)) for kind, patterns in _PATTERNS.items() for each in patterns]


def event_claims(text: str) -> Iterator[EventClaim]:
    """Yield the claims of a text about what happened, in order; of two that overlap, the first counts."""
    found = (_read(kind, match, text) for kind, pattern in _COMPILED for match in pattern.finditer(text))
    last: EventClaim | None = None
    for claim in sorted(filter(None, found), key=lambda each: (each.start, -each.end)):
        if last is not None and claim.start < last.end:
            continue
        says_it_again = last is not None and last.kind == claim.kind == "test" and claim.start == last.end
        last = claim
        if not says_it_again:
            yield claim


def _read(kind: Kind, match: re.Match[str], text: str) -> EventClaim | None:
    if _is_supposed(text, match.start()):
        return None
    groups = match.groupdict()
    start, end = match.span()
    code, value, number = groups.get("code") or "", groups.get("value") or "", _number(groups.get("number"))
    holds = _holds(groups)
    line = int(groups["line"]) if groups.get("line") else _line_before(text, match.start())
    if kind == "compare":
        found = _expression(text, match.start())
        if found is None:
            return None
        start, code = found
    if kind in ("return", "yield"):
        stop = literal_end(text, end)
        if stop is None:
            return None
        value, end = text[end:stop], stop
    return EventClaim(kind, start, end, text[start:end].strip("` \n"), holds, line, number, code, value)


def _is_supposed(text: str, place: int) -> bool:
    """Return whether a word before the claim makes it a supposition: `if` in its sentence, `when` in its clause."""
    begins = max(text.rfind(sign, 0, place) for sign in ("\n", ". ", "; ", ": "))
    sentence = re.sub(r"`[^`\n]*`", "", text[max(begins, 0) : place])
    return bool(_SUPPOSED.search(sentence) or _DEPENDS.search(sentence.rpartition(", ")[2]))


def _holds(groups: dict[str, str | None]) -> bool:
    if truth := groups.get("truth"):
        return truth.lower() == "true"
    return not groups.get("no")


def _number(text: str | None) -> int:
    if text is None:
        return 0
    word = text.lower()
    return int(word) if word.isdecimal() else _ORDINALS.get(word) or _COUNTS[word]


def _line_before(text: str, place: int) -> int | None:
    """Return the line that the sentence names: "Line 3, `if x:`: ..."."""
    start = text.rfind("\n", 0, place) + 1
    named = re.findall(r"\bline (\d+)\b", text[start:place], re.IGNORECASE)
    return int(named[-1]) if named else None


def _expression(text: str, end: int) -> tuple[int, str] | None:
    """Return the longest comparison that ends here: where it begins, and its code."""
    begin = max(text.rfind("\n", 0, end) + 1, end - 200)
    said = text[begin:end].rstrip("`* ")
    for match in re.finditer(r"(?:^|(?<=[\s`(,:;*]))(?=[\w'\"(\[{-])", said):
        code = said[match.start() :]
        node = parse_expression(code.strip())
        if isinstance(node, ast.Compare | ast.BoolOp) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        ):
            return begin + match.start(), ast.unparse(node)
    return None
