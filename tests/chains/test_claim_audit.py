from __future__ import annotations

import pytest

from codereasoner import extend, literals
from codereasoner.chains.claim_audit import Audit, audit, audit_search
from codereasoner.chains.claimed_literals import canonical
from codereasoner.chains.event_claims import event_claims
from codereasoner.chains.narrator import DETAILS, Detail, narrate
from codereasoner.chains.value_claims import calls, claims
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run

SOURCE = "def f(x, n):\n    for i in range(n):\n        x = x + [i]\n    y = len(x)\n    return y"


@pytest.fixture(scope="module")
def run(pool: Pool) -> Run:
    return pool.run([Job(SOURCE, "f", "[7], 2", record="trace")])[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = [1, 2].", [("x", "[1, 2]")]),
        ("So `x = [1,2]` and y=3, z = -1.5;", [("x", "[1, 2]"), ("y", "3"), ("z", "-1.5")]),
        ("s = 'it''s', t = \"a'b = 3\"", [("t", '"a\'b = 3"')]),
        ("d = {'a': [1, (2,)]}\ne = set()", [("d", "{'a': [1, (2,)]}"), ("e", "set()")]),
        ("returns <list [<Pair key=1, value=2>, <Pair key=3, next='a>b'>]>. x = 3", [("x", "3")]),
        ("gives <B n=1, g=<G a=<tuple (<type int>,)>, n=2>, m=4>, n = 3", [("n", "3")]),
        ("<N x=1, y=<N x=2, y=<N x=3, y=<N x=4, y='<'>>>> and `a<b`, x = 5", [("x", "5")]),
        ("a.x, y = 1, 2 and b[0], y = 1, 2 and *a, y = 1, 2", []),
        ("x = y + 1, z = [1] + y, w = 'a'.upper(), v = 3 if w else 4", []),
        ("x == 3, x >= 3, x != 3, d['x'] = 3, a.x = 3", []),
        ("x, y = 1, 2", [("x", "1"), ("y", "2")]),
        ("(a, b), c = [[1, 2], 3]", []),
        ("Line 2, `[a, [b, *c]], *d = [[1, 'xy'], 2]`: a = 1 and d = [2].", [("a", "1"), ("d", "[2]")]),
        ("`(a, b), c = 'zy', 5` with `(a, b)`, c = 3. From x = [1], y = 2", [("c", "3"), ("x", "[1]"), ("y", "2")]),
        ("x, y = 1, n and n, x = 1, 2, 3 and so, x = 3, 4 is left", []),
        ("f(x=1, y=[2], z=3) gives w=4 (n=5)", [("w", "4"), ("n", "5")]),
        ("x = [v for v in y], z = f(3), q = f'{x}'", []),
        ("```python\nx = 3\n```\nn = 4", [("n", "4")]),
        ("x = True and n = None", [("x", "True"), ("n", "None")]),
        ("x = [1, 2", []),
        ("s = 'now x = 3 or so', n = 1", [("s", "'now x = 3 or so'"), ("n", "1")]),
        ("**x** = `[1, 2]`, `y` = 3, $z = 4$", [("x", "[1, 2]"), ("y", "3"), ("z", "4")]),
        ("x = y + 1 = 2 + 1 = 3, total = len([1, 2]) + 0 = 2", [("x", "3"), ("total", "2")]),
        ("x = y + 1, z = 3 and x = a and b = True", [("z", "3"), ("b", "True")]),
        ("x → [1]; `y` -> 3; x >= 3", [("x", "[1]"), ("y", "3")]),
        ("x is now 3, y becomes 'a' and z equals 5.0.", [("x", "3"), ("y", "'a'"), ("z", "5.0")]),
        ("x is 3 more than y, x is 2nd, x is greater than 3, x is [1] + y", []),
        ("if x = 3 then stop; suppose that x is 4; if x is 5, stop", []),
        ("After the loop:\n- x: [1, 2]\n- **n**: 3\nNote: 4 of them, key: 5", [("x", "[1, 2]"), ("n", "3")]),
        ("x = 1,000 and n = 3%", []),
        ("f returns 'c=2:d=2', x = 3. Let's see that y = 4, it's so.", [("x", "3"), ("y", "4")]),
        ("x = [1, 2, ...]", []),
    ],
)
def test_only_a_name_with_a_whole_literal_is_a_claim(text: str, found: list[tuple[str, str]]) -> None:
    assert [(claim.name, claim.value) for claim in claims(text)] == found


