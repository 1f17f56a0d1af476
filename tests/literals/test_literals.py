"""Literals are written and read back without evaluation, and compared with their types."""

from __future__ import annotations

import math
import threading
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codereasoner import literals
from codereasoner.literals import LiteralError, NotWritable, equal, parse, read, read_arguments, value_of, write

ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.text(st.characters(categories=["Cs", "Cf", "Zl", "Cc"]))
    | st.binary()
    | st.just(...)
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([1, 2, -3]))
)
KEYS = st.recursive(ATOMS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4)
VALUES = st.recursive(
    ATOMS | st.binary().map(bytearray),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4)
        | st.frozensets(KEYS, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=400)
@given(VALUES)
def test_a_written_value_is_read_back_as_an_equal_one(value: object) -> None:
    text = write(value)
    assert equal(read(text), value)
    assert equal(value, value)
    assert write(read(text)) == text or isinstance(value, dict | list | tuple)
    assert "\n" not in text
    text.encode()


@settings(deadline=None, max_examples=200)
@given(VALUES, VALUES)
def test_equal_agrees_with_its_key_and_never_with_python_where_types_differ(left: object, right: object) -> None:
    assert equal(left, right) == (literals.key(left) == literals.key(right))
    assert equal(left, right) == equal(right, left)
    if type(left) is not type(right):
        assert not equal(left, right)


@settings(deadline=None, max_examples=400)
@given(st.text(max_size=60) | st.text("[](){}'\"\\1aef.,:j-+ \n#*xnr_", max_size=40))
def test_no_text_makes_read_raise_anything_but_literal_error(text: str) -> None:
    try:
        read(text)
    except LiteralError as error:
        str(error).encode()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("True", "1"), ("1", "1.0"), ("0.0", "-0.0"), ("[1]", "(1,)"), ("'a'", "b'a'"), ("b'a'", "bytearray(b'a')"),
        ("{1}", "frozenset({1})"), ("{1: 2}", "{1: 2.0}"), ("{1: 2}", "{True: 2}"), ("[[1]]", "[[True]]"),
        ("{(1, 2)}", "{(1.0, 2)}"), ("1j", "1"), ("0j", "-0j"), ("None", "False"), ("''", "[]"), ("{}", "set()"),
        ("{nan, nan}", "{nan}"), ("range(3)", "[0, 1, 2]"), ("inf", "-inf"), ("...", "None"),
    ],
)  # fmt: skip
def test_values_of_different_type_or_value_are_not_equal(left: str, right: str) -> None:
    assert not equal(read(left), read(right))
    assert not equal([read(left)], [read(right)])
    assert not equal({0: read(left)}, {0: read(right)})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("nan", "float('nan')"), ("float('-inf')", "-inf"), ("{1, 2}", "{2, 1}"), ("{'a': 1, 'b': 2}", "{'b':2,'a':1}"),
        ("'a' 'b'", '"ab"'), ("1e3", "1000.0"), ("0x10", "16"), ("1_000", "1000"), ("(1)", "1"), ("[1,]", "[1]"),
        ("'\\x41'", "'A'"), ("r'\\d'", "'\\\\d'"), ("'\\d'", "'\\\\d'"), ("u'é'", "'\\xe9'"), ("2 # done", "2"),
        ("dict(a=1)", "{'a': 1}"), ("-1 - 2j", "complex(-1, -2)"), ("list(range(3))", "[0, 1, 2]"), (" \n2\t", "2"),
        ("'''a\r\nb'''", "'a\\nb'"), ("[1,\r2]", "[1, 2]"), ("[Ellipsis]", "[...]"), ("{nan, nan}", "{nan, nan}"),
    ],
)  # fmt: skip
def test_one_value_in_two_notations_is_equal(left: str, right: str) -> None:
    assert equal(read(left), read(right))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "x", "f(1)", "1 + 1", "[1][0]", "'a'.upper()", "1 if True else 2", "lambda: 1", "[x for x in [1]]",
        "(y := 2)", "f'{1}'", "f''", "__import__('os')", "2, 'x' or 1", "1 == 1", "not True", "~1", "--1", "+-1",
        "-True",
        "-'a'", "-nan + 1", "*[1]", "[*[1]]", "{**{}}", "{[1]: 2}", "{[]}", "{{}}", "print", "int('1')", "str(1)",
        "float()", "float('x')", "float([1])", "float(True)", "bytearray(10)", "set(*[1])", "dict(**{'a': 1})",
        "range(1, 2, 0)", "range('a')", "1; 2", "2\n3", "1 2", "x = 1", "yield 1", "await 1", "1 + 1j + 1j", "'a' + 1j",
        "True + 1j", "complex('x')", "\x00", "'\x00'", "'\ud800'", "ｎａｎ", "ｓｅｔ()", "dict(ａ=1)", "١", "\u200b1",
        "1\u200b",
        "\ufeff1", "\u00a01", "1\u00a0", "\u202e1", "[1,\u00a02]", "‘a’", "“a”", "True\u0301", "1if 1else 2", "0o8",
        "08",
        "1__0", "'unclosed", "'''unclosed", "[", "(" * 300 + ")" * 300, "[" * 99 + "]" * 99, "-" * 5000 + "1",
        "1" + "+1" * 5000, "a" + ".a" * 5000, "a" + "()" * 5000, "list(range(10**9))",
        "list(range(999999))",
        "list(range(9" + "0" * 40 + "))", "[" + "list(range(9000)), " * 99 + "]", "1" + "0" * 400 + " + 1j", "True()",
        "set(range(99999, 0, -1))", "1" * 100_001, "float(1" + "0" * 400 + ")", "\\", "'\\N{NOTHING}'", "'\\x4'", "#",
        "b'é'", "b'a' 'b'", "set.__class__", "(set)([1]).x", "set[int]", "tuple[int]", "nan.real", "None()", "1 .real",
    ],
)  # fmt: skip
def test_what_is_no_literal_is_refused_with_one_sentence(text: str) -> None:
    with pytest.raises(LiteralError) as caught:
        read(text)
    assert 0 < len(str(caught.value)) < 200
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("", ""), ("1", "1"), ("[1,2],key='a'", "[1, 2], key='a'"), ("1,", "1"), ("1 # no", "1"), ("nan", "float('nan')")],
)
def test_an_argument_list_of_literals_becomes_canonical(text: str, canonical: str) -> None:
    assert read_arguments(text) == canonical


