"""Find the claims of a text that something happened: a test came out, a pass began, a line ran, a call was made.

Read are the narrator's words and those of common models: "`x > 3` is false", "the condition is met", "we enter the
else branch", "iteration 2", "the loop runs 3 times", "line 7 is never reached", "g is called with a = 1", "g(3)
returns 4". What is only supposed ("if x > 3 is true") is no claim.
"""

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from codereasoner.chains.claimed_literals import after_computation, canonical, goes_on, literal_end
from codereasoner.chains.pure_operations import FUNCTIONS
from codereasoner.chains.value_claims import Claim, in_tables, lowered, without_latex
from codereasoner.steps.source import parse_expression

Kind = Literal[
    "compare", "test", "else", "pass", "times", "line", "call", "called", "return", "output", "yield", "raise", "gap"
]


class EventClaim(NamedTuple):
    """One claim about what happened, and where it stands."""

    kind: Kind
    start: int
    end: int
    said: str  # the words
    holds: bool = True  # the claimed truth: of a test, or of a line having run
    line: int | None = None
    number: int = 0  # of a pass, or of passes or calls
    is_last: bool = False  # it speaks of the last test of the program
    code: str = ""  # the expression that is compared, or the name of a function with the arguments that are named
    value: str = ""  # what was returned, yielded or raised, as it stands in the text


