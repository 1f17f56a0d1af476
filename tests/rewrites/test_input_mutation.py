from __future__ import annotations

import re
from random import Random

from codereasoner import literals
from codereasoner.records import Program
from codereasoner.rewrites.input_mutation import mutate, with_faults, with_more_calls


def test_types_stay_and_values_lie_in_the_ranges() -> None:
    for seed in range(50):
        call = mutate("[1, 2], 'ab', {'k': 3}, (1, 'a'), None, True", Random(seed))
        assert call is not None
        numbers, text, table, pair, nothing, flag = literals.read(f"({call})")
        assert all(type(number) is int for number in numbers)
        assert numbers == [1, 2] or (5 <= len(numbers) <= 15 and all(5 <= number <= 20 for number in numbers))
        assert text == "ab" or 5 <= len(text) <= 15
        assert all(type(key) is str and type(value) is int for key, value in table.items())
        assert len(pair) == 2
        assert nothing is None
        assert type(flag) is bool


def test_keywords_keep_their_names() -> None:
    assert re.fullmatch(r"\d+, y=\{\d+(, \d+)*\}", mutate("1, y={2}", Random(3)) or "")


def test_a_call_that_is_no_literal_is_left_alone() -> None:
    assert mutate("g(1)", Random(0)) is None
    assert mutate("1, (", Random(0)) is None


def test_a_program_gets_more_calls_and_always_the_same() -> None:
    program = Program("def f(x, c):\n    return x.count(c)", "f", ("'abc', 'a'",))
    more = with_more_calls(program, 5)
    assert more == with_more_calls(program, 5)
    assert more.id == program.id
    assert more.calls[0] == "'abc', 'a'"
    assert 4 <= len(more.calls) <= 6


def test_a_list_in_a_list_stays_small() -> None:
    for seed in range(20):
        call = mutate("[[1, 2], [3]]", Random(seed))
        assert call is not None
        assert all(len(row) <= 5 for row in literals.read(call))


def test_a_faulty_call_differs_in_one_argument_and_some_are_empty_none_or_of_another_type() -> None:
    program = Program("def f(x, c, k):\n    return x[c:k]", "f", ("[1, 2, 3], 2, k='ab'", "g(1)"))
    faulty = with_faults(program, 60)
    assert faulty == with_faults(program, 60)
    assert faulty.calls[:2] == program.calls
    seen = set()
    for call in faulty.calls[2:]:
        values = [literals.value_of(node) for _, node in literals.parse_arguments(call)]
        changed = [value for value, old in zip(values, ([1, 2, 3], 2, "ab"), strict=True) if value != old]
        assert len(changed) == 1
        seen.add(literals.write(changed[0]))
    assert {"None", "[]", "''", "0", "-2", "[1]", "7", "'7'"} <= seen
    ranged = with_faults(Program("def f(x):\n    return x[0]", "f", ("range(3)",)), 20).calls
    assert "range(0)" in [call.replace("range(0, 0)", "range(0)") for call in ranged]
    assert with_faults(Program("def f():\n    return 1", "f", ("",)), 3).calls == ("",)
