from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from codereasoner import extend, literals
from codereasoner.chains.claim_audit import audit
from codereasoner.chains.input_search import searches
from codereasoner.chains.narrator import DETAILS, Detail, narrate
from codereasoner.chains.statement_lines import shadowed
from codereasoner.errors import ConfigError, DataError
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.sources.procedural import Procedural
from codereasoner.task import Question

LOOP = """def g(a, b):
    if a > b:
        return a
    return b

def f(text, n):
    counts = {}
    best = 0
    for c in text:
        if c in counts:
            counts[c] += 1
        elif c == 'z':
            break
        else:
            counts[c] = 1
        best = g(best,
                 counts[c])
    while n > 1:
        n -= 1
    return [k for k in counts if counts[k] == best], n
"""


def trace(pool: Pool, source: str, call: str) -> Run:
    return pool.run([Job(source, "f", call, record="trace")])[0]


def question(run: Run, task: str = "output") -> Question:
    return extend.task(task).collect(run).questions[0]


def test_the_states_of_a_straight_program_are_its_chain(pool: Pool) -> None:
    run = trace(pool, "def f(x):\n    x.sort()\n    x.append(3)\n    return x", "[2, 1]")
    assert narrate(question(run), run).text == "x = [2, 1]\nx = [1, 2]\nx = [1, 2, 3]"


def test_a_statement_that_changes_nothing_repeats_the_state(pool: Pool) -> None:
    run = trace(pool, "def f(x):\n    x.sort()\n    return x", "[1, 2]")
    assert narrate(question(run), run).text == "x = [1, 2]\nx = [1, 2]"


def test_a_value_that_is_no_state_stands_at_the_end(pool: Pool) -> None:
    run = trace(pool, "def f(x):\n    return len(x)", "[1, 2]")
    assert narrate(question(run), run).text == "x = [1, 2]\nreturn 2"


def test_branches_loops_and_calls_are_told_in_the_order_in_which_they_finish(pool: Pool) -> None:
    run = trace(pool, LOOP, "'abz', 2")
    lines = narrate(question(run), run).text.splitlines()
    assert lines == [
        "text = 'abz', n = 2",
        "counts = {}",
        "best = 0",
        *(
            "c = 'a'",
            "if False",
            "if False",
            "counts = {'a': 1}",
            "g: a = 0, b = 1",
            "if False",
            "return 1",
            "best = 1",
        ),
        *("c = 'b'", "if False", "if False", "counts = {'a': 1, 'b': 1}"),
        *("g: a = 1, b = 1", "if False", "return 1", "best = 1"),
        *("c = 'z'", "if False", "if True", "break"),
        *("while True", "n = 1", "while False"),
        "return (['a', 'b'], 1)",
    ]


def test_sentences_name_lines_code_and_passes(pool: Pool) -> None:
    run = trace(pool, LOOP, "'aa', 1")
    lines = narrate(question(run), run, "steps").text.splitlines()
    assert lines[0] == "f is called with text = 'aa' and n = 1."
    assert "Line 9, `for c in text:`: pass 2, c = 'a'." in lines
    assert "Line 10, `if c in counts:`: 'a' in {'a': 1} is true, the body runs." in lines
    assert "Line 9, `for c in text:`: nothing is left, the loop ends." in lines
    assert "Line 18, `while n > 1:`: 1 > 1 is false, the loop ends." in lines
    assert lines[-1] == "So f('aa', 1) returns (['a'], 1)."


def test_a_run_without_a_whole_trace_is_refused(pool: Pool) -> None:
    run = trace(pool, "def f(x):\n    return x[::-1]", "'ab'")
    for broken in (replace(run, steps=()), replace(run, cut="steps")):
        with pytest.raises(DataError, match="no whole trace"):
            narrate(question(run), broken)