_SUPPOSED = re.compile(r"\b(?:if|suppose|assum\w+|unless|whether|would|could|might)\b", re.IGNORECASE)
_NAMED_IF = re.compile(r"\bif[- ](?:branch|block|body|statement|condition|test)\b", re.IGNORECASE)
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_TICK = re.compile("`")
_NAMED_LINE = re.compile(r"\bline (\d+)\b", re.IGNORECASE)
_DEPENDS = re.compile(r"\b(?:when|until)\b", re.IGNORECASE)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7}
LONGEST_SENTENCE = 200  # characters before a claim in which an `if` is looked for: the work stays linear
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_COUNTS |= {"once": 1, "twice": 2, "never": 0}
_SIGNS = {"greater than or equal to": ">=", "less than or equal to": "<=", "at least": ">=", "at most": "<="}
_SIGNS |= dict.fromkeys(("greater than", "larger than", "bigger than", "more than"), ">")
_SIGNS |= dict.fromkeys(("less than", "smaller than", "lower than"), "<") | {"≤": "<=", "≥": ">=", "≠": "!="}
_PLAIN = r"(?:-?\d+(?:\.\d+)?|'[^'\n]*'|\"[^\"\n]*\")"
_ATTRIBUTE = r"(?:\[[^\[\]\n]{1,60}\]|\.[A-Za-z_]\w*(?![\w(]))"
_SIDE = rf"(?:{_PLAIN}|[A-Za-z_]\w*(?:\[[^\[\]\n]*\]|\([^()\n]*\))?)"
_SIGN = r"(?P<sign>[<>]=?|[=!]=|[≤≥≠])"
_TRUTH = r"(?P<truth>true|false)\b"
_IS = r"(?:is|was|evaluates to|comes out|gives|yields|->|→|=>|⇒|:)"
_TEXT = r"(?<!\\)(?:'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\")"  # begins at no escaped quote: else it is quadratic
_PLAIN_ARGUMENTS = rf"(?:[^()'\"\n]|{_TEXT})*+"
_NESTED = rf"\({_PLAIN_ARGUMENTS}(?:\({_PLAIN_ARGUMENTS}\){_PLAIN_ARGUMENTS})*+\)"
_ARGUMENTS = rf"\((?:{_PLAIN_ARGUMENTS}(?:{_NESTED}{_PLAIN_ARGUMENTS})*+|[^()\n]*)\)"  # `('a)', [(1, 2)])`
_BEGINS = "(?<![A-Za-z_])"  # a name that begins there: from within it the same would be found, at every letter
_NUMBER = rf"(?P<number>\d+|{'|'.join(_COUNTS)})"
_NTH = rf"(?P<number>{'|'.join(_ORDINALS)})"
THEN = r"(?:then|next|afterwards|after (?:that|this))"  # in a claim about the past, too, it is what comes next
_TEST = r"\b(?:condition|test|check)"
_ENTERS = r"\b(?:enters?|takes?|goes (?:in)?to|executes?|runs?) the"
_SKIPS = r"\b(?P<no>skips?|skipped|skipping) the"
_WHICH = "(?:(?P<which>last|final)|first|second|third|inner|outer|whole)"
_TIMES = (  # "runs 3 times", "runs 3.", "runs twice and", not "runs 3 statements", "runs 2 more times"
    rf"{_NUMBER}\b(?:(?<=once)|(?<=twice)|[`*]* (?:times?|iterations?|passes)\b|(?![`*]*[- ][`*]*\w))"
    r"(?! (?:more|less|fewer|or)\b)"
)
_ENDS = "(?:ends|ended|stops|stopped|breaks|exits|exited|finish(?:es|ed)|terminates|completes|is (?:left|done|over))"
_BLOCK = r"(?:[- ](?:branch|block|body|loop))?\b"
_PATTERNS: dict[Kind, tuple[tuple[str, str], ...]] = {
    "compare": (
        ("true|false", rf"[`*]* {_IS} [`*]*{_TRUTH}(?![`*]* for\b)"),
        ("?", r"[`*]*\? *[`*]*(?P<truth>yes|no|true|false)\b"),
        ("✓|✔|✅|✗|✘|❌", r"[`*]* ?(?P<truth>✓|✔|✅|✗|✘|❌)"),
        (
            "hold|is not true|is no longer true",
            r"[`*]* (?:(?P<yes>holds)|(?P<no>does not hold|is not true|is no longer true))\b",
        ),
        (
            "than|at least|at most|≤|≥|≠",
            rf"(?P<left>{_SIDE})[`*]* is (?P<no>not )?(?P<sign>{'|'.join(_SIGNS)}) [`*]*(?P<right>{_SIDE})",
        ),
        (
            "even|odd|divisible",
            rf"(?P<left>{_SIDE})[`*]* is (?P<no>not )?(?P<parity>even|odd|divisible by (?P<by>\d+))\b",
        ),
        (
            ") <|) >|) =|) !|) ≤|) ≥|) ≠",
            rf"\w[`*]* \((?P<left>{_PLAIN})\) {_SIGN} [`*]*[A-Za-z_]\w*[`*]* \((?P<right>{_PLAIN})\)"
            rf"(?: is {_TRUTH})?(?! ?\?)",
        ),
        (
            "since|because|as",
            rf"\b(?:since|because|as)\b(?:[^\n,;?]{{0,80}}?[ (`=])??(?P<left>{_PLAIN}) ?{_SIGN} ?(?P<right>{_PLAIN})"
            rf"(?![\w.]| ?[-+*/%?]| {_IS} |: )",
        ),
        (
            "which is",
            rf"(?P<left>{_PLAIN})[`*]*,? which is (?P<no>not )?(?P<sign>{'|'.join(_SIGNS)}) [`*]*(?P<right>{_SIDE})",
        ),
        (
            "] |]`|]*|.",
            rf"(?<![\w.])(?P<item>[A-Za-z_]\w*{_ATTRIBUTE}+)[`*]* "
            r"(?:=|is now|is set to|is|becomes|equals) [`*]*(?=\S)",
        ),
        ("=", r"(?<![\w.)\]])(?P<item>\({0,3}-?\d+(?: *(?:\*\*|//|[+*%]| - ) *\(?\d+\)?)+) = [`*]*(?=-?\d)"),
    ),
    "test": (
        (
            "the body|the loop",
            r"(?:(?<=true)|(?<=false)), (?:(?P<yes>the body runs)|(?P<no>the body is skipped|the loop ends))\b",
        ),
        (": true|: false", r"(?<=: )(?P<truth>true|false)(?=, the )"),
        ("if true|if false|while true|while false", r"(?:(?m:^)|-> )(?:if|while) (?P<truth>true|false)(?=,|$|\n)"),
        (": true|: false", r"(?m:^)(?:if|elif|while) [^\n]*: (?P<truth>true|false)(?m:$)"),
        ("condition|test|check", rf"{_TEST}(?: in line \d+)? {_IS} [`*]*{_TRUTH}"),
        ("condition|test|check", rf"{_TEST} (?:is|was) (?P<no>not )?(?:met|satisfied|fulfilled)\b"),
        ("condition|test|check", rf"{_TEST} (?:(?P<yes>holds|passes|succeeds)|(?P<no>fails|does not hold))\b"),
        ("enter|take|goes|execute|run", rf"{_ENTERS} (?:{_WHICH} )?(?:if|elif|while){_BLOCK}"),
        ("skip", rf"{_SKIPS} (?:{_WHICH} )?(?:if|elif|while){_BLOCK}"),
        (
            "the if|the elif",
            r"\bthe (?:if|elif)[- ](?:branch|block|body) (?:is|was) (?:(?P<no>not \w+|skipped)|taken|executed)",
        ),
    ),
    "else": (
        ("enter|take|goes|execute|run", rf"{_ENTERS} else{_BLOCK}"),
        (
            "the else",
            r"\bthe else[- ](?:branch|block|body) (?:is (?P<no>not )?(?:taken|executed|entered)|runs|executes)\b",
        ),
    ),
    "times": (
        (
            "loop",
            r"(?:\b(?P<code>for|while)[`*]*[ -])?\bloop(?: body)? "
            r"(?:is (?:run|executed|repeated)|runs|iterates|executes|repeats)(?: for)?(?: exactly)? "
            rf"[`*]*{_TIMES}",
        ),
        ("there are|there were", rf"\bthere (?:are|were) (?:exactly )?{_NUMBER} (?:iterations|passes)\b(?! left)"),
        ("iterations|passes", rf"\b(?:{_ENDS} after|makes?|in total,?) {_NUMBER} (?:iterations|passes)\b"),
        ("iterations|passes", rf"\bafter {_NUMBER} (?:iterations|passes),? the (?:\w+[- ])?loop {_ENDS}\b"),
        ("iterations|passes", rf"\b(?P<code>after) {_NUMBER} (?:iterations|passes)\b"),
    ),
    "pass": (
        ("pass|iteration", r"\b(?:pass|iteration)(?: number)? #?(?P<number>\d+)\b"),
        ("pass|iteration", r"\b(?P<number>\d+)(?:st|nd|rd|th) (?:pass|iteration)\b"),
        ("pass|iteration", rf"\b{_NTH} (?:pass|iteration)\b"),
    ),
    "line": (
        (
            "executed|run|reached",
            rf"(?:\b{THEN},? )?\bline (?P<line>\d+) (?:is|was|has|will)(?: (?P<no>not|never))?(?: be| been)? "
            rf"(?:executed|run|reached)\b(?: {THEN}\b)?",
        ),
        ("skipped", r"\bline (?P<line>\d+) (?:is|was) (?P<no>skipped)\b"),
        ("run|execute", r"\bline (?P<line>\d+) (?:(?P<no>never|does not) )?(?:runs?|executes?)\b"),
        (
            "execute|reach|jump|continue|move",
            r"\b(?:executes?|reach(?:es)?|jumps? to|continues? (?:at|with)|moves? to) line (?P<line>\d+)\b",
        ),
        ("line ", r"(?m:^)Line (?P<line>\d+)(?=, `|:)"),
    ),
    "return": (
        (
            "return",
            rf"(?:{_BEGINS}(?P<code>[A-Za-z_]\w*(?:{_ARGUMENTS})?)[`*]* )?"
            r"(?:returns|returned) [`*]*(?=\S)",
        ),
        ("return value", r"\breturn value(?: of (?P<code>\w+))?(?: is|:| =) [`*]*(?=\S)"),
        (
            ") |)`|)*|)$",
            rf"{_BEGINS}(?P<code>[A-Za-z_]\w*{_ARGUMENTS})[`*$]* (?:=|->|→|⇒|evaluates to|gives|yields|is) [`*]*(?=\S)",
        ),
        ("assert ", rf"(?m:^)[`*]*(?P<asserted>assert) [`*]*(?P<code>[A-Za-z_]\w*{_ARGUMENTS})[`*]* == [`*]*(?=\S)"),
    ),
    "output": (
        (
            "output|result|final answer",
            rf"\b(?P<code>output|result|final answer)[`*]*(?: of [`*]*\w+(?:{_ARGUMENTS})?[`*]*)?"
            r"(?: is| will be|:)[`*]* [`*$]*(?=\S)",
        ),
    ),
    "yield": ((" yields ", r"(?P<code>[A-Za-z_]\w*)[`*]* yields [`*]*(?=\S)"),),
    "call": (
        ("is called", r"\b(?P<code>[A-Za-z_]\w*)[`*]* is called\b"),
        ("call|invok", r"\b(?:calls?|calling|invokes?) [`*]*(?P<code>[A-Za-z_]\w*)(?=\()"),
    ),
    "called": (
        (
            "called|invoked",
            rf"\b(?P<code>[A-Za-z_]\w*)[`*]* is (?:called|invoked) (?:exactly )?{_NUMBER}\b(?: times?)?",
        ),
        ("never called|never invoked", r"\b(?P<code>[A-Za-z_]\w*)[`*]* is (?P<number>never) (?:called|invoked)\b"),
    ),
    "gap": (("left out", r"\(\d+ steps are left out\.\)"),),
    "raise": (
        ("raises ", r"\braises (?:an? )?[`*]*(?P<value>[A-Z]\w*(?:Error|Exception|Iteration|Exit|Interrupt))\b"),
    ),
}
"""By kind: words of which each match holds one, in small letters, and the pattern. Looking for words is cheap."""
_COMPILED = [
    (kind, frozenset(words.split("|")), re.compile(pattern, re.IGNORECASE))
    for kind, patterns in _PATTERNS.items()
    for words, pattern in patterns
]
_WORDS = frozenset().union(*(words for _, words, _ in _COMPILED))


