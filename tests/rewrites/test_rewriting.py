"""Rewrites keep the meaning of every program, or are not made and say why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codereasoner import extend, literals
from codereasoner.errors import UnknownName
from codereasoner.execution.pool import Pool
from codereasoner.records import Run
from codereasoner.rewrites.insertions import other_value
from codereasoner.rewrites.proof import Claim, refute
from codereasoner.rewrites.rewrite_draft import Unfit
from codereasoner.rewrites.rewriting import KINDS, Rewritten, rewrite
from codereasoner.steps.source import statements
from codereasoner.tasks.mutants import mutants

ROWS = Path(__file__).with_name("nasty_programs.txt").read_text(encoding="utf-8").split("--- ")[1:]
PROGRAMS: dict[str, tuple[str, tuple[str, ...]]] = {}
"""Programs in which names, scopes, order and types are easily broken, by name: each with calls of its `f`."""
for row in ROWS:
    heading, _, program = row.partition("\n")
    title, *given = heading.split(" | ")
    PROGRAMS[title] = program, tuple(given)
SAME_STATEMENTS = ("rename", "rename-misleading", "reformat", "dead-code", "misleading-comments", "misleading-prints")


@pytest.fixture(scope="module")
def pools() -> Iterator[tuple[Pool, Pool]]:
    with Pool(1, own_programs=True) as first, Pool(1, own_programs=True, hash_seed=1) as second:
        yield first, second


def made(kind: str, name: str) -> Rewritten | str:
    """Rewrite one of the programs, or return the reason why it is not."""
    source, calls = PROGRAMS[name]
    try:
        return rewrite(kind, source, "f", calls, value="[1, 2]")
    except Unfit as error:
        return str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_no_rewrite_changes_what_a_nasty_program_does(kind: str, pools: tuple[Pool, Pool]) -> None:
    found = {name: each for name in PROGRAMS if isinstance(each := made(kind, name), Rewritten)}
    claims = [Claim(PROGRAMS[name][0], each.source, "f", PROGRAMS[name][1], "nasty") for name, each in found.items()]
    refuted = dict(zip(found, refute(claims, pools[0].run, pools[1].run), strict=True))
    seen = {name: why for name, why in refuted.items() if why and name != "order of sets"}
    named = "unbound" in found and kind.startswith("rename")  # the message names the variable
    assert seen == ({"unbound": "another exception"} if named else {})
    assert refuted.get("order of sets", "") in ("", "not deterministic")
    assert found


@pytest.mark.parametrize("kind", SAME_STATEMENTS)
def test_a_rewrite_is_the_same_every_time_and_says_where_each_line_went(kind: str) -> None:
    for name in PROGRAMS:
        new = made(kind, name)
        assert new == made(kind, name)
        if not isinstance(new, Rewritten):
            continue
        old_lines, new_lines = statements(PROGRAMS[name][0]), statements(new.source)
        for line, node in old_lines.items():
            (place,) = new.lines[line]
            assert type(new_lines.get(place, node)) is type(node), (name, line, place)


@pytest.mark.parametrize("name", ["locals", "exec", "star-import", "name of a function", "sys.modules"])
def test_a_program_that_looks_at_its_own_names_is_never_rewritten(name: str) -> None:
    reasons = {made(kind, name) for kind in KINDS}
    assert len(reasons) == 1
    assert str(reasons.pop()).startswith("the program looks at its own code or names")


def test_keywords_attributes_and_the_entry_keep_their_names() -> None:
    new = made("rename", "keywords")
    assert isinstance(new, Rewritten)
    assert not {"a", "b", "key", "f"} & set(new.names)
    boxed = made("rename", "class body")
    assert isinstance(boxed, Rewritten)
    assert not {"size", "items", "by", "Box"} & set(boxed.names)
    assert "self" in boxed.names


def test_operands_are_swapped_only_where_neither_types_nor_effects_can_matter() -> None:
    source = (
        "def f(a, s):\n    n = len(s)\n    m = n + 2\n    t = s + 'x'\n    u = a + 1\n    v = g() == g()\n"
        "    w = s == 'x'\n    return n * m\ndef g():\n    return 1\n"
    )
    new = rewrite("commute", source, "f").source
    for line in ("m = 2 + n", "w = 'x' == s", "return m * n", "t = s + 'x'", "u = a + 1", "v = g() == g()"):
        assert f"    {line}\n" in new
    own = "class V:\n    pass\ndef f(a):\n    return a == 1\n"
    with pytest.raises(Unfit, match="operators of its own"):
        rewrite("commute", own, "f")


def test_a_helper_that_sets_a_global_is_not_inlined(pools: tuple[Pool, Pool]) -> None:
    assert made("inline", "global") == "no helper is called in a statement of its own"
    new = made("inline", "order of effects")
    assert isinstance(new, Rewritten)
    assert "add(" not in new.source
    assert new.source.index("b_2 = say(n)") < new.source.index("a_2 = say(n + 1)")


def test_a_wrong_rewrite_is_refuted_by_its_outcome_value_exception_or_output(pools: tuple[Pool, Pool]) -> None:
    source = "def f(x):\n    print(x)\n    return [1][x]\n"
    wrong = {
        "another value": source.replace("[1]", "[2]"),
        "another outcome": source.replace("[1]", "[]"),
        "another output": source.replace("print(x)", "print(x + 1)"),
        "": source.replace("x", "y"),
    }
    claims = [Claim(source, text, "f", ("0",)) for text in wrong.values()]
    claims += [Claim(source, source.replace("[1]", "(1,)"), "f", ("5",)), Claim(source, source, "f", ())]
    assert refute(claims, pools[0].run, pools[1].run) == [*wrong, "another exception", "no call"]
    unsteady = "def f(s):\n    return ''.join(set(s))\n"
    (reason,) = refute([Claim(unsteady, unsteady, "f", ("'abcdefgh'",))], pools[0].run, pools[1].run)
    assert reason == "not deterministic"


def test_a_further_call_that_never_ends_proves_nothing_and_refutes_nothing(pools: tuple[Pool, Pool]) -> None:
    source = "def f(x):\n    while x > 9:\n        pass\n    return x\n"
    good, bad = source.replace("x", "y"), source.replace("return x", "return x - x")
    claims = [Claim(source, good, "f", ("1",), more=("10",)), Claim(source, bad, "f", ("0",), more=("10", "2"))]
    claims.append(Claim(source, good, "f", ("10",)))
    assert refute(claims, pools[0].run, pools[1].run) == ["", "another value", "the call timeout"]


@pytest.mark.parametrize(
    "text",
    ["1", "1e300", "nan", "True", "''", "'ab'", "b''", "[]", "(1, 2)", "{}", "{'a': 1}", "{1, 2}", "set()", "None"],
)
def test_a_wrong_value_is_never_the_right_one(text: str) -> None:
    assert not literals.equal(literals.read(other_value(text)), literals.read(text))


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(UnknownName, match="did you mean 'rename'"):
        rewrite("renam", "def f(x):\n    return x\n", "f")


def test_two_rewrites_in_a_row_keep_track_of_lines_and_names() -> None:
    source = "def f(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total\n"
    first = rewrite("rename", source, "f", ["[1]"])
    both = first.then(rewrite("dead-code", first.source, "f", ["[1]"]))
    lines = both.source.split("\n")
    (place,) = both.lines[5]
    assert lines[place - 1].strip() == f"return {both.names['total']}"


def test_nested_loops_are_not_unrolled_to_more_than_two_hundred_statements() -> None:
    for head in ("for a{} in range(6):", "while x < {}:"):
        lines = [f"{'    ' * depth}{head.format(depth)}" for depth in range(1, 15)]
        source = "\n".join(["def f(x):", *lines, f"{'    ' * 15}x += 1", "    return x", ""])
        assert 30 < rewrite("unroll", source, "f").source.count("\n") < 250


def test_appends_stay_a_loop_where_something_goes_on_after_an_error() -> None:
    body = "        out = []\n        for x in xs:\n            out.append(int(x))\n"
    source = (
        f"from contextlib import suppress\ndef f(xs, out=0):\n    with suppress(ValueError):\n{body}    return out\n"
    )
    with pytest.raises(Unfit, match="no comprehension"):
        rewrite("comprehensions", source, "f")


def test_a_range_from_a_truth_value_has_numbers_as_a_while_loop_too(pools: tuple[Pool, Pool]) -> None:
    source = "def f(n):\n    out = []\n    for i in range(False, len(n)):\n        out += [i]\n    return out\n"
    claim = Claim(source, rewrite("for-while", source, "f").source, "f", ("'ab'",))
    assert refute([claim], pools[0].run, pools[1].run) == [""]


def test_a_program_with_an_integer_that_python_cannot_write_in_decimal_is_left_alone() -> None:
    source = f"def f(x):\n    y = 0x{'f' * 3_600}\n    if x:\n        y += 1\n    return y % 7\n"
    for kind in KINDS:
        with pytest.raises(Unfit, match="the program is not Python, or cannot be written again"):
            rewrite(kind, source, "f", ["1"])
    assert mutants(source) == []
    run = Run(source, "f", "1", "ok", value="3")
    assert {each.task for each in extend.task("equivalent").collect(run, lambda jobs: []).questions} == set()