@pytest.mark.parametrize(
    "line",
    [
        "len = 1",
        "try:\n    f()\nexcept OSError as len:\n    pass",
        "match f:\n    case len:\n        pass",
        "match f:\n    case [*len]:\n        pass",
        "match f:\n    case {'a': 1, **len}:\n        pass",
        "del len",
        "import os as len",
    ],
)
def test_a_name_that_a_program_binds_in_any_way_is_no_built_in_function(line: str) -> None:
    assert shadowed(line) == {"len"}
    assert shadowed("f = len([1])") == set()


def test_an_unknown_detail_is_refused(pool: Pool) -> None:
    run = trace(pool, "def f(x):\n    return x[::-1]", "'ab'")
    with pytest.raises(ConfigError, match="detail 'long' is unknown"):
        narrate(question(run), run, "long")  # type: ignore[arg-type]


def runs_of(pool: Pool, source: Procedural, count: int) -> Sequence[Run]:
    jobs = [Job(p.source, p.entry, p.calls[0], record="trace") for p in source.programs("train", count)]
    return [run for run in pool.run(jobs) if run.outcome == "ok" and run.value is not None and not run.cut]


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("difficulty", [0, 2, 3, 5])
def test_every_claim_of_the_narrator_is_true(pool: Pool, difficulty: int, detail: Detail) -> None:
    source = Procedural("full", difficulty) if difficulty else Procedural("tiny")
    checked = 0
    for run in runs_of(pool, source, 60):
        found = audit(narrate(question(run), run, detail).text, run)
        assert found.first_false is None, (run.source, run.call, found)
        checked += found.checked
    assert checked > 100


def test_nearly_every_program_runs(pool: Pool) -> None:
    for difficulty in (1, 3, 5):
        assert len(runs_of(pool, Procedural("full", difficulty), 60)) >= 58


def test_operations_stand_on_their_own_with_their_values(pool: Pool) -> None:
    loop = "    for c in text[1:]:\n        if c.islower() and n > 1:\n            out += c * n\n"
    run = trace(pool, f"def f(text, n):\n    out = ''\n{loop}    return [out.upper(), len(out)]", "'xaB', 2")
    assert narrate(question(run), run, "expressions").text.splitlines() == [
        "text = 'xaB', n = 2",
        "out = ''",
        "'xaB'[1:] -> 'aB'",
        "c = 'a'; left 'B'",
        "'a'.islower() -> True",
        "2 > 1 -> if True",
        "'a' * 2 -> 'aa'",
        "'' + 'aa' -> out = 'aa'",
        "c = 'B'; left ''",
        "'B'.islower() -> if False",
        "for end",
        "'aa'.upper() -> 'AA'",
        "len('aa') -> 2",
        "return ['AA', 2]",
    ]


def test_a_list_that_changes_under_its_loop_is_told_without_what_is_left(pool: Pool) -> None:
    run = trace(pool, "def f(x):\n    for i in x:\n        x.remove(i)\n    return x", "[1, 2, 3]")
    assert "left" not in narrate(question(run), run, "expressions").text.splitlines()[3]


@pytest.mark.parametrize("difficulty", [1, 2, 3, 4, 5])
def test_every_operation_of_the_narrator_is_true(pool: Pool, difficulty: int) -> None:
    checked = 0
    for run in runs_of(pool, Procedural("full", difficulty), 60):
        for line in narrate(question(run), run, "expressions").text.splitlines():
            operation, arrow, found = line.rpartition(" -> ")
            value = re.sub(r"^(\w+ = |if |while )", "", found)
            if arrow and not operation.startswith("f'"):
                assert literals.equal(eval(operation), literals.read(value)), (run.source, line)
                checked += 1
    assert checked > 50


SUM = "def f(x):\n    total = 0\n    for y in x:\n        total += y\n    return total"


@pytest.mark.parametrize("detail", DETAILS)
def test_a_chain_about_a_line_goes_as_far_as_the_question_and_says_what_it_answers(pool: Pool, detail: Detail) -> None:
    run = pool.run([Job(SUM, "f", "[1, 2, 3]", record="trace")])[0]
    for name, last in (
        ("state", "That was line {line}, time {time}: {variable} = "),
        ("path", "That was line {line}, time {time}"),
    ):
        for question in extend.task(name).collect(run).questions:
            text = narrate(question, run, detail).text
            if question.facts.get("time") == 0:
                continue
            assert text.splitlines()[-1].startswith(last.format(**question.facts))
            assert audit(text, run).share in (1, None)
            if name == "state":
                assert text.endswith(f" = {question.gold[0].rpartition(';')[0]}.")