def event_claims(text: str) -> Iterator[EventClaim]:
    """Yield the claims of a text about what happened, in order; of two that overlap, the first counts."""
    text = without_latex(text)
    small = lowered(text)
    there = {word for word in _WORDS if word in small}
    likely = [(kind, pattern) for kind, words, pattern in _COMPILED if not words.isdisjoint(there)]
    found = [_read(kind, match, text) for kind, pattern in likely for match in pattern.finditer(text)]
    if "|" in small:
        found += map(_of_cell, in_tables(text))
    last: EventClaim | None = None
    for claim in sorted(filter(None, found), key=lambda each: (each.start, -each.end)):
        if last is not None and claim.start < last.end:
            continue
        says_it_again = last is not None and last.kind == claim.kind == "test" and claim.start == last.end
        last = claim
        if not says_it_again:
            yield claim


def _of_cell(cell: Claim) -> EventClaim | None:
    """Return the claim of a cell below an expression, such as `x > 3` or `x % 2`."""
    node = None if cell.name.isidentifier() else parse_expression(cell.name)
    if isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp) and cell.value in ("True", "False"):
        code = ast.unparse(node)
    elif isinstance(node, ast.BinOp | ast.Subscript | ast.Attribute | ast.Call):
        code = ast.unparse(node) + f" == {cell.value}"
    else:
        return None
    return EventClaim("compare", cell.start, cell.end, f"{code} is {cell.literal}", cell.value != "False", code=code)


