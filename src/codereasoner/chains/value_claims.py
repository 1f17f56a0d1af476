"""Find the claims of a text that a variable has a value: `x = [1, 2]`, "x is now 3", "`total` becomes 6", "- n: 4".

The texts are a narrator's or any model's, so both code and prose count:
- `name = literal`, also with Markdown around either side, an arrow in place of `=`, or a computation on the way:
  `x = 2 + 3 = 5` claims that x is 5;
- "name is literal", with becomes, equals, was and their like, where the literal ends its clause;
- a line of a list that says nothing but "name: literal";
- a cell of a Markdown table that is a literal, in a column under a name;
- several values in their order: "x takes the values 3, 8 and 5".

What is no claim:
- a right side that is not a whole literal: `x = y + 1`, `x = [1] + y`, `x = 'a'.upper()`, `x = 3 if y else 4`;
- a keyword argument (`f(x=1)`), one name of several that are assigned together (`x, y = 1, 2`);
- what is only supposed ("if x = 3", "maybe x is 3"), a question, a part of a variable ("the length of x is 3"), and
  what stands in fenced code blocks or in another literal.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from codereasoner import literals
from codereasoner.chains.claimed_literals import (
    CLOSING,
    MARKUP,
    QUESTION,
    after_computation,
    bracket_end,
    canonical,
    goes_on,
    literal_end,
    strings_of,
)


class Claim(NamedTuple):
    """One claim of a text: which name, which value, where, and whether it looks back to an earlier state."""

    name: str
    literal: str  # as it stands in the text
    value: str  # in canonical form
    start: int  # characters of the text, `end` not included
    end: int
    looks_back: bool = False  # "initially x = 1", "x was 3"
    is_final: bool = False  # "the final value of x is 3"
    quoted: str = ""  # the inline code it stands in, where it is code of one piece: `x = 3`
    in_order: tuple[str, ...] = ()  # values that it has one after another, the first one above

    @property
    def said(self) -> str:
        """The claim in one form: `x = 3`."""
        return f"{self.name} = {self.literal}"


def claims(text: str) -> Iterator[Claim]:
    """Yield the claims of a text, in order; whether the names are variables of a program is not asked here."""
    text = without_latex(text)
    if "```" in text:
        text = _FENCED.sub(lambda block: re.sub(r"[^\n]", " ", block.group()), text)
    found = [each for each in in_tables(text) if each.name.isidentifier()] if "|" in text else []
    if any(word in text for word in _SEQUENCE_WORDS):
        found += (sequences := list(_in_sequences(text)))
        text = _without(text, sequences)
    found += _in_assignments(text)
    yield from sorted([*found, *_in_prose(text)], key=lambda each: each.start)


def _without(text: str, found: Sequence[Claim]) -> str:
    """Return a text with blanks in place of claims, which are in order."""
    pieces, position = [], 0
    for each in found:
        start, end = max(each.start, position), max(each.end, position)
        pieces += [text[position:start], " " * (end - start)]
        position = end
    return "".join([*pieces, text[position:]])


def in_tables(text: str) -> Iterator[Claim]:
    """`| 2 | 7 | 22 |` below `| pass | x | total |`: each cell that is a literal is a claim about its column.

    The name of the column is any text, such as `x > 3`.
    """
    for table in _TABLE.finditer(text):
        names = [cell.strip(" `*$?") for cell in table["header"].strip(" |").split("|")]
        for row in re.finditer(r"[^\n]+", text[table.start("rows") : table.end("rows")]):
            start = table.start("rows") + row.start()
            cells = list(re.finditer(r"(?<=\|)[^|\n]+(?=\|)", row.group()))
            for name, cell in zip(names, cells, strict=False):
                literal = cell.group().strip(" `*$")
                if (value := canonical(literal)) is not None:
                    yield Claim(name, literal, value, start + cell.start(), start + cell.end())


def _in_sequences(text: str) -> Iterator[Claim]:
    """`x takes the values 3, 8 and 5`, `n goes 20 → 10 → 5`: the values in their order are one claim."""
    for match in _SEQUENCE.finditer(text):
        found, end = _listed(text, match, _NEXT_VALUE)
        if len(found) > 1:
            values = tuple(canonical(each) or "" for each in found)
            yield Claim(match["name"] or match["of"], ", ".join(found), values[0], match.start(), end, in_order=values)


def _in_assignments(text: str) -> Iterator[Claim]:
    """`low, high = 0, 4`: as many values as names."""
    looks_back = _has_back_words(text)
    for match in _ASSIGNED.finditer(text):
        names, (found, end) = match["names"].split(", "), _listed(text, match, _COMMA)
        if len(found) == len(names):
            back, quoted = looks_back and _looks_back(text, match.start()), _code(text, match.start())
            for place, (name, literal) in enumerate(zip(names, found, strict=True), start=match.start()):
                yield Claim(name, literal, canonical(literal) or "", place, end, back, quoted=quoted)


def _listed(text: str, match: re.Match[str], between: re.Pattern[str]) -> tuple[list[str], int]:
    """Return the literals that follow a match one after another, and where they end; none if they are no claim."""
    found, end, start, is_over = [], match.end(), match.end(), False
    while (stop := literal_end(text, start := MARKUP.match(text, start).end())) is not None:  # type: ignore[union-attr]
        found.append(text[start:stop])
        end, gap = stop, between.match(text, stop)
        if gap is None:
            break
        if is_over and gap[0].lstrip("`*$").startswith(",") and "and" not in gap[0]:
            return [], end  # "0, 1 and 2, 3 in all"
        start, is_over = gap.end(), is_over or gap[0].split()[-1] == "and"
    before = text[max(0, match.start() - 80) : match.start()]
    is_claim = not goes_on(
        text,
        _IN_ORDER.match(text, end).end(),  # type: ignore[union-attr]
        in_words=between is _NEXT_VALUE,
        in_list=False,
    ) and not (_SUPPOSED.search(before) or _IMAGINED.search(before))
    return (found if is_claim and all(map(canonical, found)) else []), end


def _in_prose(text: str) -> Iterator[Claim]:
    if "|" in text:
        text = _TABLE.sub(lambda table: re.sub(r"[^\n]", " ", table.group()), text)
    looks_back, is_final = _has_back_words(text), "final" in lowered(text)  # of claims, as most texts not
    position = 0
    strings = strings_of(text)
    while match := _RELATION.search(text, position):
        position = match.end("relation")
        while strings and strings[0][1] <= match.start():
            strings.pop(0)
        if strings and strings[0][0] < match.start():
            continue  # what stands in a string is no claim, nor is an attribute in the text of an object
        if _is_no_claim(text, match):
            continue
        start = MARKUP.match(text, position).end()  # type: ignore[union-attr]  # it matches nothing at least
        end = literal_end(text, start)
        relation = match["relation"].strip()
        in_words = relation[:1].isalpha()
        if end is not None and not goes_on(text, end, in_words, relation == ":"):
            literal = text[start:end]
        elif in_words or (found := after_computation(text, start)) is None:
            continue
        else:
            literal, end = found
        if (value := canonical(literal)) is None:
            continue
        position = end  # what stands in a literal is no claim
        if QUESTION.match(text, end):
            continue
        yield Claim(
            match["name"],
            literal,
            value,
            match.start("name"),
            end,
            relation.startswith(_LOOKS_BACK) or (looks_back and _looks_back(text, match.start())),
            is_final and bool(_FINAL.search(text, max(0, match.start() - 30), match.start())),
            _code(text, match.start()),
        )


@lru_cache(maxsize=256)  # an audit asks three times for the calls of a text
def calls(text: str, entry: str) -> Sequence[tuple[int, int, str]]:
    """Return start, end and canonical arguments of each call of a function that a text names."""
    return tuple(_calls(text, entry))


def _calls(text: str, entry: str) -> Iterator[tuple[int, int, str]]:
    for match in re.finditer(rf"(?<![\w.])(?<!def ){re.escape(entry)}(?=\()", text):
        end = bracket_end(text, match.end())
        if end is None:
            continue
        try:
            yield match.start(), end, literals.read_arguments(text[match.end() + 1 : end - 1])
        except literals.LiteralError:
            continue


# ---- around the claim

_LATEX = re.compile(r"\\(?:text|texttt|mathrm|mathit|mathtt)\{(\w+)\}|\\(times|cdot|[{}])(?![a-z])")


def without_latex(text: str) -> str:
    r"""Return a text with `total`, `*` and `{` for `\text{total}`, `\times` and `\{`; it is as long as before."""
    return _LATEX.sub(_plain, text) if "\\" in text else text


def _plain(match: re.Match[str]) -> str:
    return (match[1] or {"times": "*", "cdot": "*"}.get(match[2], match[2])).rjust(len(match[0]))


_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_TABLE = re.compile(
    r"(?m:^)[ \t]*\|(?P<header>[^\n]+)\|[ \t]*\n[ \t]*\|[ \t:|-]+\|[ \t]*\n"
    r"(?P<rows>(?:[ \t]*\|[^\n]*\|[ \t]*(?:\n|\Z))+)"
)
_WORDS = (
    r"(?:(?:is|was|gets)[ \t]+)?(?:goes|changes|moves|grows|rises|increases|falls|drops|decreases|shrinks|"
    r"increased|decreased|incremented|decremented|reduced|updated|resets?)(?:[ \t]+(?:from|by)[ \t]+[^\s,;]+)?"
    r"(?:[ \t]+to|,?[ \t]+(?:giving|making[ \t]+it|yielding))|"
    r"is(?:[ \t]+(?:now|still|then|just|also|currently|initially|again|equal[ \t]+to|"
    r"(?:set|updated|changed|initiali[sz]ed|assigned|bound)(?:[ \t]+(?:to|as|with))?))?|"
    r"was|(?:has[ \t]+|have[ \t]+)?(?:become|became|becomes)|(?:now[ \t]+)?(?:equals|holds)|remains|stays|"
    r"starts[ \t]+(?:as|at|with)|has[ \t]+the[ \t]+value|(?:now[ \t]+)?takes[ \t]+(?:on[ \t]+)?the[ \t]+value|"
    r"ends[ \t]+up[ \t]+(?:as|at)"
)
_RELATION = re.compile(
    r"(?<![\w.'\"\]])(?P<name>[A-Za-z_]\w*)[`*$]{0,3}"
    rf"(?P<relation>\s*=(?![=>])\s*|[ \t]*(?:=>|->|→|⇒|←|:=|\\(?:to|gets|leftarrow|[rR]ightarrow)\b)[ \t]*|"
    rf"[ \t]+(?:{_WORDS})[ \t]+|:[ \t]+)"
)
_SEQUENCE_WORDS = ("values", "goes", "sequence", "becomes")
_SEQUENCE = re.compile(
    r"(?<![\w.'\"\]])"
    r"(?:(?:sequence|values)[ \t]+(?:of|for)[ \t]+[`*$]{0,3}(?P<of>[A-Za-z_]\w*)[`*$]{0,3}[ \t]+(?:is|are)|"
    r"(?P<name>[A-Za-z_]\w*)[`*$]{0,3}[ \t]+(?:(?:takes|goes)(?:[ \t]+(?:on|through))?(?:[ \t]+the[ \t]+values)?|"
    r"becomes(?=[^\n]{1,40}(?:,[ \t]+then|→)[ \t])))(?:[ \t]+as[ \t]+follows)?:?[ \t]+"
)
_NEXT_VALUE = re.compile(
    r"[`*$]{0,3}(?:[ \t]*(?:→|->|⇒|=>)|(?:,[ \t]+|[ \t]+)(?:and[ \t]+then|and|then)|,)"
    r"[ \t]+[`*$]{0,3}(?=[-+\d'\"\[({TFN])"
)
_COMMA = re.compile(", ")
_IN_ORDER = re.compile(
    r"(?:[`*$]{0,3}[ \t]+(?:in[ \t]+(?:(?:this|that)[ \t]+)?(?:order|turn|sequence)\b|"
    r"(?:over|during|throughout|respectively)\b[^.,;\n]{0,80}))?"
)
_ASSIGNED = re.compile(
    r"(?<![\w.*'\"\])}])(?<![])},] )(?P<names>(?!(?i:first|next|then|now|finally|so|here|initially|again|thus)\b)"
    r"[A-Za-z_]\w*(?:, [A-Za-z_]\w*)+)[`*]* = (?=[-+\d'\"\[({TFN])"
)
_ADDED = re.compile(r"[\w)\]] ?(?:[+/%×÷·−^]|(?<= )\*(?= )) ?`?\Z")  # `y + x = 3`
_SUBTRACTED = re.compile(r"[\w)\]]`?(?:-| - )`?\Z")  # `y - x = 3`, and not a heading: "Pass 2 - x = 3"
_HEADED = re.compile(r"(?:\b[A-Z]\w+|\b(?i:pass|iteration|step|line|round|call) #?\d+) - `?\Z")
_IMAGINED = re.compile(
    r"(?:\b(?:for (?:example|instance)|suppos\w+|imagine|assum\w+|hypothetically|mistake\w*|would|could|might)\b|"
    r"\be\.g\.|\bif\b[^.;\n]*\b(?:were|had)\b)[^.;\n]*\Z",
    re.IGNORECASE,
)
_IN_A_CALL = re.compile(r"\w\([^()\n]*\Z")
_TOGETHER = re.compile(
    r"(?:(?:^|[\s`(])(?!(?:First|Second|Third|Next|Then|Now|Finally|Lastly|So|Thus|Hence|Here|Again|Initially|Also)\b)"
    r"(?P<name>\*?[A-Za-z_]\w*(?:\.\w+|\[[^][\n]*\])*)|[])](?:\.\w+)*)[`*]{0,2}\s*,\s*[`*]{0,2}\Z"
)
_TARGETS = re.compile(r"[\n`][ \t]*(?=[\w*(\[])(?:[\w*()\[\].'\"]|, ?)*, ?\*?\Z")  # code so far: `[x, *y], *`
_IN_A_SENTENCE = re.compile(r"[a-z\d'] \Z")
_ENDS_A_CLAUSE = {
    None,  # more than a name, such as `(a, b)` or `f(x)`
    *("loop", "loops", "pass", "passes", "iteration", "iterations", "step", "steps", "point", "time", "times", "line"),
    *("lines", "branch", "block", "body", "call", "calls", "that"),
}
_ANOTHER = re.compile(r"[`*$]*\s*,\s*[`*$]*(?=[-\d'\"\[({]|True|False|None)")
_SUPPOSED = re.compile(
    r"\b(?:if|suppose|assume|assuming|unless|whether|until|say|were|not|maybe|perhaps|imagine)"
    r"(?:[ \t]+(?:that|the|now|we|have|had))*[ \t]*[`*$]{0,3}\Z",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(?:(?!values?\b|contents?\b|state\b)[a-z]+[ \t]+of|"
    r"(?:elements?|items?|entries|keys|letters|characters|words)[ \t]+in)"
    r"[ \t]+(?:the[ \t]+\w+[ \t]+)?[`*$]{0,3}\Z",
    re.IGNORECASE,
)
_LIST_LINE = re.compile(r"(?:^|\n)[ \t]*(?:[-*+•][ \t]+)?[`*$]{0,3}\Z")
_BACK_WORDS = [
    "initially",
    "originally",
    "at first",
    "earlier",
    "previously",
    "at the start",
    "started",
    "used to",
    "recall",
]
_BACK = re.compile(rf"\b(?:{'|'.join(_BACK_WORDS)})\b", re.IGNORECASE)
_ALIKE = str.maketrans("ıİſ", "iis")  # letters that IGNORECASE takes for others, and that lower() leaves as they are
_SENTENCE_END = re.compile(r"\.\s")
_FINAL = re.compile(
    r"\bfinal[ \t]+(?:value[ \t]+of[ \t]+)?(?:the[ \t]+)?(?:variable[ \t]+)?[`*$]{0,3}\Z", re.IGNORECASE
)
_LOOKS_BACK = ("was", "starts")


_BEFORE = 80  # characters before a name that say whether it is a claim


def _is_no_claim(text: str, match: re.Match[str]) -> bool:
    name = match.start("name")
    before = text[max(0, name - _BEFORE) : name]
    relation = match["relation"]
    if relation.strip() == ":":
        return not _LIST_LINE.search(before)
    bare = before.rstrip("`*$")
    last = "" if relation.strip()[:1].isalpha() else bare.rstrip()[-1:]
    together = _TOGETHER.search(before) if last == "," else None
    if together or last == "=":
        start = MARKUP.match(text, match.end()).end()  # type: ignore[union-attr]
        end = literal_end(text, start)
        if end and _ANOTHER.match(text, end):
            return True  # `x, y = 1, 2`, `p.x = y = 1, 2`
        if together and together["name"] is None and _TARGETS.search("\n" + before if name < _BEFORE else before):
            return True  # `(x, y), z = [[1, 2], 3]`
        if together and together["name"] not in _ENDS_A_CLAUSE:
            is_code = not _IN_A_SENTENCE.search(before, 0, together.start("name"))
            if is_code or end is None or text[start] in CLOSING:
                return True  # `x, y = z`, and not a clause before it: "with nothing left, x = 3"
    if bare.rstrip(" \t")[-1:].isalpha() and (_SUPPOSED.search(before) or _PART.search(before)):
        return True
    if _ADDED.search(before) or _IMAGINED.search(before):
        return True
    if _SUBTRACTED.search(before) and not _HEADED.search(before):
        return True
    return relation == "=" and bool(_IN_A_CALL.search(before))


def _has_back_words(text: str) -> bool:
    small = lowered(text)
    return any(word in small for word in _BACK_WORDS)


def _looks_back(text: str, start: int) -> bool:
    """Return whether the clause of the claim that starts there speaks of an earlier state."""
    before = text[max(0, start - 60) : start]
    clause = _SENTENCE_END.split(before[max(before.rfind("\n"), before.rfind(";")) + 1 :])[-1]
    return bool(clause.strip("`*$ ") and _BACK.search(clause))


def lowered(text: str) -> str:
    """Return a text in which the small letters of a word are found wherever a pattern finds it with IGNORECASE."""
    return text.lower() if text.isascii() else text.translate(_ALIKE).lower()


def _code(text: str, start: int) -> str:
    """Return the inline code that the claim begins, up to its closing backtick."""
    if text[start - 1 : start] != "`":
        return ""
    end = text.find("`", start)
    code = text[start:end]
    return code.strip() if end >= 0 and "\n" not in code else ""
