from __future__ import annotations

import ast
from collections import Counter
from random import Random

from codereasoner import literals
from codereasoner.execution.pool import Pool
from codereasoner.grammar.expression_writer import Var
from codereasoner.grammar.values import Arguments, Wanted, draw_calls
from codereasoner.records import Job
from codereasoner.sources.procedural import Procedural

NOTHING = Wanted((), (), (), 3, relies=False)
RELIES = Wanted((), (), (), 3, relies=True)
KINDS = ("int", "float", "str", "char", "ints", "tup", "intset", "strs", "counts", "nested")


def calls(random: Random, params: list[Var], wanted: Wanted, count: int = 400) -> tuple[str, ...]:
    def draw() -> list[object]:
        call = Arguments(random, wanted)
        return [call.value(param) for param in params]

    return draw_calls(random, [param.name for param in params], draw, "single", count)


def values(kind: str, low: int, wanted: Wanted) -> list[object]:
    found = calls(Random(f"values/{kind}"), [Var("x", kind, low)], wanted)
    return [literals.read(call.removeprefix("x=")) for call in found]


def test_a_value_may_be_empty_where_the_program_does_not_rely_on_its_length() -> None:
    for kind in KINDS[2:]:
        empty = sum(not value for value in values(kind, 2, NOTHING))
        assert empty >= 1, kind
    short = [value for value in values("str", 3, RELIES) if len(str(value)) < 3]
    assert len(short) < 0.03 * 400


def test_numbers_are_negative_and_large_now_and_then() -> None:
    numbers = [value for value in values("int", 1, NOTHING) if isinstance(value, int)]
    assert min(numbers) < 0
    assert max(numbers) > 99
    in_loops = Wanted((), (), ("for",), 3, relies=False)
    assert max(value for value in values("int", 1, in_loops) if isinstance(value, int)) < 100


def test_strings_have_a_long_tail_and_grow_with_the_level() -> None:
    lengths = sorted(len(str(value)) for value in values("str", 3, NOTHING))
    assert lengths[-1] > 40
    assert 4 < lengths[len(lengths) // 2] < 14
    easy, hard = (sum(len(str(v)) for v in values("ints", 2, Wanted((), (), (), size, False))) for size in (1, 5))
    assert easy < hard


def test_what_stands_in_a_program_stands_in_its_calls() -> None:
    wanted = Wanted(("zq",), (77,), (), 2, relies=True)
    assert sum("zq" in str(value) for value in values("str", 3, wanted)) > 100
    assert sum(77 in value for value in values("ints", 2, wanted) if isinstance(value, list)) > 50


def test_the_last_arguments_are_given_by_name_now_and_then() -> None:
    params = [Var("x", "str", 1), Var("k", "int", 1)]
    found = calls(Random("names"), params, NOTHING)
    named = [call for call in found if ast.parse(f"f({call}\n)", mode="eval").body.keywords]  # type: ignore[attr-defined]
    assert 2 < len(named) < 40


def test_most_calls_are_good(pool: Pool) -> None:
    jobs = [
        Job(program.source, program.entry, call)
        for level in (1, 2, 3, 4, 5)
        for program in Procedural("full", level, calls=3).programs("test", 40)
        for call in program.calls
    ]
    outcomes = Counter(run.outcome for run in pool.run(jobs))
    assert outcomes["ok"] > 0.93 * len(jobs), outcomes
