"""No text makes a reader of literals do more work than a small multiple of its length."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from collections.abc import Callable

import pytest

from codereasoner import literals
from codereasoner.literals import LiteralError, NotWritable, equal, items, key, read, read_arguments, write

PRIME = 2**61 - 1  # the hash of an integer is its remainder
MEGABYTES, SECONDS = 50, 0.05
SIZE = literals.MAX_CHARS
MANY = "".join(map(chr, range(256, 50_000)))  # characters, all different


def filled(head: str, piece: str, tail: str) -> str:
    """The piece as often as fits."""
    return head + piece * ((SIZE - len(head) - len(tail)) // len(piece)) + tail


def joined(head: str, pieces: Callable[[int], str], tail: str) -> str:
    """Different pieces, as many as fit."""
    text, number = [head], 0
    room = SIZE - len(head) - len(tail)
    while room > 0:
        number += 1
        text.append(pieces(number))
        room -= len(text[-1])
    return "".join([*text[:-1], tail])


def nested(name: str, inner: str) -> str:
    return f"{name}(" * 50 + inner + ")" * 50


MARKS = "a" + "\u0315" * 4_900 + "\u0300" * 4_900  # the parser puts them in order, one after the other

TEXTS = {
    "a name with marks in the wrong order": MARKS,
    "a keyword with marks in the wrong order": f"f({MARKS}=1)",
    "such a name behind a long string": f"['{'x' * 80_000}', {MARKS}]",
    "such a name in a format": "f'{" + MARKS[:3_000] + "}'",
    "such names, each short": filled("[", "a" + "\u0315" * 16 + "\u0300" * 16 + ",", "]"),
    "ranges in a dict": "dict([range(1000000000)])",
    "a range of pairs": "dict([range(0, 30000000), range(2)])",
    "ranges unfolded": filled("[", "list(range(20000)),", "]"),
    "ranges in ranges": "list(range(" * 20 + "9" * 30 + "))" * 20,
    "a range of numbers that are hard to divide": f"range(0, 0x{'f' * 66000}, 0x{'e' * 33000})",
    "many such ranges": filled("[", f"range(0, 0x{'f' * 16000}, 0x{'e' * 8000}),", "]"),
    "constructors in constructors": nested("list", nested("set", f"list('{'a' * 90000}')")),
    "a string taken apart again and again": "set(list(" * 25
    + "'"
    + "".join(map(chr, range(256, 50000)))
    + "'"
    + "))" * 25,
    "integers of one hash": joined("{", lambda number: f"{hex(number * PRIME)},", "}"),
    "tuples of one hash": joined("{", lambda number: f"({hex(number * PRIME)},),", "}"),
    "complex numbers of one hash": joined("set([", lambda number: f"{1000003 * number}-{number}j,", "])"),
    "frozensets of one hash": joined("{", lambda number: f"frozenset([{hex(number * PRIME)}]),", "}"),
    "keys of one hash": joined("{", lambda number: f"{hex(number * PRIME)}:0,", "}"),
    "pairs of one hash": joined("dict([", lambda number: f"({hex(number * PRIME)},0),", "])"),
    "integers in a list": filled("[", "0,", "]"),
    "a plain list": filled("[0", ", 0", "]"),
    "strings in a list": filled("['a'", ", 'a'", "]"),
    "strings that end late": filled("['a'", ", 'a'", ", ']"),
    "empty tuples": filled("[", "(),", "]"),
    "names": filled("[", "nan,", "]"),
    "sums": filled("[", "1+1j,", "]"),
    "signs": "-" * (SIZE - 1) + "1",
    "operators": filled("1", "+1", ""),
    "powers": filled("9", "**9", ""),
    "a repeated string": "'a' * 999999999",
    "attributes": filled("a", ".a", ""),
    "calls": filled("a", "()", ""),
    "lambdas": filled("", "lambda:", "1"),
    "choices": filled("", "1 if 1 else ", "1"),
    "an f-string": filled("f'", "{a}", "'"),
    "an f-string behind a comment": "'' # '\n" + filled("+f'", "{a}", "'")[:-20],
    "keywords": filled("dict(", "a=1,", ")"),
    "stars": filled("[", "*a,", "]"),
    "comparisons": filled("a", "<a", ""),
    "statements": filled("", "0;", ""),
    "lines": filled("", "0\n", ""),
    "brackets": "[" * SIZE,
    "brackets that are closed": "[" * (SIZE // 2) + "]" * (SIZE // 2),
    "brackets and lines": filled("", "[\n", ""),
    "pairs of brackets": filled("", "[]", ""),
    "quotes": "'" * SIZE,
    "quotes of both kinds": filled("", "'\"", ""),
    "escaped quotes": filled("'", '\\"', ""),
    "triple quotes": filled("'''", '\\"""', ""),
    "escapes": filled("'", "\\n", "'"),
    "named characters": filled("'", "\\N{DIGIT ONE}", "'"),
    "comments": filled("", "#'\n", "1"),
    "continued lines": filled("", "\\\n", "1"),
    "white space": " " * SIZE,
    "decimal digits": "7" * SIZE,
    "decimal digits in a list": filled("[", "9" * 4301 + ",", "]"),
    "decimal digits below the limit": filled("[", "9" * 4300 + ",", "]"),
    "digits and underscores": filled("1", "_1", ""),
    "zeros": "0" * SIZE,
    "hexadecimal digits": "0x" + "f" * (SIZE - 2),
    "digits of a float": "0." + "1" * (SIZE - 2),
    "a float of a long integer": f"float({'9' * (SIZE - 7)})",
    "a float of a long string": f"float('{'9' * (SIZE - 9)}')",
    "an exponent": "1e" + "9" * (SIZE - 2),
    "names in other letters": filled("[", "ｓｅｔ(),", "]"),
    "one long name in other letters": "ａ" * SIZE,
    "surrogates": filled("'", "\ud800", "'"),
    "null characters": filled("'", "\0", "'"),
    "bytes": filled("b'", "\\xff", "'"),
    "a bytearray": filled("bytearray(b'", "\\xff", "')"),
    "frozensets in frozensets": "frozenset({" * 30 + "1" + "})" * 30,
}