def _read(kind: Kind, match: re.Match[str], text: str) -> EventClaim | None:
    if _is_supposed(text, match.start()) or (kind == "return" and _is_within_code(text, match.start())):
        return None
    if text.endswith("def ", 0, match.start()):
        return None  # `def f(x) -> "text":`
    groups = match.groupdict()
    start, end = match.span("left" if groups.get("left") else 0)[0], match.end()
    code, value, number = groups.get("code") or "", groups.get("value") or "", _number(groups.get("number"))
    holds = _holds(groups)
    line = int(groups["line"]) if groups.get("line") else _line_before(text, match.start())
    if kind == "compare" and not {groups.get("left"), groups.get("item")} - {None}:
        found = _expression(text, match.start())
        if found is None:
            return None
        start, code = found
    item = groups.get("item")
    whole = "item" if item else "code" if "(" in (groups.get("code") or "") else ""
    before = _GOES_BEFORE.search(text, max(0, match.start(whole) - 6), match.start(whole)) if whole else None
    if before and (not before["equals"] or code.partition("(")[0] in FUNCTIONS):
        return None  # the value is that of all that is added up, or of a variable before it
    if item and "=" in match[0][len(item) :] and text.endswith(", ", 0, match.start()):
        return None  # one of several that are assigned together
    is_arithmetic = item is not None and item[0] in "(-0123456789"
    if item and is_arithmetic:
        begins = match.start() + (item.count("(") > item.count(")"))
        if not _BEGINS_ARITHMETIC.search(text, max(0, begins - 12), begins):
            return None  # it may be the rest of an expression
    if kind in ("return", "yield", "output") or item:
        stop = literal_end(text, end)
        if stop is not None and not _GOES_ON.match(text, stop):
            value, end = text[end:stop], stop
        elif (computed := after_computation(text, end)) is not None:
            value, end = computed
        else:
            return None
        if _is_cut(text, match, end) or (is_arithmetic and not _ENDS_ARITHMETIC.match(text, end)):
            return None
        if code.startswith(_GIVE_TEXT) and value[0] not in "'\"":
            return None  # who says that str(x) is 2.0 may mean the text
    if kind == "compare" and not code and not (code := _compared(groups, value)):
        return None
    is_last = bool(groups.get("which"))
    return EventClaim(kind, start, end, text[start:end].strip("` \n"), holds, line, number, is_last, code, value)