def test_true_claims_in_order_are_true(run: Run) -> None:
    text = "x = [7], n = 2\ni = 0, x = [7, 0]\ni = 1, x = [7, 0, 1]\ny = 3"
    assert audit(text, run) == Audit(7, 7)


def test_a_claim_may_skip_states_but_not_go_back(run: Run) -> None:
    assert audit("x = [7, 0, 1], n = 2, y = 3", run).true == 3
    found = audit("x = [7, 0, 1], x = [7], n = 2", run)
    assert (found.checked, found.true, found.first_false) == (3, 2, "x = [7]")


def test_a_false_claim_does_not_spoil_the_true_ones_after_it(run: Run) -> None:
    found = audit("x = [7], x = [9], x = [7, 0], y = 4, y = 3", run)
    assert (found.checked, found.true, found.first_false) == (5, 3, "x = [9]")
    assert found.share == 0.6


def test_types_count(run: Run) -> None:
    assert audit("n = 2.0, n = True", run).true == 0


def test_names_that_are_no_variables_are_not_counted(run: Run) -> None:
    found = audit("sorted(x, reverse=True) gives z = 3", run)
    assert found == Audit(0, 0)
    assert found.share is None


def test_a_claim_that_looks_back_may_speak_of_what_is_past_but_not_of_what_comes(run: Run) -> None:
    assert audit("x = [7, 0, 1]; initially x = [7]; x was [7, 0], y = 3", run) == Audit(4, 4)
    assert audit("Initially x = [7, 0, 1]; x was [9]", run).true == 1


def test_a_line_that_is_said_to_have_run_may_be_past_and_one_that_runs_next_may_not(run: Run) -> None:
    assert audit("y = 3. Line 2 has run, line 3 was executed.", run).first_false is None
    assert audit("y = 3. Line 3 is executed.", run).first_false == "Line 3 is executed"
    assert audit("y = 3. Line 1 has never run. Line 3 has not been executed.", run).true == 1
    assert audit("y = 3. Then line 3 was executed.", run).first_false == "Then line 3 was executed"
    assert audit("y = 3. Next, line 3 was run; line 3 was executed.", run).true == 2
    assert audit("y = 3. Line 3 was executed next.", run).first_false == "Line 3 was executed next"
    assert audit("x was [7]. Then line 3 was executed.", run).first_false is None


def test_what_a_call_returns_is_checked_with_its_arguments_also_where_they_hold_brackets(pool: Pool) -> None:
    source = "def g(x, n):\n    return n\ndef f(x):\n    g(x, [(1, (2,))])\n    return g('b)', 3)"
    run = pool.run([Job(source, "f", "'a('", record="trace")])[0]
    for call, true, false in (("g('a(', [(1, (2,))])", "[(1, (2,))]", "3"), ("g('b)', 3)", "3", "4")):
        assert audit(f"{call} returns {true}, so {call} = {true}", run) == Audit(2, 2)
        assert audit(f"{call} returns {false}", run).true == 0
    assert audit("f('c)') returns 5 and f(('d', ('e)', 1))) returns 6", run).checked == 0
    assert audit("f(x='c)') returns 5, so g(n=4, x=[(1, 2)]) returns 6", run).checked == 0
    assert audit("g(x='b)', n=3) returns 3, so f(x='a(') returns 3", run).first_false is None
    assert audit("f(x='a(') returns 4; f(**d) returns 5", run) == Audit(2, 0, "f(x='a(') returns 4", (0, 19))


