"""Chains that look for a call: by inversion, else by candidates, and never by the call that the question has."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time

import pytest

from codereasoner import extend, literals
from codereasoner.chains.claim_audit import Audit, audit_search
from codereasoner.chains.dry_run import dry_run
from codereasoner.chains.input_search import MAX_DRY, Try, search_calls
from codereasoner.chains.inversion import invert
from codereasoner.chains.narrator import DETAILS, Detail, narrate, narrate_search
from codereasoner.errors import DataError
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_rows
from codereasoner.records import Job, Run
from codereasoner.sources.procedural import Procedural
from codereasoner.stages.write_chains import SEARCH_LIMITS
from codereasoner.task import Question

APPEND = "def f(x):\n    x.append(3)\n    x = x[::-1]\n    return x"


def question(source: str, value: str) -> Question:
    return Question("input", {"source": source, "entry": "f", "value": value}, ("f()",))


@pytest.fixture(scope="module")
def brief() -> Iterator[Pool]:
    """A pool with the limits of a stage that searches: a call that does not end is stopped soon."""
    with Pool(1, SEARCH_LIMITS, allow_weak_isolation=True) as running:
        yield running


def found(pool: Pool, source: str, value: str, most: int = 3) -> tuple[Try, ...]:
    return search_calls([question(source, value)], pool.run, most)[0]


def lines_of(pool: Pool, source: str, value: str, detail: Detail = "states") -> list[str]:
    return narrate_search(question(source, value), found(pool, source, value), detail).text.splitlines()


def test_a_chain_for_a_call_undoes_the_program_and_verifies_what_comes_out(pool: Pool) -> None:
    assert lines_of(pool, APPEND, "[3, 2, 1]") == [
        "Wanted: [3, 2, 1]",
        "`return x` must give [3, 2, 1], which it does if x is [3, 2, 1].",
        "`x = x[::-1]` must give [3, 2, 1], which it does if x is [1, 2, 3].",
        "`x.append(3)` must give [1, 2, 3], which it does if x is [1, 2].",
        "Try f([1, 2])",
        *("x = [1, 2]", "x = [1, 2, 3]", "x = [3, 2, 1]"),
        "f([1, 2]) returns [3, 2, 1], the value that is wanted.",
    ]


def test_what_a_call_returns_decides_which_is_tried_next(pool: Pool) -> None:
    source = "def f(word):\n    n = 2\n    while n < len(word):\n        n += 1\n    return n - 1"
    assert lines_of(pool, source, "3") == [
        "Wanted: 3",
        "For word take `'a' * wanted`, 'aaa'.",
        *("Try f('aaa')", "word = 'aaa'", "n = 2", "while True", "n = 3", "while False"),
        "f('aaa') returns 2, not what is wanted, too small.",
        "For word take `'aaa' + 'aaa'[:1]`, 'aaaa'.",
        *("Try f('aaaa')", "word = 'aaaa'", "n = 2", "while True", "n = 3", "while True", "n = 4", "while False"),
        "f('aaaa') returns 3, the value that is wanted.",
    ]


@pytest.mark.parametrize(
    ("source", "value", "call"),
    [
        ("def f(x):\n    return x + 3", "7", "4"),
        ("def f(x):\n    y = 2\n    return 10 - x * 3", "-2", "4"),
        ("def f(x):\n    x = 'a' + x\n    return (x + 'b')[::-1]", "'byxa'", "'xy'"),
        ("def f(x):\n    x ^= 5\n    return -x", "-12", "9"),
        ("def f(x):\n    return x.swapcase()", "'Ab'", "'aB'"),
        ("def f(x):\n    x.insert(0, 7)\n    x.reverse()\n    return x + [1]", "[3, 2, 7, 1]", "[2, 3]"),
        ("def f(a, b):\n    return b, a[::-1]", "(1, 'xy')", "'yx', 1"),
        ("def f(x, y):\n    return x + [y]", "[1, 2, 3]", "[1, 2], 3"),
        ("def f(s):\n    return ','.join(s)", "'a,b'", "['a', 'b']"),
        ("def f(x):\n    return ';'.join(reversed(x + ['c']))", "'c;a;b'", "['b', 'a']"),
        ("def f(x):\n    return list(reversed(x))", "[1, 2]", "[2, 1]"),
        ("def f(s):\n    return f'<{s}>'", "'<ab>'", "'ab'"),
        ("def f(x):\n    if x > 3:\n        return 'big'\n    return x + 1", "3", "2"),
        ("def f(s):\n    out = ''\n    for c in s:\n        out = c.upper() + out\n    return out", "'AB'", "'BA'"),
        ("def f(x):\n    out = []\n    for i, y in enumerate(x): out += [y - i]\n    return out", "[5, 5]", "[5, 6]"),
        ("def f(s):\n    out = []\n    for i in range(len(s)): out += [s[i], '-']\n    return out", "['a', '-']", None),
        ("def f(s):\n    d = {}\n    for c in s: d[c] = d.get(c, 0) + 1\n    return d", "{'a': 2, 'b': 1}", "'aab'"),
        ("def f(s, n):\n    out = ''\n    for c in s:\n        out += c * n\n    return out", "'BBC'", "'BBC', 1"),
        ("def f(x):\n    return [y * 2 for y in x]", "[2, 4]", "[1, 2]"),
        ("def f(d):\n    return {v: k for k, v in d.items()}", "{1: 'a'}", "{'a': 1}"),
        ("def f(n):\n    out = []\n    for i in range(n):\n        out.append(i)\n    return out", "[0, 1, 2]", "3"),
        ("def f(x, y):\n    x.append(y)\n    return x", "[1, 2]", "[1], 2"),
        ("def f(x, i, y):\n    x.insert(i, y)\n    return x", "[1, 2]", "[2], 0, 1"),
        ("def f(x, c):\n    return c.join(x)", "'a,b'", "['a,b'], ' '"),
        ("def f(x, n, c):\n    return x.rjust(n, c)", "'ab'", "'ab', 0, ' '"),
        ("def f(x, n):\n    return x[n:][::-1]", "'ab'", "'ba', 0"),
        ("def f(x, i):\n    return x[i] + 1", "3", "[2], 0"),
        ("def f(s):\n    n = 0\n    for c in s:\n        if c.isupper(): n += 1\n    return n", "2", "'AA'"),
        ("def f(s):\n    return sum([1 for c in s if c in 'xy'])", "1", "['xy']"),
        ("def f(s):\n    out = ''\n    for c in reversed(s): out += c.upper()\n    return out", "'AB'", "'BA'"),
        ("def f(s):\n    n = len(s)\n    t = []\n    for i in range(0, n): t += [s[i]]\n    return t", "[2]", "[2]"),
        ("def f(x):\n    return len(x)", "3", "'aaa'"),
        ("def f(x):\n    return x % 4", "5", None),
        ("def g(x):\n    return x + 1\n\ndef f(x):\n    return g(x)", "3", None),
        ("def f(x):\n    return x.lower()", "'AB'", None),
    ],
)  # fmt: skip
def test_a_program_is_undone_from_the_value_and_its_text_or_not_at_all(
    source: str, value: str, call: str | None
) -> None:
    function = ast.parse(source).body[-1]
    assert isinstance(function, ast.FunctionDef)
    undone = [each.arguments for each in invert(source, function, literals.read(value))]
    parameters = [each.arg for each in function.args.args]
    calls = [", ".join(literals.write(each.get(name, 0)) for name in parameters) for each in undone]
    assert calls[-1:] == ([] if call is None else [call])


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("def f(x):\n    return x[2000000000:]", "[1]"),
        ("def f(x):\n    return x[::2000000000]", "[1]"),
        ("def f(x):\n    return x.count('a')", "2000000000"),
        ("def f(x):\n    return x.find('a')", "2000000000"),
        ("def f(s):\n    d = {}\n    for c in s: d[c] = d.get(c, 0) + 1\n    return d", "{'a': 2000000000}"),
        ("def f(x):\n" + "    x = x + 1\n" * 5000 + "    return x", "3"),
    ],
    ids=["bound", "step", "count", "find", "counts", "statements"],
)
def test_no_argument_is_made_that_would_fill_the_memory(source: str, value: str) -> None:
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert not list(invert(source, function, literals.read(value)))


def test_a_name_that_the_program_gives_to_something_else_is_not_undone(pool: Pool) -> None:
    source = "def chr(x):\n    return x\n\ndef f(x):\n    return chr(x)"
    assert found(pool, source, "3")[-1].run.call == "3"


@pytest.mark.parametrize(
    ("source", "value", "most"),
    [
        ("import hashlib\n\ndef f(s):\n    return hashlib.md5(s.encode()).hexdigest()", "'ab'", 3),
        ("def f(n):\n    return n * n + n", "7", 5),
        ("def g(x):\n    return x", "3", 3),
        ("def f(n):\n    while n:\n        pass\n    return n", "5", 2),
    ],
)
def test_a_call_that_is_not_found_within_the_bound_is_not_told(brief: Pool, source: str, value: str, most: int) -> None:
    tries = found(brief, source, value, most)
    assert tries == ()
    with pytest.raises(DataError, match=f"no call was found that returns {value}"):
        narrate_search(question(source, value), tries)


def test_the_call_that_the_question_was_made_from_makes_no_difference(pool: Pool) -> None:
    sources = [each.source for each in Procedural("full", 3).programs("train", 20)]
    questions = [question(source, "'ab'") for source in sources]
    calls = [[one.run.call for one in each] for each in search_calls(questions, pool.run)]
    other = [replace(each, gold=("f('ab', 1)",)) for each in questions]
    assert calls == [[one.run.call for one in each] for each in search_calls(other, pool.run)]


@pytest.mark.parametrize(
    ("source", "value", "call", "said"),
    [
        ("def f(s, end):\n    while s.endswith(end): s = s[:-1]\n    return s", "'ab!'", "'ab!', 'a'", False),
        ("def f(n):\n    if 0 < n < 1000:\n        return 'few'\n    return 'many'", "'many'", "0", False),
        ("def f(s):\n    for c in s:\n        if c.isupper():\n            return 1\n    return 0", "1", "'A'", True),
        ("def f(x):\n    if x[::-1] == x:\n        return 1\n    return 0", "0", "[1, 2]", False),
        ("def f(x):\n    for _ in range(len(x) // 2): x.pop(0)\n    return x", "[5, 7]", "[0, 5, 7]", None),
        ("KEYS = 'xy'\ndef f(s):\n    if len(s) > 1 and s in KEYS:\n        return 1\n    return 0", "1", "'xy'", True),
        ("def f(s, c):\n    if c not in s:\n        return c\n    return s.strip(c)", "'ab'", "'a', 'ab'", None),
        ("def f(s):\n    if s == '`' and len(s) < 5:\n        return 1\n    return 0", "1", "'`'", None),
    ],
)  # fmt: skip
def test_a_dry_run_finds_arguments_that_pass_the_tests(
    pool: Pool, source: str, value: str, call: str, said: bool | None
) -> None:
    tries = found(pool, source, value)
    assert [each.run.call for each in tries] == [call]
    text = narrate_search(question(source, value), tries).text
    assert (" must be " in text) is (said is not None)
    assert f"must be {str(said).lower()}." in text or said is None
    runs = {each.run.call: each.run for each in tries}
    assert audit_search(text, runs, value).first_false is None
    wrong = text.replace("must be true", "must be ?").replace("must be false", "must be true").replace("?", "false")
    assert (audit_search(wrong, runs, value).first_false is None) is (said is None)


@pytest.mark.parametrize(
    "body",
    [
        "while x: x += [1]",
        "while True: x = x * 9",
        "while True: x = x + x",
        "x = [0] * 10 ** 9",
        "x = 'a'.zfill(10 ** 9)",
        "x = list(range(10 ** 9))",
        "for _ in range(10 ** 9): pass",
        "x.append(x)\n    while True: x.extend(x)",
        "for _ in range(60): x = [x, x]\n    x = x[:] == x",
        "x = 1\n    for _ in range(60): x = (x, x)\n    y = {}\n    y[x] = 1",
    ],
)
def test_a_dry_run_ends_soon_whatever_the_function_does(body: str) -> None:
    function = ast.parse(f"def f(x):\n    {body}\n    return x").body[0]
    assert isinstance(function, ast.FunctionDef)
    begun = process_time()
    assert dry_run(function, {"x": [1]}, [MAX_DRY]) is NotImplemented
    assert process_time() - begun < 0.5


def test_a_dry_run_returns_what_the_real_run_returns_or_nothing(shared_data: Path) -> None:
    rows = list(read_rows(shared_data / "cruxeval" / "cruxeval.jsonl"))
    known = 0
    for row in rows:
        function = next(each for each in ast.parse(row["code"]).body if isinstance(each, ast.FunctionDef))
        try:
            values = [literals.value_of(node) for _, node in literals.parse_arguments(row["input"])]
        except literals.LiteralError:
            continue
        given = dict(zip([each.arg for each in function.args.args], values, strict=False))
        result = dry_run(function, given, [MAX_DRY])
        known += result is not NotImplemented
        assert result is NotImplemented or literals.equal(result, literals.read(row["output"])), row["code"]
    assert known > len(rows) * 3 / 4


@pytest.mark.parametrize("detail", DETAILS)
def test_every_step_and_claim_of_a_search_is_true(pool: Pool, detail: Detail) -> None:
    jobs = [Job(p.source, p.entry, p.calls[0], record="trace") for p in Procedural("full", 3).programs("train", 60)]
    asked = [
        each for run in pool.run(jobs) if run.outcome == "ok" for each in extend.task("input").collect(run).questions
    ]
    tries = [(each, some) for each, some in zip(asked, search_calls(asked, pool.run), strict=True) if some]
    assert len(tries) > len(asked) / 2
    for each, some in tries:
        text = narrate_search(each, some, detail).text
        audited = audit_search(text, {one.run.call: one.run for one in some}, each.facts["value"])
        assert audited.first_false is None, (text, audited)
        assert audited.checked


def test_a_question_for_a_call_is_not_told_from_the_run_that_it_was_made_from(pool: Pool) -> None:
    run = pool.run([Job(APPEND, "f", "[1]", record="trace")])[0]
    with pytest.raises(DataError, match="a question that asks for a call is answered by a search"):
        narrate(question(APPEND, "[3, 1]"), run)


# ---- the audit

GROWS = "def f(x, k):\n    for i in range(k):\n        x = x + 'ab'\n    return x"


def audited(pool: Pool, text: str, calls: list[str]) -> Audit:
    runs: dict[str, Run] = {call: pool.run([Job(GROWS, "f", call, record="trace")])[0] for call in calls}
    return audit_search(text, runs, "'qzxab'")


def test_a_chain_that_names_the_right_call_before_anything_leads_to_it_is_flagged(pool: Pool) -> None:
    source = "def f(x):\n    return len(x)"
    runs = {call: pool.run([Job(source, "f", call, record="trace")])[0] for call in ("'kqj'", "'m'", "[7, 9, 31]")}
    fails = "Try f('m'). f('m') returns 1, not what is wanted.\n"
    for text in (
        "Try f('kqj')",
        f"{fails}Try f('kqj'): f('kqj') returns 3.",
        f"{fails}Try f([7, 9, 31]).",
        "Three letters are needed, as in 'kqj', so f('kqj') it is.",
        "For x take `'kqj'`, 'kqj'. Try f('kqj').",
        "`return len(x)` must give 3, which it may if x is 'kqj'. Try f('kq' + 'j'), f('kqj').".replace("len", "sum"),
        "`return len(x)` must give 4, which it may if x is 'kqjj'. Try f('kqj').",
        "2 + 2 = 5, len('kqjx') = 3, so f('kqj')",
    ):
        found = audit_search(text, runs, "3")
        assert (found.first_false or "").endswith(", to which nothing leads")
        assert found.true < found.checked
    for text in (
        "`return len(x)` must give 3, which it does if x is 'kqj'. Try f('kqj').",
        "It has three letters, len('kqj') = 3, so f('kqj') it is.",
        "len([7,9, 31]) is 3: f([7, 9, 31])",
    ):
        assert audit_search(text, runs, "3").first_false is None


def test_how_much_too_long_a_value_was_leads_to_the_next_argument(pool: Pool) -> None:
    source = "def f(text, c):\n    total = text.rfind(c)\n    return tuple(range(total))[1:] + (total,)"
    value = str(tuple(range(1, 34)))
    tries = found(pool, source, value)
    text = narrate_search(question(source, value), tries).text
    assert "[:-24]`" in text
    runs = {each.run.call: each.run for each in tries}
    assert audit_search(text, runs, value).first_false is None
    assert audit_search(text.replace("-24", "-23").replace("2021", "20212"), runs, value).first_false is not None


def test_an_answer_without_reasoning_claims_nothing(pool: Pool) -> None:
    runs = {"'kqj'": pool.run([Job("def f(x):\n    return len(x)", "f", "'kqj'", record="trace")])[0]}
    for text in (
        "<answer>f('kqj')</answer>",
        "<reasoning>\n</reasoning>\n<answer>\nf('kqj')\n</answer>",
        "[ANSWER]assert f('kqj') == 3[/ANSWER]",
        "```python\nassert f('kqj') == 3\n```",
        "\\boxed{f('kqj')}",
        "= f('kqj')",
        "f('kqj')",
    ):
        assert audit_search(text, runs, "3") == Audit(0, 0)
    for text in ("f('kqj') returns 3", "<reasoning>f('kqj')</reasoning><answer>f('kqj')</answer>", "f('kqj') == 4"):
        assert audit_search(text, runs, "3").true < audit_search(text, runs, "3").checked


@pytest.mark.parametrize(
    ("text", "first_false"),
    [
        ("For x take `wanted[:3]`, 'qzx'.", None),
        ("For x take `wanted[:3]`, 'qzz'.", "take `wanted[:3]`, 'qzz'"),
        ("`x = x + 'ab'` must give 'qzxab', which it does if x is 'qzx'.", None),
        (
            "`x = x + 'ab'` must give 'qzxab', which it does if x is 'q'.",
            "`x = x + 'ab'` must give 'qzxab', which it does if x is 'q'",
        ),
        *((said + ".", said) for said in ["`x = x + 'ab'` must give 'qzxab', which it does if x is [x, 1]"]),
        *((said + ".", said) for said in ["`x += 'ab'` must give [x, 1], which it does if x is 'q'"]),
    ],
)
def test_a_step_to_an_argument_is_computed_again(pool: Pool, text: str, first_false: str | None) -> None:
    found = audited(pool, text, ["'q', 1"])
    assert (found.checked, found.first_false) == (1, first_false)


def seconds(source: str, value: str) -> float:
    """Return the CPU time that undoing a program takes."""
    [function] = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    began = process_time()
    list(invert(source, function, literals.read(value)))
    return process_time() - began


def test_branches_that_all_raise_are_not_followed_to_the_last() -> None:
    branches = "".join(f"    if x == {each}:\n        x += 1\n" for each in range(40))
    assert seconds(f"def f(x):\n{branches}    raise ValueError\n", "7") < 1


def test_sides_that_can_be_shared_out_in_many_ways_are_not_all_tried() -> None:
    terms = " + ".join(["g(x)"] + ["x"] * 30)
    assert seconds(f"def f(x):\n    return {terms}\n", "7") < 1


def test_slices_of_slices_are_not_undone_to_a_value_that_fills_the_memory() -> None:
    assert seconds("def f(x):\n    return x" + "[::100]" * 8 + "\n", "[1, 2]") < 1


def test_counts_below_zero_are_counts_of_nothing(pool: Pool) -> None:
    source = "def f(x):\n    d = {}\n    for c in x:\n        d[c] = d.get(c, 0) + 1\n    return d"
    assert found(pool, source, "{'a': 10000000000, 'b': -10000000000}") == ()


def test_an_argument_that_is_too_long_to_be_written_is_not_tried(pool: Pool) -> None:
    for length in (40_000, 200_000):
        source = "def f(text):\n    return text.split('" + "a" * length + "')"
        assert found(pool, source, str(["b"] * 20)) == ()


def test_a_value_of_more_items_than_are_read_ends_no_search_of_others(pool: Pool) -> None:
    many = "def f(n):\n    return tuple(range(15000)) if n * n != 5929 else 5"
    tries = search_calls(
        [question(many, "5"), question(many, str((*range(15000),))), question(APPEND, "[3]")], pool.run
    )
    assert [len(each) for each in tries] == [0, 0, 1]


def test_a_program_that_uses_up_its_time_is_called_three_times_and_no_more() -> None:
    jobs: list[Job] = []

    def runner(asked: Sequence[Job]) -> list[Run]:
        jobs.extend(asked)
        return [Run(each.source, each.entry, each.call, "timeout") for each in asked]

    assert search_calls([question("def f(x, y):\n    while True: pass", "1")], runner) == [()]
    assert len(jobs) == 3


def test_results_that_differ_by_a_number_of_thousands_of_digits_end_no_search(pool: Pool) -> None:
    assert found(pool, "def f(n):\n    return n ** 3 + 9 ** 20000", "7") == ()


def test_an_argument_of_another_kind_than_the_step_says_is_named(pool: Pool) -> None:
    source = "def f(array):\n    if 9 in array:\n        return array\n    return str(array)[:0]"
    tries = found(pool, source, "''")
    assert tries[-1].run.call == "[]"
    assert "For array take []." in tries[-1].lines
