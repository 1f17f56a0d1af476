"""Values of the standard library without a literal are shown by their repr, and no code of a program writes it."""

from __future__ import annotations

import array
import enum
import re
import types
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePosixPath
from typing import Any
from uuid import UUID

import pytest

from codereasoner.execution import safe_repr
from codereasoner.execution.known_reprs import known_repr
from codereasoner.execution.safe_repr import describe
from codereasoner.steps.marks import attributes, items, kind, shown


class Colour(enum.Enum):
    RED = "r"


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


class Loud(str):
    def __repr__(self) -> str:
        raise AssertionError("a method of the program was called")


class Zone(tzinfo):
    def __repr__(self) -> str:
        raise AssertionError("a method of the program was called")


KNOWN = (
    [Decimal("1.50"), Fraction(-3, 4), UUID(int=5), slice(1, None), array.array("i", [1, 2]), re.compile("a+", re.I)]
    + [date(2024, 1, 2), datetime(2024, 1, 2, 3, tzinfo=UTC), time(1, 2), timedelta(1, 5), timezone(timedelta(hours=1))]
    + [
        PosixPath(*parts)
        for parts in [(), ("a", "./b//c/"), ("/a", "b"), ("a", "/b"), ("//a",), ("///a",), ("//", "a")]
    ]
    + [PurePosixPath("it's"), Colour.RED, Access.READ, re.match("a+", "caab"[1:])]
)


@pytest.mark.parametrize("value", KNOWN, ids=repr)
def test_the_repr_that_is_known_is_shown_where_there_is_no_literal(value: object) -> None:
    mark = describe(value, 200)
    assert mark.startswith("<"), "a mark could be taken for a literal"
    assert shown(mark) == repr(value)
    assert describe([value], 200) == f"<list [{mark}]>"
    assert kind(mark)
    assert not attributes(mark)


@pytest.mark.parametrize("value", [array.array("b", [7] * 9_000), Loud("a" * 900), Decimal("1" * 300)], ids=type)
def test_of_values_that_are_too_long_together_no_more_are_written_than_have_room(
    value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[object] = []

    def counting(asked: object, *rest: Any) -> str:
        looked_at.append(asked)
        return known_repr(asked, *rest)

    monkeypatch.setattr(safe_repr, "known_repr", counting)
    assert describe([value] * 150, 1_000) == "<list of 150 items>"
    assert len(looked_at) < 10


def test_what_a_repr_would_ask_of_the_program_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fraction, "__repr__", Loud.__repr__)
    named = timezone(timedelta(0), Loud("here"))
    zone = Zone()  # type: ignore[abstract]
    values = [datetime(2024, 1, 2, tzinfo=zone), named, time(1, tzinfo=named), slice(Loud("a")), Fraction(1, 2)]
    assert [describe(value, 200) for value in values] == [
        "<datetime>",
        "<timezone>",
        "<time>",
        "<slice>",
        "<Fraction(1, 2)>",
    ]


def test_objects_of_the_program_inside_a_known_value_are_not_asked() -> None:
    class Offset(timedelta):
        def __repr__(self) -> str:
            raise AssertionError

    class Parts(list[str]):
        def __iter__(self) -> Iterator[str]:
            raise AssertionError

    path = PurePosixPath("/a")
    setattr(path, "_raw_paths" if hasattr(path, "_raw_paths") else "_parts", Parts())
    deep: slice[object, object, object] = slice(1)
    for _ in range(3000):
        deep = slice(deep)
    assert describe(timezone(Offset(hours=1)), 200) == "<timezone>"
    assert describe(datetime(2024, 1, 2, tzinfo=timezone(Offset(hours=1))), 200) == "<datetime>"
    assert "PurePosixPath(" not in describe(path, 200)
    assert describe(deep, 200) == "<slice>"


def test_a_class_of_the_program_with_a_known_name_is_shown_by_its_attributes() -> None:
    made = type("Fraction", (), {"__module__": "fractions"})()
    made.top = 3
    assert describe(made, 200) == "<Fraction top=3>"


def test_a_value_whose_repr_would_be_long_is_not_written_to_be_thrown_away() -> None:
    assert describe(array.array("d", bytes(80_000)), 100_000) == "<array>"


@pytest.mark.parametrize(
    ("value", "mark"),
    [
        (types.SimpleNamespace(a=1), "<SimpleNamespace a=1>"),
        ({"a": 1}.keys(), "<dict_keys ['a']>"),
        ({"a": 1}.items(), "<dict_items [('a', 1)]>"),
    ],
)
def test_what_is_in_a_value_is_shown(value: object, mark: str) -> None:
    assert describe(value, 200) == mark


def test_an_ordered_dict_is_shown_in_its_own_order_unless_that_calls_the_program() -> None:
    class Key:
        def __hash__(self) -> int:
            assert not is_shown, "a method of the program was called"
            return 1

    class Cache(OrderedDict[object, int]):
        def __iter__(self) -> Iterator[object]:
            raise AssertionError("a method of the program was called")

    is_shown = False
    plain, keyed = Cache(), OrderedDict({1: 1, Key(): 2})
    plain["a"], plain[1, 2] = 1, 2
    plain.move_to_end("a")
    keyed.move_to_end(1)
    is_shown = True
    assert describe(plain, 200) == "<Cache {(1, 2): 2, 'a': 1}>"
    assert describe(keyed, 200) == "<OrderedDict {1: 1, <Key>: 2}>"
    is_shown = False
    dict.__delitem__(plain, "a")
    assert describe(plain, 200) == "<Cache {(1, 2): 2}>"


def test_arrays_and_numbers_of_numpy_are_shown_by_what_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    np = pytest.importorskip("numpy")
    nested = np.zeros(2, dtype=object)
    nested[0], nested[1] = nested, Loud("a")
    sub = type("Sub", (np.ndarray,), {"tolist": Loud.__repr__})
    monkeypatch.setattr(np._core.arrayprint, "array2string", Loud.__repr__)  # by which numpy's repr writes
    for value, mark in (
        (np.arange(4).reshape(2, 2), "<ndarray [[0, 1], [2, 3]]>"),
        (np.array([0.5], dtype="float32"), "<ndarray [0.5], dtype=float32>"),
        (np.array(["a", "bb"]), "<ndarray ['a', 'bb']>"),
        (np.array(5), "<ndarray 5>"),
        (np.zeros((9, 99)), "<ndarray shape=(9, 99), dtype=float64>"),
        (np.zeros((10**9, 0), dtype="uint8"), "<ndarray shape=(1000000000, 0), dtype=uint8>"),  # a list of 10**9 lists
        (np.empty(10**8, dtype="V0"), "<ndarray shape=(100000000,)>"),
        (np.array(["a" * 3000]), "<ndarray shape=(1,)>"),
        (np.full(150, 1e-300), "<ndarray shape=(150,), dtype=float64>"),
        (nested, "<ndarray <list [<ndarray ...>, <Loud 'a'>]>>"),
        (np.zeros(2).view(sub), "<Sub>"),
        (np.int64(3), "<int64 3>"),
        (np.float32(0.5), "<float32 0.5>"),
        (np.bool_(True), f"<{np.bool_.__name__} True>"),
        (np.complex64(1j), "<complex64 complex(0.0, 1.0)>"),
        (np.longdouble(1), "<longdouble>"),
    ):
        assert describe(value, 4_000) == mark
    assert attributes("<ndarray [0.5], dtype=float32>") == {"dtype": "float32"}
    assert items("<ndarray [[0, 1], [2, 3]]>") == {"0": "[0, 1]", "1": "[2, 3]"}
