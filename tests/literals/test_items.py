"""A text of several expressions is split where they end."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codereasoner import literals
from codereasoner.literals import items

VALUES = st.recursive(
    st.integers() | st.text(max_size=8) | st.none() | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def spread(text: str) -> str:
    """The same literal with a line end after each bracket and comma outside of strings."""
    written, quote, escaped = "", "", False
    for letter in text:
        written += letter
        if quote:
            quote = "" if letter == quote and not escaped else quote
            escaped = letter == "\\" and not escaped
        elif letter in "'\"":
            quote = letter
        elif letter in "[{(,":
            written += "\n\n  "
    return written


@given(st.lists(VALUES, max_size=5))
def test_literals_that_are_spread_over_lines_come_back_whole(values: list[object]) -> None:
    texts = [literals.write(value) for value in values]
    assert [literals.read(item) for item in items("\n".join(map(spread, texts)))] == values
    assert items("\n".join(texts)) == texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n \n", []),
        ("1\n\n 2\r\n", ["1", "2"]),
        ("[1,\n2]\n3; int", ["[1,\n2]", "3; int"]),
        ("(1\n2\n3", ["(1", "2", "3"]),
        ("(1\n[2,\n3]", ["(1", "[2,\n3]"]),
        ("1)\n2", ["1)", "2"]),
        ("it's\n2", ["it's", "2"]),
        ("x = 1  # (\\\n2", ["x = 1  # (\\", "2"]),
        ("[1,  # ]\n2]", ["[1,  # ]\n2]"]),
        ("1  # a # [\n2", ["1  # a # [", "2"]),
        ("'''a\n b'''\n2", ["'''a\n b'''", "2"]),
        ("'''a\n b\n2", ["'''a", "b", "2"]),
        ("'a\\\nb'\n2", ["'a\\\nb'", "2"]),
        ("1 + \\\n2j\n3", ["1 + \\\n2j", "3"]),
        ("'['\n2", ["'['", "2"]),
    ],
)
def test_where_a_line_goes_on(text: str, expected: list[str]) -> None:
    assert items(text) == expected


@pytest.mark.parametrize("piece", ["[\n", '\\"""', '"""\\', "(\n'''", "{#\n", "\\\n", "]\n"])
def test_time_is_linear(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    began = time.process_time()
    items(text)
    assert time.process_time() - began < 1.5