BRANCHES = """def f(text, pairs):
    if text.isdigit():
        return 'digits'
    total = 0
    for a, b in pairs:
        if a > b:
            total += a
        else:
            total -= b
    return f'{text}) {total}'
"""
CALL = "'(a', [(1, 2), (4, 3), (0, 0)]"


@pytest.mark.parametrize("detail", DETAILS)
def test_the_audit_confirms_each_claim_of_the_chains_of_every_task(pool: Pool, detail: Detail) -> None:
    run = trace(pool, BRANCHES, CALL)
    narrated = set()
    for name in extend.available("task"):
        for asked in extend.task(name).collect(run, pool.run).questions:
            if not searches(asked):
                narrated.add(name)
                assert audit(narrate(asked, run, detail).text, run).first_false is None
    assert narrated >= {"coverage", "equivalent", "halts", "lines", "output", "path", "state", "whitebox"}


def test_a_chain_about_the_second_pass_does_not_tell_the_third(pool: Pool) -> None:
    run = pool.run([Job(SUM, "f", "[1, 2, 3]", record="trace")])[0]
    facts = {"source": SUM, "entry": "f", "call": "[1, 2, 3]", "line": 4, "variable": "total", "time": 2}
    text = narrate(Question("state", facts, ("3; int",)), run, "steps").text
    assert text.splitlines()[-1] == "That was line 4, time 2: total = 3."
    assert "total = 6" not in text
    assert "pass 3" not in text


@pytest.mark.parametrize(
    ("source", "call", "sentence"),
    [
        ("def f(w):\n    r = 1 if 'r' in w else 2\n    return r", "'rx'", "'r' in 'rx' is true, r = 1."),
        ("def f(xs):\n    return '_'.join([str(x) for x in xs])", "[]", "'_'.join([]) is '', f returns ''."),
        (
            "def f(d):\n    if d.endswith(b'x'):\n        d = b''\n    return d",
            "b'ax'",
            "b'ax'.endswith(b'x') is true, ",
        ),
        ("def f(x):\n    try:\n        return x * 2\n    finally:\n        x = 7", "4", "8 is to be returned."),
    ],
)
def test_what_decides_a_value_is_told_where_it_is_decided(pool: Pool, source: str, call: str, sentence: str) -> None:
    run = trace(pool, source, call)
    text = narrate(question(run), run, "steps").text
    assert sentence in text
    assert audit(text, run).first_false is None


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "class A:\n    n = 0\n\ndef f(x):\n    A.n += x\n    A.n = A.n * 2\n    return A.n",
            "`A.n = A.n * 2`: A.n = 6.",
        ),
        (
            "class A:\n    n, k = 0, 1\n    m = 1\n    @property\n    def p(self):\n        return 1\n\n"
            "class B(A):\n    pass\n\ndef f(x):\n    for _ in 'ab':\n        A.m += x\n    return A.m",
            "`A.m += x`: A.m = 7.",
        ),
        (
            "from collections import deque\n\ndef f(x):\n    q = deque()\n    s = set()\n"
            "    q.append(x); s.add(x)\n    return list(q)",
            "Line 6: s = {3} and q is of type deque and holds [3].",
        ),
        (
            "def g():\n    yield 1\n\ndef f(x):\n    h = g()\n    h.close()\n    return x",
            "`h.close()`: no local variable changes.",
        ),
        (
            "from enum import Enum\n\nclass E(Enum):\n    A = 1\n\n"
            "def f(x):\n    for e in E:\n        x += e.value\n    return x",
            "pass 1, e is <E.A: 1>.",
        ),
        (
            "import re\n\ndef f(x):\n    try:\n        if m := re.match('a', 'ab'):\n            int(m[0])\n"
            "    except ValueError as e:\n        x = 4\n    return x",
            "it handles the exception, e is of type ValueError.",
        ),
        (
            "class N:\n    def __init__(self, v): self.v = v\n\n"
            "def f(x):\n    s = [N(i) for i in range(x)]\n    s.pop()\n    return x",
            "`s.pop()`: s is of type list and holds 2 items.",
        ),
        (
            "class A:\n    def __init__(self, n): self.n = n\n    def double(self): return self.n * 2\n\n"
            "def f(x):\n    return A(x).double()",
            "Line 3, `return self.n * 2`: 3 * 2 is 6, double returns 6.",
        ),
        (
            "class A:\n    def __init__(self, n): setattr(self, '_' + n, 1)\n\ndef f(x):\n    a = A('k')\n    return x",
            "`a = A('k')`: a._k = 1.",
        ),
        (
            "from contextlib import ExitStack\n\n"
            "def f(x):\n    with ExitStack() as s:\n        s.callback(print, x)\n    return x",
            "as s:`: s is of type ExitStack.\nLine 5, `s.callback(print, x)`: no local variable changes.",
        ),
        (
            "from collections import OrderedDict\n\n"
            "def f(x):\n    d = OrderedDict(a=1, b=2)\n    d.move_to_end('a')\n    return list(d)",
            "d is of type OrderedDict and holds {'b': 2, 'a': 1}.",
        ),
    ],
)
def test_what_a_statement_does_to_values_without_a_literal_is_told(pool: Pool, source: str, sentence: str) -> None:
    run = trace(pool, source, "3")
    text = narrate(question(run), run, "steps").text
    assert sentence in text
    assert audit(text, run).first_false is None