_GOES_BEFORE = re.compile(r"[\w)\]'\"`] ?(?:[-+*/%×÷·−^]|(?P<equals>=)) ?[`*]{0,2}\Z")
_GOES_ON = re.compile(
    r" ?[-+*/%<>×÷·−^]|\.\w|[\w\[(]| (?:if|or|and|in) |"
    r" (?:more|less|fewer|greater|larger|bigger|higher|smaller|lower|times|plus|minus|mod|modulo)\b"
)
_BEGINS_ARITHMETIC = re.compile(
    r"(?:(?m:^)|[(`]|[.;] |[A-Za-z`]: |\b(?:so|thus|hence|therefore|then|now|next|since|because|as|that|is|"
    r"gets?|gives|equals|becomes|computes?|have|obtain|returns?) )\Z",
    re.IGNORECASE,
)
_ENDS_ARITHMETIC = re.compile(
    r"[`*)\"$]{0,4}(?!\W{0,3}(?i:mod|no\b|not\b|wrong|right\?|which is (?:wrong|false|not)))"
    r"(?:[.,;:!]?(?:\n|\Z)|[.,;:!] | ?(?:→|->|⇒)| (?:and|so|but|which|then|because|since|as)\b)"
)
_GIVE_TEXT = ("str(", "repr(", "ascii(", "chr(", "bin(", "oct(", "hex(", "format(")
_ENDS_TEXT = re.compile(r"[`*.]{0,4}\s*+\Z")


def _is_cut(text: str, match: re.Match[str], end: int) -> bool:
    """Return whether the words go on behind a value: `is 1 more than`, or an assertion that is not the last word."""
    if match.groupdict().get("asserted"):
        return not _ENDS_TEXT.match(text, end)
    return match[0].rstrip("`* ").endswith(" is") and goes_on(text, end, in_words=True, in_list=False)