def test_nan_which_equals_nothing_is_not_compared(pool: Pool) -> None:
    run = pool.run([Job("def f(x):\n    return float('nan')", "f", "1", record="trace")])[0]
    assert audit("x = 1\nfloat('nan') -> float('nan')\nfloat('2') -> 2.0", run) == Audit(2, 2)
    found = audit("x = 1\nmax('a', 'b') -> 'banana'\nmin('nan', 'o') -> 'nan'", run)
    assert (found.checked, found.true, found.first_false) == (3, 2, "max('a', 'b') -> 'banana'")


def test_a_line_of_the_program_that_is_only_quoted_is_no_claim() -> None:
    source = "def f(n):\n    x = 0\n    x = x + n\n    return x"
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        run = pool.run([Job(source, "f", "2", record="trace")])[0]
    assert audit("x = 2, as the line `x = 0` came first", run) == Audit(1, 1)
    assert audit("x = 2 and now `x = 7`", run).first_false == "x = 7"


def test_claims_about_a_program_with_an_empty_line_are_checked(pool: Pool) -> None:
    run = pool.run([Job("def f(n):\n    x = n\n\n    return x\n", "f", "2", record="trace")])[0]
    assert audit("x = 2, n = 3", run) == Audit(2, 1, "n = 3", (7, 12))


TESTED = "def f(n):\n    if n > 1:\n        n = 0\n    while n < 2:\n        n += 1\n    return n"


@pytest.mark.parametrize(
    ("text", "checked", "true"),
    [
        ("n = 3\nif True\nn = 0\nwhile True\nn = 1\nwhile True\nn = 2\nwhile False", 8, 8),
        ("n = 3\nif False", 2, 1),
        ("n = 3\n3 > 1 -> if True\nn = 0\n0 < 2 -> while False", 4, 3),
        ("n = 3\nif n > 1: True\nn = 0\nwhile n < 2: False", 4, 3),
        ("Line 2, `if n > 1:`: 3 > 1 is true, the body runs.", 3, 3),
        ("Line 2, `if n > 1:`: 3 > 1 is true, the body is skipped.", 3, 2),
    ],
)
def test_the_narrators_words_on_tests_are_checked(pool: Pool, text: str, checked: int, true: int) -> None:
    found = audit(text, pool.run([Job(TESTED, "f", "3", record="trace")])[0])
    assert (found.checked, found.true) == (checked, true)


def test_after_a_gap_a_test_of_which_nothing_is_known_is_not_taken_for_a_false_one(pool: Pool) -> None:
    source = "def g(n):\n    return n\n\ndef f(n):\n    if g(n) > 2:\n        n = 0\n    return n"
    run = pool.run([Job(source, "f", "3", record="trace")])[0]
    assert audit("(2 steps are left out.)\ng(n) > 2 is false", run) == Audit(0, 0)


def test_prose_of_a_model_is_checked_like_code(run: Run) -> None:
    text = """Let's trace `f([7], 2)`.

1. **Start**: `x` is `[7]`, n = 2
2. When i = 0: x = x + [0] = [7] + [0] = [7, 0]
3. When i = 1: x becomes [7, 0, 1].
4. y = len(x) = 4.

So the answer is 3."""
    found = audit(text, run)
    assert (found.checked, found.true, found.first_false) == (7, 6, "y = 4")


def test_a_chain_that_looks_for_a_call_is_checked_against_the_run_of_the_call_it_named_last(pool: Pool) -> None:
    found = {call: pool.run([Job(SOURCE, "f", call, record="trace")])[0] for call in ("[7], 2", "[7], 1")}
    text = "x = 9. Try f([7], 1): i = 0, y = 2.\nf([7], 1) returns 2, so try f([7],2): y = 2, y = 3; f([5], 5): y = 1"
    assert [call for _, _, call in calls(text, "f")] == ["[7], 1", "[7], 1", "[7], 2", "[5], 5"]
    audited = audit_search(text, found, "9")
    assert (audited.checked, audited.true, audited.first_false) == (5, 4, "y = 2")


def test_a_call_raises_also_after_a_handler_that_does_not_match(pool: Pool) -> None:
    source = "def f(x):\n    try:\n        return x[0]\n    except ValueError:\n        return 0"
    run = pool.run([Job(source, "f", "{}", record="trace")])[0]
    text = "Line 3, `return x[0]`: raises KeyError.\nLine 4, `except ValueError:`: it does not match.\n"
    assert audit(text + "So the call raises KeyError.", run).first_false is None
    assert audit(text + "So the call raises ValueError.", run).first_false == "raises ValueError"