@pytest.mark.parametrize(
    "change",
    [
        ("A.n += x", "B = A\n    B.n = 7\n    A.n += x"),
        ("A.n += x", "setattr(A, 'n', 7)\n    A.n += x"),
        ("A.n += x", "A().n = 7; A.n += x"),
        ("A.n += x", "A.n += x; A.n += 1"),
        ("A.n += x", "A.n += g(A)"),
        ("class A:", "class M(type):\n    pass\n\nclass A(metaclass=M):"),
        ("class A:", "from enum import Flag as Z\n\nclass A(type(chance())):"),
        ("    n = 0", "    n = 0\n    n += 1"),
        ("def f(x):", "def f(x):\n    class A:\n        n = 4"),
    ],
)
def test_an_attribute_of_a_class_that_may_be_set_unseen_is_not_told(pool: Pool, change: tuple[str, str]) -> None:
    helpers = "def chance():\n    return 1\n\ndef g(a):\n    return 1\n\n"
    source = f"{helpers}class A:\n    n = 0\n\ndef f(x):\n    A.n += x\n    return A.n"
    run = trace(pool, source, "3")
    assert "A.n = 3." in narrate(question(run), run, "steps").text
    run = trace(pool, source.replace(*change), "3")
    assert " A.n = " not in (narrate(question(run), run, "steps").text if run.outcome == "ok" else "")


def test_a_resumption_is_told_once(pool: Pool) -> None:
    run = trace(pool, "def g(n):\n    yield n\n\ndef f(n):\n    return list(g(n))", "3")
    assert "no local variable changes" not in narrate(question(run), run, "steps").text


@pytest.mark.parametrize("detail", DETAILS)
def test_a_call_whose_arguments_have_no_literal_is_said_without_a_colon(pool: Pool, detail: Detail) -> None:
    source = "def g(x):\n    return 3\n\ndef f(n):\n    return g(object()) + n\n"
    run = pool.run([Job(source, "f", "1", record="trace")])[0]
    lines = narrate(extend.task("output").collect(run).questions[0], run, detail).text.split("\n")
    assert any(line.rstrip(".") == "g is called" for line in lines), lines


