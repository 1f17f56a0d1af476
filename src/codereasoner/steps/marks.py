"""Read the marks by which a trace shows values without a literal: `<Point x=1, y=[2, 3]>`, `<list [<Point>]>`.

Execution writes them (execution/safe_repr.py); they are read here as text, and nothing of them is evaluated.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+"|['"].*|[\[({<]|[\])}>]|, |: """, re.DOTALL)
_ATTRIBUTE = re.compile(r"([^\W\d]\w*)=(.*)", re.DOTALL)
_REPR = re.compile(r"<([^\W\d][\w.]*(?:\(.*\)|\.\w+))>", re.DOTALL)
_CONTAINER = re.compile(r"<\w+ ([\[({].*[\])}])(?:, .*)?>", re.DOTALL)


def is_mark(text: str) -> bool:
    """Return whether the text is the mark of a value without a literal."""
    return text.startswith("<")


def kind(text: str) -> str:
    """Return the type's name of a mark; "" for a literal."""
    return re.match(r"<(\w*)", text)[1] if is_mark(text) else ""  # type: ignore[index]


def shown(text: str) -> str:
    """Return the repr in a mark that holds nothing else (`<Decimal('1.5')>`); any other text as it is."""
    match = _REPR.fullmatch(text)
    return match[1] if match else text


@lru_cache(maxsize=256)
def attributes(text: str) -> Mapping[str, str]:
    """Return the attributes of an instance by name; none for a literal."""
    head, _, inner = text[1:-1].partition(" ")
    if not is_mark(text) or not head.isidentifier():
        return {}
    found = (_ATTRIBUTE.fullmatch(part) for part in split_parts(inner, ", "))
    return {match[1]: match[2] for match in found if match}


def mark_of(name: str, values: Mapping[str, str]) -> str:
    """Return the mark of an instance with these attributes."""
    return f"<{name} {', '.join(f'{key}={value}' for key, value in values.items())}>"


@lru_cache(maxsize=256)
def items(text: str) -> Mapping[str, str]:
    """Return the items of a list, a tuple or a dict by index or key, of a literal or a mark; none for other values."""
    body = contents(text) if is_mark(text) else text
    parts = list(split_parts(body[1:-1], ", ")) if body[:1] in ("[", "(", "{") else []
    if not body.startswith("{"):
        return {str(index): part for index, part in enumerate(parts)}
    pairs = [tuple(split_parts(part, ": ")) for part in parts]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


@lru_cache(maxsize=256)
def contents(mark: str) -> str:
    """Return the brackets in the mark of a container, and what is between them; "" of anything else."""
    match = _CONTAINER.fullmatch(mark)
    return next(iter(split_parts(match[1], ", ")), "") if match else ""


def split_parts(text: str, separator: str) -> Iterator[str]:
    """Yield the parts between separators outside of brackets and strings."""
    depth = start = 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[({<":
            depth += 1
        elif mark in "])}>":
            depth -= 1
        elif mark == separator and depth == 0:
            yield text[start : token.start()]
            start = token.end()
    if text[start:]:
        yield text[start:]
