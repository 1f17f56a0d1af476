"""Write a program in another layout: the same tree in other lines."""

import io
import re
import tokenize
from random import Random

from codereasoner.rewrites.rewrite_draft import Draft

_STRINGS = {  # strings with code in them begin and end with tokens of their own from Python 3.12 on
    getattr(tokenize, f"{kind}STRING_{part}", None): change
    for kind in "FT"
    for part, change in (("START", 1), ("END", -1))
}
_INDENTS = ("  ", "   ", "\t", "      ")
_BREAK, _BLANK = 0.25, 0.3  # shares: commas after which the line breaks, statements that a blank line precedes


def change_layout(draft: Draft) -> None:
    """Change indentation, line breaks in brackets, blank lines and spaces."""
    draft.on_text.append(lambda text: relaid(text, draft.random))


def relaid(text: str, random: Random) -> str:
    """Return a program in another layout."""
    indent = random.choice(_INDENTS)
    lines = text.split("\n")
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    parts: list[str] = []
    depth = brackets = strings = 0
    row, column = 1, 0
    for token in tokens:
        if token.type in (tokenize.INDENT, tokenize.DEDENT):
            depth += 1 if token.type == tokenize.INDENT else -1
            row, column = token.end
            continue
        (first, start), (last, end) = token.start, token.end
        at_line_start = not parts or (parts[-1].endswith("\n") and not brackets)
        if at_line_start and token.type not in (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER):
            blank = "\n" if parts and depth and random.random() < _BLANK and token.string not in _GOING_ON else ""
            parts.append(blank + indent * depth)
        elif first == row:
            parts.append(lines[row - 1][column:start])
        parts.append(token.string)
        strings += _STRINGS.get(token.type, 0)
        if token.type == tokenize.OP and not strings:
            brackets += (token.string in "([{") - (token.string in ")]}")
            if token.string == "," and brackets and random.random() < _BREAK:
                parts.append("\n" + indent * (depth + 2))
            elif token.string in "([{" and random.random() < _BREAK:
                parts.append(" ")
        row, column = last, end
    return re.sub(r"[ \t]+\n", "\n", "".join(parts)) if '"""' not in text and "'''" not in text else "".join(parts)


_GOING_ON = frozenset({"else", "elif", "except", "finally"})