def _compared(groups: dict[str, str | None], value: str) -> str:
    """The comparison that words or signs between two sides mean; "" if it is none."""
    left, sign, right = (groups.get(name) or "" for name in ("left", "sign", "right"))
    if groups.get("item"):
        if canonical(value) is None:
            return ""
        item = groups["item"] or ""
        code = f"{item.lstrip('(') if item.count('(') > item.count(')') else item} == {value}"
    elif parity := groups.get("parity"):
        code = f"{left} % {groups.get('by') or 2} == {int(parity == 'odd')}"
    else:
        code = f"{left} {_SIGNS.get(sign.lower(), sign)} {right}"
    try:
        return ast.unparse(ast.parse(code, mode="eval"))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return ""


def _is_supposed(text: str, place: int) -> bool:
    """Return whether a word before the claim makes it a supposition: `if` in its sentence, `when` in its clause."""
    least = max(0, place - LONGEST_SENTENCE)
    begins = max(text.rfind(sign, least, place) for sign in ("\n", ". ", "; ", ": "))
    sentence = text[max(begins, least) : place]
    if len(sentence) < 2:
        return False  # it begins there
    sentence = _NAMED_IF.sub("", _INLINE_CODE.sub("", sentence))
    return bool(_SUPPOSED.search(sentence) or _DEPENDS.search(sentence.rpartition(", ")[2]))


def _is_within_code(text: str, place: int) -> bool:
    """Return whether other code stands before a place in the same backticks: `return g(x) is None` claims nothing."""
    ticks, begins = _matches(_TICK, text), text.rfind("\n", 0, place) + 1
    last = bisect_right(ticks, place, key=re.Match.end)
    is_open = (last - bisect_right(ticks, begins, key=re.Match.end)) % 2 == 1
    return is_open and bool(text[ticks[last - 1].end() : place].strip())


@lru_cache(maxsize=8)
def _matches(pattern: re.Pattern[str], text: str) -> Sequence[re.Match[str]]:
    """Return what is found in a text: once, so that the work does not grow with the number of its claims."""
    return list(pattern.finditer(text))


def _holds(groups: dict[str, str | None]) -> bool:
    if truth := groups.get("truth"):
        return truth.lower() in ("true", "yes", "✓", "✔", "✅")
    return not groups.get("no")


def _number(text: str | None) -> int:
    if text is None:
        return 0
    word = text.lower()
    return int(word) if word.isdecimal() else _ORDINALS.get(word) or _COUNTS[word]


def _line_before(text: str, place: int) -> int | None:
    """Return the line that the sentence names: "Line 3, `if x:`: ..."."""
    named = _matches(_NAMED_LINE, text)
    last = bisect_right(named, place, key=re.Match.end) - 1
    return int(named[last][1]) if last >= 0 and named[last].start() > text.rfind("\n", 0, place) else None


_SAID = re.compile(rf"(?P<python> is (?-i:True|False)\b)| {_IS} [`*]*(?:true|false)\b", re.IGNORECASE)
_JOINS = re.compile(r" or [^`]*\Z")


def _expression(text: str, end: int) -> tuple[int, str] | None:
    """Return the longest comparison that ends here: where it begins, and its code."""
    begin = max(text.rfind("\n", 0, end) + 1, end - 200)
    for each in _SAID.finditer(text, begin, end):
        if not _is_within_code(text, each.start()):
            begin = each.end()  # another is over
            if each["python"] and _JOINS.match(text, begin, end):
                return None  # it may be a part of this one
    said = text[begin:end].rstrip("`* ")
    for place in (each.start() for each in re.finditer(r"(?:^|(?<=[\s`(,:;*]))(?=[\w'\"(\[{-])", said)):
        code = said[place:]
        match parse_expression(code.strip()):
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()) | ast.Call(func=ast.Attribute()) as node:
                return begin + place, ast.unparse(node)
    return None
