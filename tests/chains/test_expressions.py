"""Expressions that are computed without running the program: iterators and views are gone over, and are no lists."""

from __future__ import annotations

import ast

import pytest

from codereasoner.chains.expressions import evaluate

STATE = {"a": "[1, 2]", "t": "'xy'", "d": "{'k': 1}"}
VALUES = {name: ast.literal_eval(value) for name, value in STATE.items()}


@pytest.mark.parametrize(
    "code",
    [
        "dict(zip(a, t))",
        "list(enumerate(t, start=1))",
        "sum(i * x for i, x in enumerate(a))",
        "[x + i for i, x in enumerate(a)]",
        "','.join(reversed(t))",
        "sorted(zip(t, a), reverse=True)",
        "max((v for v in a if v > 5), default=0)",
        "any(x == y for x, y in zip(a, a))",
        "(1, 'x') in zip(a, t)",
        "sum(d.values()) + len(d.keys())",
        "'k' in d.keys() and list(d.items()) + [1]",
        "sorted(a, key=lambda v: -v)",
        "sorted(['bb', 'a', t], key=len, reverse=True)",
        "max(t, key=lambda c: (c == 'x', c))",
        "min(d, key=d.get)",
        "isinstance(t, str) and not isinstance(a, (tuple, dict))",
    ],
)
def test_what_goes_over_enumerate_zip_or_a_view_is_computed(code: str) -> None:
    lines, value = evaluate(ast.parse(code, mode="eval").body, STATE)
    assert lines
    assert value == eval(code, dict(VALUES))


@pytest.mark.parametrize(
    "code", ["len(zip(a, t))", "zip([], t) == []", "not zip([], [])", "d.keys() == ['k']", "enumerate(t)[0]"]
)
def test_an_iterator_or_a_view_is_never_taken_for_a_list(code: str) -> None:
    assert evaluate(ast.parse(code, mode="eval").body, STATE)[1] is NotImplemented


@pytest.mark.parametrize("code", ["x in a", "x not in [x, 1]", "a == b", "a.count(x)", "d[x]", "(x, 1) == (y, 1)"])
def test_which_nan_is_which_is_not_known_of_their_texts(code: str) -> None:
    state = {"x": "float('nan')", "y": "float('nan')", "d": "{float('nan'): 1}"}
    state |= dict.fromkeys("ab", "[float('nan'), 1.0]")
    assert evaluate(ast.parse(code, mode="eval").body, state) == ([], NotImplemented)
    assert evaluate(ast.parse("x != x and max(a[0], 1.0) != y", mode="eval").body, state)[1] is True


def test_a_pass_of_which_nothing_is_known_is_not_said() -> None:
    lines, value = evaluate(ast.parse("[g(x) for x in a + a[:1]]", mode="eval").body, STATE)
    assert value is NotImplemented
    assert lines == ["[1, 2][:1] -> [1]", "[1, 2] + [1] -> [1, 2, 1]"]


@pytest.mark.parametrize(
    "code", ["sorted({1, 2}, key=lambda v: 0)", "sorted(a, key=lambda v, k=2: k)", "max(a, key=g)"]
)
def test_a_key_whose_calls_nobody_knows_is_not_computed(code: str) -> None:
    assert evaluate(ast.parse(code, mode="eval").body, STATE)[1] is NotImplemented


def test_the_passes_that_are_left_out_are_no_more_work_than_one_expression_may_be() -> None:
    node = ast.parse("sum([sum([v + w for v in r]) for w in r])", mode="eval").body
    assert evaluate(node, {"r": "range(0, 15)"}, brief=True)[1] == 15 * 15 * 14
    lines, value = evaluate(node, {"r": "range(0, 60)"}, brief=True)
    assert (lines, value) == ([], NotImplemented)


def test_without_the_passes_of_a_comprehension_the_operations_around_it_are_left() -> None:
    node = ast.parse("sum([v * 2 for v in a]) + max(a, key=lambda v: v % 2)", mode="eval").body
    assert evaluate(node, STATE, brief=True)[0] == [
        "sum([2, 4]) -> 6",
        "max([1, 2], key=lambda v: v % 2) -> 1",
        "6 + 1 -> 7",
    ]