@pytest.mark.parametrize(
    "text",
    ["x", "1) or (2", "1)(2", "1) if 1 else (2", "*[1]", "**{}", "x for x in y", "a=1, a=2", "a=1, 2", "x := 1",
     "1)\nf(1",
     "1), f(2", "1).a(2", "lambda: 1", "1 #)\n) or (2", "ａ=1", "'", "1}", "f(1)"],
)  # fmt: skip
def test_what_is_no_argument_list_of_literals_is_refused(text: str) -> None:
    with pytest.raises(LiteralError):
        read_arguments(text)


class Sly(int):
    def __repr__(self) -> str:
        raise AssertionError("code of the value was called")


class SlyMeta(type):
    def __hash__(cls) -> int:
        raise AssertionError("code of the value's type was called")

    def __eq__(cls, other: object) -> bool:
        raise AssertionError("code of the value's type was called")


class SlyClass(metaclass=SlyMeta):
    pass


def test_a_value_that_is_no_plain_data_is_not_writable_and_its_code_is_not_called() -> None:
    for value in (Sly(1), [Sly(1)], SlyClass(), {1: SlyClass()}, object(), int, print, math, iter([])):
        with pytest.raises(NotWritable):
            write(value)


def test_a_value_that_holds_itself_or_unfolds_without_end_is_not_writable() -> None:
    loop: list[object] = []
    loop += [loop, loop]
    wide: list[object] = []
    for _ in range(50):
        wide = [wide, wide]
    for value in (loop, wide):
        with pytest.raises(NotWritable):
            write(value)


@pytest.mark.parametrize(
    "value", ["a" * 200, [0] * 200, {i: i for i in range(50)}, b"a" * 200, 1 << 2000, ["aaaa"] * 20]
)
def test_a_value_longer_than_its_limit_is_not_writable(value: object) -> None:
    with pytest.raises(NotWritable, match="longer than 100"):
        write(value, 100)


def test_a_huge_integer_travels_in_base_16() -> None:
    assert read(write(1 << 200_000)) == 1 << 200_000
    assert read(write(-(1 << 20_000))) == -(1 << 20_000)


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("digits", [4_299, 4_300, 4_301, 5_071, 20_000])
def test_an_integer_is_read_whatever_its_number_of_decimal_digits(digits: int, sign: str) -> None:
    value = 7 * 10 ** (digits - 1) + 123
    text = sign + "7" + "0" * (digits - 4) + "123"
    assert read(f"[{text}, '{text}', {text}.0e-{digits}]")[:2] == [int(sign + "1") * value, text]
    assert read(f"{{{text[:-3]}_{text[-3:]}: 1}}") == {int(sign + "1") * value: 1}


def test_reading_warns_of_nothing_in_any_thread() -> None:
    def work() -> None:
        for _ in range(200):
            assert read("'\\d'") == "\\d"

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not caught


PARTS = ["[", "]", "{", "}", ": ", ", ", ",", "'a'", "'b c'", "'\\n'", "0", "-1", "01", "True", "None", "1.5", " "]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PARTS)))
def test_what_needs_no_parser_is_what_the_parser_reads(parts: list[str]) -> None:
    text = "".join(parts)
    try:
        expected = repr(value_of(parse(text)))
    except LiteralError:
        with pytest.raises(LiteralError):
            read(text)
    else:
        assert repr(read(text)) == expected