@pytest.mark.parametrize("detail", DETAILS)
def test_the_message_of_an_exception_is_on_one_line_and_claims_nothing(pool: Pool, detail: Detail) -> None:
    source = "def f(x):\n    raise ValueError('x = 5\\nline 2 has not run,\\x1b x = 9')"
    run = pool.run([Job(source, "f", "3", record="trace")])[0]
    [question] = extend.task("raises").collect(run).questions
    text = narrate(question, run, detail).text
    assert text.count("ValueError: x = 5\\nline 2 has not run,\\x1b x = 9") == 1
    assert audit(text, run).first_false is None


def test_what_a_string_says_of_the_run_is_no_claim(run: Run) -> None:
    assert audit("s = 'the loop ends, line 3 has not run', t = \"f returns 9\"", run) == Audit(0, 0)
    assert audit("Iteration: i = 1. Line 3 has not run.", run).checked == 2


def test_a_def_that_ran_before_the_call_has_not_run_in_it(pool: Pool) -> None:
    source = "def twice(g):\n    def inner(x):\n        return g(x)\n    return inner\n@twice\ndef f(x): return x + 1"
    run = pool.run([Job(source, "f", "1", record="trace")])[0]
    assert audit("inner is called with x = 1. Line 2 has not run.", run).first_false is None
    assert audit("Line 3 has not run.", run).first_false == "Line 3 has not run"


@pytest.mark.parametrize("made", ["type('P', (), {})()", "{}"])
def test_a_part_that_is_not_a_number_is_no_false_claim(pool: Pool, made: str) -> None:
    part = "p['n']" if made == "{}" else "p.n"
    run = pool.run([Job(f"def f(x):\n    p = {made}\n    {part} = x\n    return x", "f", "float('nan')", "trace")])[0]
    assert audit(f"{part} = float('nan')", run).first_false is None


@pytest.mark.parametrize("part", ["p.n", "p[0]"])
def test_what_a_part_is_set_to_is_no_claim_of_a_later_test(pool: Pool, part: str) -> None:
    made = "type('P', (), {'n': 1})()" if part == "p.n" else "[1]"
    source = f"def f(x):\n    p = {made}\n    {part} = x\n    x += 1\n    if {part} == 0:\n        x += 1\n    return x"
    run = pool.run([Job(source, "f", "0", record="trace")])[0]
    text = f"Line 3, `{part} = x`: {part} = 0.\nLine 4, `x += 1`: x = 1.\nLine 5: 0 == 0 is true, the body runs."
    assert audit(text, run).first_false is None


def test_a_chain_that_names_no_known_call_has_no_claims() -> None:
    assert audit_search("x = 3", {}, "9") == Audit(0, 0)


@pytest.mark.parametrize("quoted", ["'a...b'", "'it''s'", "'it\\'s'", '"a"', "'é'", "''"])
@pytest.mark.parametrize("number", ["0", "-0", "007", "-3", "1_0", "9" * 18, "9" * 19, "True", "+1"])
@pytest.mark.parametrize(
    "shape",
    ["{0}", "{1}", "[{0}, {1}]", "[{0},{1}]", "({0}, {1})", "({0})", "({0},)", "[{0}, ...]", "[[{1}]]", "[{0} ]"],
)
def test_the_canonical_form_is_what_reading_and_writing_gives_however_it_is_found(
    shape: str, number: str, quoted: str
) -> None:
    literal = shape.format(number, quoted)
    try:
        written = None if ", ...]" in literal else literals.write(literals.read(literal))
    except literals.LiteralError:
        written = None
    assert canonical(literal) == written


def test_a_condition_is_not_cut_after_its_own_is_true() -> None:
    assert [each.code for each in event_claims("`x is True or y > 5` is true")] == ["x is True or y > 5"]
    assert [each.code for each in event_claims("`x` is True, y > 5 is true")] == ["y > 5"]