HELPERS = """import asyncio, collections
def odd(n):
    return n % 2 == 1

def rest(n):
    return n % 3

def parts(n):
    yield from n

async def wait(n):
    await asyncio.sleep(n)

def shut(n):
    try:
        yield from [n]
        x = yield from parts([n])
    finally:
        n = 0

async def held(n):
    async with asyncio.Lock():
        x = await asyncio.sleep(0, n)
    try:
        await wait(n)
    finally:
        n += 1
    done = asyncio.get_running_loop().create_future()
    done.set_result(x)
    try:
        await done
    finally:
        n += 1
    return x

async def values(n):
    yield await wait(n)

async def later(n):
    return [each async for each in values(n)]

COUNT = 7
VOWELS = 'aeiou'

class Box:
    def __init__(self, n):
        self.n = n

def show(box):
    return box.n

def emptied(some):
    some.clear()
    return some

"""
LEVELS = """import enum
class Level(enum.Enum):
    LOW, HIGH = 1, 2

class Held:
    def __enter__(self): pass
    def __exit__(self, *error): pass

"""
SHARED = [
    (
        "if rest(x): return 5",
        "3",
        ("`if rest(x):`: rest(3) is false, the body is skipped.", "Line 59: f ends and returns None."),
    ),
    ("x = rest(x); x *= 3; x ^= 5", "5", ("Line 59: x = 3.",)),
    ("if x: return 5", "0", ("0 is false, the body is skipped.", "Line 59: f ends and returns None.")),
    ("if rest(x): return 5", "4", ("rest(4) is true, the body runs.", "`return 5`: f returns 5.")),
    ("y = rest(x); z = 3; x = rest(4)", "5", ("Line 59: x = 1 and y = 2 and z = 3.",)),
    ("for k in [1, 2]:\n        y = rest(x); break", "5", ("Line 60: y = 2.", "`break`: the loop is left.")),
    ("for k in given(x): x += k; k = 0", "2", ("Line 57, `got = yield n`: given yields 2.",)),
    ("match x:\n        case [k, l]: k, l = l, k", "[1, 2]", ("Line 60: k = 2 and l = 1.",)),
    ("match x:\n        case int() as v: v = v + 1", "5", ("Line 60: v = 6.",)),
    ("match x:\n        case [k, l]: k = 5", "[1, 2]", ("`case [k, l]:`: l = 2.", "Line 60: k = 5.")),
    ("if (k := x): k = k + 1", "1", ("`if (k := x):`: the test is made.", "Line 59: k = 2.")),
    ("for k in x: list(map(rest, [k := k + 1]))", "[1]", ("`for k in x:`: pass 1.",)),
    ("x = [rest(x)]; x = x[3]", "5", ("Line 59: x = [2].", "Line 59: raises IndexError: list index out of range.")),
]


@pytest.mark.parametrize(("statement", "given", "said"), SHARED, ids=[each[0] for each in SHARED])
def test_no_statement_of_a_line_is_told_to_do_what_another_does(
    pool: Pool, statement: str, given: str, said: Sequence[str]
) -> None:
    source = f"{HELPERS}def given(n):\n    got = yield n; n = got; return n\ndef f(x):\n    {statement}\n"
    run = trace(pool, source, given)
    questions = [each for task in ("output", "raises") for each in extend.task(task).collect(run).questions]
    text = narrate(questions[0], run, "steps").text
    assert [each for each in said if each not in text] == [], text
    assert audit(text, run).first_false is None