def cost(work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds, the best of two runs or, beside load, of five, and the peak of memory in megabytes."""
    seconds: list[float] = []
    while len(seconds) < 2 or (len(seconds) < 5 and min(seconds) >= SECONDS):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(seconds), peak / 1e6


def use(text: str) -> None:
    """Read a text, then compare and write its value."""
    with contextlib.suppress(LiteralError, NotWritable):
        value = read(text)
        assert equal(value, value)
        write(value)


def as_argument(text: str) -> None:
    with contextlib.suppress(LiteralError):
        read_arguments(text)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_of_100000_characters_costs_50_milliseconds_and_50_megabytes_at_most(text: str) -> None:
    assert len(text) <= SIZE
    for work in (use, as_argument, items):
        seconds, peak = cost(lambda work=work: work(text))  # type: ignore[misc]
        assert (seconds < SECONDS, peak < MEGABYTES) == (True, True), (work.__name__, seconds, peak)


@pytest.mark.parametrize("piece", ["1\\\n", "[1,\\\n", "{1,{1,\\\n", "??\n"])
def test_the_statements_of_a_text_with_too_many_tokens_are_not_counted(piece: str) -> None:
    def work() -> None:
        with pytest.raises(LiteralError, match="more than 10000 tokens"):
            literals.parse_statements(filled("[", piece, ""))

    assert cost(work)[0] < SECONDS / 2


@pytest.mark.parametrize(
    "text",
    ["dict(a=1, a=2)",
     "dict([range(2)])", "dict([{1, 2}])", "dict({(1, 2)})", "list({1, 2})", "tuple(frozenset({1, 2}))",
     "dict(('abc',))", "dict(range(0))", "dict(1)"],
)  # fmt: skip
def test_what_python_refuses_or_orders_by_chance_is_refused(text: str) -> None:
    with pytest.raises(LiteralError):
        read(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("dict([(1, 2), [3, 4], 'ab'])", {1: 2, 3: 4, "a": "b"}),
        ("dict({1: 2}, a=3)", {1: 2, "a": 3}),
        ("dict()", {}),
        ("list({1})", [1]),
        ("set('aab')", {"a", "b"}),
        ("set({1: 2})", {1}),
        ("list({1: 2, 3: 4})", [1, 3]),
        ("set(range(9))", set(range(9))),
        ("frozenset(b'ab')", frozenset(b"ab")),
        ("{" + "1, " * 99 + "'a'}", {1, "a"}),
    ],
)
def test_constructors_make_what_python_makes(text: str, value: object) -> None:
    assert equal(read(text), value)


def test_few_members_of_one_hash_are_read() -> None:
    values = {number * PRIME for number in range(1, 30)}
    assert read(write(values)) == values
    assert key(values) == key(read(write(values)))


def test_a_range_of_huge_numbers_is_written_and_read_back() -> None:
    for value in (range(1 << 20_000), range(-(1 << 20_000), 1 << 30_000, 3), range(2), range(5, 1, -2)):
        assert equal(read(write(value)), value)
    with pytest.raises(NotWritable, match="longer than"):
        write(range(1 << 20_000), 1000)


def test_a_long_plain_list_is_read_whatever_its_number_of_tokens() -> None:
    assert read(write([1] * 33_000)) == [1] * 33_000


@pytest.mark.parametrize(
    "text",
    [
        "1;" * 5_000, "1\n" * 5_000, "1;" * 4_500 + "1 1", "if x:1\n" * 1_400, "@a\n" * 3_000, "f'';" + "1;" * 4_500,
        "1;" * 20 + "()\n" * 3_000, "'a'\n" * 2_000, ")\n" * 5_000, "\r1" * 4_000, "# a\n1\n" * 1_500,
    ],
)  # fmt: skip
def test_a_program_of_thousands_of_statements_is_refused_before_it_is_parsed(text: str) -> None:
    began = time.process_time()
    with pytest.raises(LiteralError, match=r"more than (500 statements|10000 tokens)"):
        literals.parse_statements(text)
    assert time.process_time() - began < SECONDS / 5


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("assert f(1) == [\n" + "1,\n" * 2_000 + "]", 1),
        (f"assert f('{';' * 3_000}') == 1; assert f('''{chr(10) * 3_000}''') == 2", 2),
        ("assert f(1) == 2  # and so on; \n" * 450, 450),
        ("def f(x):\n" + "    x += 1; x += 2\n" * 240, 1),
    ],
    ids=["a list over many lines", "strings of separators", "many lines", "many parts of lines"],
)
def test_a_long_statement_and_a_program_of_hundreds_are_read(text: str, statements: int) -> None:
    assert len(literals.parse_statements(text, 20_000)) == statements