TOLD = [
    ("for c in x.replace('a', 'b'): pass", "'aa'", "'aa'.replace('a', 'b') is 'bb', pass 1, c = 'b'."),
    ("for c in [d for d in x if d > 'a']: pass", "'ab'", "'b' > 'a' is true, pass 1, c = 'b'."),
    ("for c in (d + d for d in x): pass", "'ab'", "`for c in (d + d for d in x):`: pass 1, c = 'aa'."),
    (
        "x = sum([v * v for v in range(x)]) + 1",
        "9",
        "sum([0, 1, 4, 9, 16, 25, 36, 49, 64]) is 204, 204 + 1 is 205, x = 205.",
    ),
    (
        "x.sort(key=lambda v: -v)",
        "[1, 2]",
        "`x.sort(key=lambda v: -v)`: sorted([1, 2], key=lambda v: -v) is [2, 1]",
    ),
    ("list(parts(x))", "[3]", "`yield from n`: nothing is left to yield."),
    ("asyncio.run(wait(x))", "0", "`await asyncio.sleep(n)`: what is awaited is done."),
    ("if x: pass", "True", "x is true, the body runs."),
    ("if sum([v * v for v in x]) > 99: x = 0", "[*range(10)] * 3", "`: sum([0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 0"),
    (
        "if sum([v * v for v in x]) > 99:\n        pass",
        "[*range(10)] * 3",
        "]) is 855, 855 > 99 is true, the body runs.",
    ),
    ("asyncio.run(later(x))", "0", "Line 37, `yield await wait(n)`: values waits."),
    ("asyncio.run(later(x))", "0", "Line 37, `yield await wait(n)`: values yields a value."),
    (
        "y = {}\n    y.setdefault(len(x), []).append(x)",
        "'ab'",
        "len('ab') is 2, {}.setdefault(2, []) is [], y = {2: ['ab']}.",
    ),
    ("y = x.pop(len(x) - 2)", "[1, 2, 3]", "3 - 2 is 1, [1, 2, 3].pop(1) is 2, y = 2 and x = [1, 3]."),
    ("y = x.pop(0) + x.pop()", "[1, 2, 3]", "`y = x.pop(0) + x.pop()`: y = 4 and x = [2]."),
    ("if x > 3 and odd(x):\n        pass", "5", "5 > 3 is true, the test is true, the body runs."),
    ("y = x < 3 or odd(x)", "5", "5 < 3 is false, y = True."),
    ("if isinstance(x, int): pass", "3", "isinstance(3, int) is true, the body runs."),
    ("if rest(x):\n        pass", "5", "rest(5) is true, the body runs."),
    ("if odd(x + 2):\n        pass", "3", "odd(5) is true, the body runs."),
    (
        "y = collections.deque(x)\n    y.append(3)",
        "[1]",
        "`y.append(3)`: y is of type deque and holds [1, 3].",
    ),
    ("y = collections.Counter(x)", "'aab'", "y is of type Counter and holds {'a': 2, 'b': 1}."),
    ("if not odd(x + 2):\n        pass", "3", "not odd(5) is false, the body is skipped."),
    ("if x in VOWELS:\n        pass", "'e'", "'e' in 'aeiou' is true, the body runs."),
    ("for c in VOWELS: pass", "0", "pass 2, c = 'e'."),
    ("global COUNT\n    COUNT += x", "2", "`COUNT += x`: COUNT = 9."),
    ("y = Box(x)\n    if y.n > 3:\n        pass", "5", "5 > 3 is true, the body runs."),
    ("y = rest(Box(x).n)\n    show(Box(y))", "5", "show is called with box.n = 2."),
    ("y = x if x > 3 else odd(x)", "2", "2 > 3 is false, y = False."),
    ("return len(x) > 1 and emptied(x)", "[1, 2]", "len([1, 2]) is 2, 2 > 1 is true, f returns []."),
    ("y = {}\n    y[len(x)] = x.pop()", "[1, 2]", "`y[len(x)] = x.pop()`: y = {1: 2} and x = [1]."),
    ("print('a', x)", "1.5", "`print('a', x)`: 'a 1.5' is printed."),
    (
        "match x:\n        case [y, *z]: x = y\n        case _: pass",
        "[1, 2]",
        "Line 66, `case [y, *z]:`: it matches, y = 1 and z = [2].\nLine 66, `x = y`: x = 1.",
    ),
    (
        "match x:\n        case [y, *z]: z.append(y)\n        case _: pass",
        "[1, 2]",
        "it matches, y = 1.\nLine 66, `z.append(y)`: z = [2, 1].",
    ),
    ("y = [x, 2]\n    del y[0], x", "1", "`del y[0], x`: y = [2] and x no longer exists."),
    ("print('a', x, sep=': ', end='!')", "1", "end='!')`: 'a: 1!' is printed."),
    ("print('a', x, end='\\n')", "1", "end='\\n')`: 'a 1' is printed."),
    ("print('a', x, sep=f'{x}')", "1", "sep=f'{x}')`: no local variable changes."),
    ("print('a', sep=None, end=str(x))", "1", "end=str(x))`: no local variable changes."),
    (
        "async def g():\n        yield x\n    async def h():\n"
        "        ys = [y + y async for y in g()]\n        return ys\n    asyncio.run(h())",
        "2",
        "`ys = [y + y async for y in g()]`: ys = [4].",
    ),
    ("def g(a): return a\n    g(x + 1 + 2)", "1", "`g(x + 1 + 2)`: no local variable changes."),
    ("b = Box(x)\n    b.n, y = 5, 6", "1", "`b.n, y = 5, 6`: y = 6 and b.n = 5."),
    ("b = Box(x)\n    y = b.n.pop()", "[1, 2]", "`y = b.n.pop()`: [1, 2].pop() is 2, y = 2 and x = [1] and b.n = [1]."),
    ("b = [0, Box(x)]\n    b[0], y = 5, 6", "1", "`b[0], y = 5, 6`: y = 6 and b[0] = 5."),
    ("b = Box(Box(x))\n    b.n.n = 3", "1", "`b.n.n = 3`: b.n.n = 3."),
    ("b = Box(x)\n    y = {'k': b}\n    b.n += 1", "1", "`b.n += 1`: 1 + 1 is 2, b.n = 2 and y['k'].n = 2."),
    ("y = {'k': Box(x), 'q': Box(x)}\n    del y['k']", "1", "`del y['k']`: y['k'] no longer exists."),
    ("y = [Box(x), Box(2)]\n    y.pop(0)", "1", "`y.pop(0)`: y is of type list and holds 1 item."),
    ("b = Box(x)\n    del b.n", "1", "`del b.n`: b.n no longer exists."),
    ("y = Box(x)\n    y = Box(x)", "1", "Line 66, `y = Box(x)`: y.n = 1."),
    ("for y in [Box(x), Box(2)]:\n        pass", "1", "pass 2, y.n = 2."),
    ("y = [len, odd]", "1", "y[0] is of type builtin_function_or_method and y[1] is of type function."),
    ("y = Level(x)", "2", "`y = Level(x)`: y is <Level.HIGH: 2>."),
    (
        "for y in x:\n        try:\n            break\n        finally:\n            y += 1",
        "[1]",
        "the loop is to be left.",
    ),
    ("for y in x:\n        with Held():\n            continue", "[1]", "the next pass of the loop is to begin."),
    (
        "for y in x:\n        try:\n            y += 1\n        finally:\n            break",
        "[1]",
        "`break`: the loop is left.",
    ),
    ("try:\n        for y in x:\n            break\n    finally:\n        y += 1", "[1]", "`break`: the loop is left."),
    ("y = max(x, key=lambda s: s.encode())", "['a', 'b']", "`y = max(x, key=lambda s: s.encode())`: y = 'b'."),
]


@pytest.mark.parametrize("statement", ["asyncio.run(held(x))", "list(shut(x))"])
def test_the_end_of_what_is_awaited_is_no_exception_in_any_block(pool: Pool, statement: str) -> None:
    run = trace(pool, f"{HELPERS}def f(x):\n    {statement}\n    return 0", "0")
    assert "raises" not in narrate(question(run), run, "steps").text


@pytest.mark.parametrize(("statement", "given", "said"), TOLD, ids=[each[0] for each in TOLD])
def test_a_sentence_says_what_decides(pool: Pool, statement: str, given: str, said: str) -> None:
    run = trace(pool, f"{HELPERS}{LEVELS}def f(x):\n    {statement}\n    return 0", given)
    text = narrate(question(run), run, "steps").text
    assert said in text
    assert audit(text, run).first_false is None
