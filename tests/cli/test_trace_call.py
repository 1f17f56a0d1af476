"""`trace FILE CALL` for an engineer's own code: limits, imports, methods, generators."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.cli.conftest import Command

WEAK = "--allow-weak-isolation"
ACCOUNT = """import asyncio


class Account:
    def __init__(self, money):
        self.money = money

    def deposit(self, n):
        self.money += n
        return self.money


def twice(x):
    return 2 * x


def numbers(n):
    yield n


class Shelf:
    def __init__(self):
        self.books = []

    def put(self, book):
        self.books.append(book)
        return self


async def pause(n):
    await asyncio.sleep(0)
    return n


def wait(n):
    return asyncio.run(pause(n))


async def values(n):
    yield await pause(n)


async def listed(n):
    return [each async for each in values(n)]
"""


@pytest.fixture
def trace(command: Command) -> Command:
    Path("code.py").write_text(ACCOUNT)

    def run(*words: str) -> tuple[int, str, str]:
        return command("trace", *words, WEAK)

    return run


def test_a_run_that_a_limit_ended_shows_its_first_steps(trace: Command) -> None:
    Path("loop.py").write_text("def f(n):\n    total = 0\n    while True:\n        total += n\n")
    code, out, err = trace("loop.py", "f(3)", "--cpu-seconds", "0.2")
    assert code == 1
    assert "total = 3 → 6 → 9" in out
    assert "the trace ends early: these are the first 300 steps" in out
    assert "more than 0.2 seconds of CPU" in err


def test_a_file_that_is_nested_too_deeply_ends_in_a_sentence(trace: Command) -> None:
    Path("deep.py").write_text("x = " + "-" * 100_000 + "1\ndef f(n):\n    return n\n")
    code, _, err = trace("deep.py", "f(3)")
    assert code == 1
    assert "does not compile" in err


def test_a_slow_call_is_given_more_time_and_the_hint_says_so(trace: Command) -> None:
    Path("slow.py").write_text("def f(n):\n    return sum(1 for _ in range(n)) + sum(range(50_000_000))\n")
    code, _, err = trace("slow.py", "f(3)", "--cpu-seconds", "30")
    assert (code, err) == (0, "")
    Path("endless.py").write_text("def f():\n    while True:\n        pass\n")
    assert "--cpu-seconds N gives it more" in trace("endless.py", "f()")[2]


def test_methods_of_objects_are_traced(trace: Command) -> None:
    code, out, _ = trace("code.py", "Account(3).deposit(twice(2))")
    assert code == 0
    assert "returns 7" in out
    assert "Account(3).deposit(twice(2)) → 7" in out
    _, out, _ = trace("code.py", "Account(3).deposit(4)", "--json")
    assert json.loads(out)["value"] == "7"


@pytest.mark.parametrize(
    ("call", "said"),
    [("Shelf().put(3)", "→ <Shelf books=[3]>"), ("Shelf()", "→ <Shelf books=[]>"), ("wait(3)", "wait(3) → 3")],
)
def test_an_object_is_shown_as_what_its_method_returned_and_nothing_as_none(
    trace: Command, call: str, said: str
) -> None:
    out = trace("code.py", call)[1]
    assert said in out
    assert "None" not in out  # no yield of an `await`, no return at the end of `__init__`


def test_what_an_asynchronous_generator_yields_is_shown_and_what_it_awaits_is_not(trace: Command) -> None:
    out = trace("code.py", "asyncio.run(listed(3))")[1]
    assert out.count("yields") == 1
    assert "yields a value" in out


def test_a_call_may_await(trace: Command) -> None:
    assert "await pause(await pause(3)) → 3" in trace("code.py", "await pause(await pause(3))")[1]


def test_a_call_may_spread_a_list_and_a_dict(trace: Command) -> None:
    assert "→ 4" in trace("code.py", "twice(**{'x': 2})")[1]
    assert "→ 4" in trace("code.py", "twice(*[2], **{})")[1]


def test_a_generator_was_never_run(trace: Command) -> None:
    for call, whole in (
        ("numbers(3)", "a generator, which was never run: trace 'list(numbers(3))'"),
        ("pause(3)", "a coroutine, which was never run: trace 'await pause(3)'"),
        ("values(3)", "a generator, which was never run: trace '[each async for each in values(3)]'"),
    ):
        assert f"{call} → {whole}" in " ".join(trace("code.py", call)[1].split())
    assert "→ [3]" in trace("code.py", "[each async for each in values(3)]")[1]


def test_a_long_output_is_shown_by_its_beginning_and_its_end(trace: Command) -> None:
    Path("report.py").write_text("for i in range(40_000):\n    print('line', i)\n")
    code, out, err = trace("report.py")
    assert (code, err) == (0, "")
    assert "line 0\n" in out
    assert "line 39999\n" in out
    assert "characters more: --json has them all" in out
    assert len(out) < 6_000
    assert json.loads(trace("report.py", "--json")[1])["stdout"].count("\n") == 40_000


def test_an_exit_with_a_number_says_what_was_written_to_standard_error(trace: Command) -> None:
    Path("count.py").write_text(
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('n', type=int)\n"
        "print(parser.parse_args().n)\n"
    )
    code, _, err = trace("count.py", "--argv", "x")
    assert (code, "SystemExit: 2: count.py: error: argument n: invalid int value: 'x'" in err) == (1, True)
    Path("leave.py").write_text("import sys\nsys.exit(int(sys.argv[1]) or 'no reason')\n")
    assert "ended itself: SystemExit: 3\n" in trace("leave.py", "--argv", "3")[2]
    assert "ended itself: SystemExit: no reason\n" in trace("leave.py", "--argv", "0")[2]
    Path("long.py").write_text("import sys\nsys.exit('because ' * 100 + 'of that')\n")
    assert trace("long.py")[2].endswith("because of that\n")
    for gone in ("close", "detach"):
        Path("gone.py").write_text(f"import sys\nprint('bye', file=sys.stderr)\nsys.stderr.{gone}()\nsys.exit(4)\n")
        assert "ended itself: SystemExit: 4: bye\n" in trace("gone.py")[2]


def test_a_file_that_does_not_parse_is_named(trace: Command) -> None:
    Path("broken.py").write_text("def f(x):\n    return x +\n")
    for call in (("f(1)",), ("f(1) + 1",), ()):
        assert "SyntaxError: invalid syntax (broken.py, line 2)" in trace("broken.py", *call)[2]


def test_a_module_that_the_code_needs_is_named_and_brought_in(trace: Command) -> None:
    Path("helper.py").write_text("def g(x):\n    return x + 1\n")
    Path("own.py").write_text("import helper\n\n\ndef f(x):\n    return helper.g(x)\n")
    Path().chmod(0o755)  # programs of root run as the user nobody
    code, _, err = trace("own.py", "f(3)")
    assert code == 1
    assert "programs run in an empty world: --with ./helper.py imports it before" in err
    code, out, err = trace("own.py", "f(3)", "--with", "./helper.py")
    assert (code, err) == (0, "")
    assert "f(3) → 4" in out
    code, _, err = trace("own.py", "f(3)", "--with", "nowhere")
    assert code == 2
    assert "--with nowhere: there is no module of that name here" in err


SHOP = """RATES = {'a': 1}
count = 0


class Cart:
    def __init__(self):
        self.items = []
        self.total = 0

    def add(self, name, n=1):
        global count
        count += n
        self.items.append(name)
        self.total += RATES[name] * n
        return self.total


def cost(names, key=len):
    cart = Cart()
    RATES['b'] = 5
    for name in names:
        cart.add(name)
    return cart.total


if __name__ == '__main__':
    import sys

    print(cost(sys.argv[1:] or ['a', 'b']))
    sys.exit(0)
"""
TEST_SHOP = """import pytest
import shop


@pytest.fixture
def cart():
    yield shop.Cart()


@pytest.mark.parametrize('n', [1, 2])
@pytest.mark.parametrize('name, want', [('a', 1), pytest.param('a', 1, id='again')])
def test_add(cart, name, want, n):
    assert cart.add(name, n) == want * n


class TestCount:
    @pytest.fixture(autouse=True)
    def prepare(self):
        self.wanted = 9

    def test_count(self, monkeypatch):
        monkeypatch.setattr(shop, 'count', 8)
        shop.Cart().add('a')
        assert shop.count == self.wanted


def test_file(tmp_path):
    assert tmp_path


@pytest.mark.skip(reason='not yet')
def test_skipped():
    pass
"""


@pytest.fixture
def shop(trace: Command) -> Command:
    Path("shop.py").write_text(SHOP)
    Path("test_shop.py").write_text(TEST_SHOP)
    Path().chmod(0o755)
    return trace


@pytest.mark.parametrize("words", [("--argv", "a a"), ("--argv", "a", "--argv", "a")])
def test_a_script_is_traced_with_its_main_block_and_its_arguments(words: Sequence[str], shop: Command) -> None:
    code, out, err = shop("shop.py", *words)
    assert (code, err) == (0, "")
    assert "if __name__ == '__main__':" in out
    assert "printed: 2" in out
    assert "python shop.py a a → ends" in out


def test_changed_globals_attributes_and_items_are_shown(shop: Command) -> None:
    _, out, _ = shop("shop.py", "cost(['a', 'b'], key=sorted)")
    assert "key = <builtin_function_or_method sorted>" in out  # an argument that is no literal
    assert "count = 1 → 2" in out
    assert "RATES = {'a': 1, 'b': 5}" in out
    assert "self.items = ['a'] → ['a', 'b']" in out
    assert "cart.total = 1 → 6" in out
    Path("long.py").write_text(
        "def f():\n    d = {i: i * i for i in range(60)}\n    d[50] = 'new'\n    return len(d)\n"
    )
    assert "d[50] = 'new'" in shop("long.py", "f()")[1]


NEW = """class P:
    def __init__(self, x):
        self.x, self.y = x, 0

def renew():
    global p
    p = P(8)

p = P(7)

def f(n):
    for i in range(2):
        q = P(i + 5)
    r = q
    q = p; r.x += 1
    renew()
    for q in [P(1), P(2)]:
        q.y += 1
    return p.x
"""


def test_a_variable_that_is_bound_to_another_object_is_shown_whole(shop: Command) -> None:
    Path("new.py").write_text(NEW)
    _, out, _ = shop("new.py", "f(1)")
    told = {row.split()[0]: row.rstrip() for row in out.splitlines() if row.split()[0].isdecimal()}
    assert told["13"].endswith("q = <P x=5, y=0> → <P x=6, y=0>")
    assert "q = <P x=7, y=0>" in out
    assert "r.x = 7" in out
    assert "p.x =" not in out
    assert told["17"].endswith("q = <P x=1, y=0> → <P x=2, y=0>")
    assert told["18"].endswith("q.y = 1 → 1")


@pytest.mark.parametrize(
    ("test", "shown"),
    [
        ("test_shop.py::test_add", ["n = 1", "returns 1", "test_add → passes"]),
        ("test_shop.py::test_add[again-2]", ["n = 2", "returns 2", "test_add[again-2] → passes"]),
        ("test_shop.py::TestCount::test_count", ["count = 9", "test_count → passes"]),
    ],
)
def test_the_lines_that_a_test_runs_are_traced(shop: Command, test: str, shown: list[str]) -> None:
    code, out, err = shop("shop.py", test)
    assert (code, err) == (0, "")
    assert [each for each in shown if each not in out] == []


def test_a_test_itself_is_traced(shop: Command) -> None:
    code, _, err = shop("test_shop.py::test_add")
    assert code == 1
    assert "--with ./shop.py imports it before" in err
    code, out, err = shop("test_shop.py::test_add", "--with", "./shop.py")
    assert (code, err) == (0, "")
    assert "want = 1" in out
    Path("test_unit.py").write_text(
        "import unittest\n\n\nclass TestIt(unittest.TestCase):\n    def setUp(self):\n        self.n = 3\n\n"
        "    def test_n(self):\n        self.assertEqual(self.n, 4)\n"
    )
    code, out, err = shop("test_unit.py::TestIt::test_n")
    assert (code, "self.n = 3" in out, "AssertionError: 3 != 4" in err) == (1, True, True)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("test_file", "the fixture tmp_path is not a function of this file"),
        ("test_skipped", "test_skipped is skipped: not yet"),
        ("test_ad", "there is no test test_ad; there are: test_add, test_file, test_skipped"),
        ("test_add[3]", "test_add has no parameter set [3]; there are: a-1-1, a-1-2, again-1, again-2"),
        ("TestNone::test_x", "there is no class TestNone in the test file"),
    ],
)
def test_a_test_that_cannot_run_without_pytest_is_told_so(shop: Command, test: str, message: str) -> None:
    code, out, err = shop("shop.py", f"test_shop.py::{test}")
    assert (code, out) == (2, "")
    assert message in err


def test_a_module_runs_with_the_package_around_it(trace: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path.cwd()))
    Path("parcel").mkdir()
    Path("parcel/__init__.py").write_text("")
    Path("parcel/core.py").write_text("def twice(x):\n    return 2 * x\n")
    Path("parcel/__main__.py").write_text("from . import core\nprint(core.twice(5))\n")
    Path("parcel/run.py").write_text(
        "from .core import twice\n\n\ndef main(n=3):\n    return twice(n)\n\n\nprint(main())\n"
    )
    for path in (Path(), Path("parcel")):
        path.chmod(0o755)
    code, out, err = trace("-m", "parcel.run")
    assert (code, err) == (0, "")
    assert "python -m parcel.run → ends" in out
    assert "main(4) → 8" in trace("-m", "parcel.run", "main(4)")[1]
    assert "main(5) → 10" in trace("parcel/run.py", "main(5)")[1]
    for name in ("parcel", "parcel.__main__"):
        code, out, _ = trace("-m", name)
        assert (code, out.split("\n")[-3:]) == (0, ["printed: 10", "python -m parcel → ends", ""])
    Path("crate").mkdir(mode=0o755)  # a package without an __init__.py
    Path("crate/size.py").write_text("N = 4\n")
    Path("crate/run.py").write_text("from . import size\nprint(size.N)\n")
    code, out, _ = trace("-m", "crate.run")
    assert (code, out.split("\n")[-3:]) == (0, ["printed: 4", "python -m crate.run → ends", ""])
    code, out, err = trace("-m", "parcel.none")
    assert (code, out) == (2, "")
    assert "-m parcel.none: there is no module of that name" in err


def test_a_module_that_is_nowhere_is_not_proposed(trace: Command) -> None:
    Path("gone.py").write_text("import nowhere_to_be_found\n\n\ndef f():\n    return 1\n")
    code, _, err = trace("gone.py", "f()")
    assert (code, "--with" in err) == (1, False)
    assert "it is not installed where codereasoner is" in err
    assert trace("gone.py", "f()", "--with", "math,")[0] == 1  # a comma at the end is no module


def test_a_file_of_which_no_line_ran_is_told_so(shop: Command) -> None:
    Path("idle.py").write_text("def f():\n    return 1\n")
    Path("main.py").write_text("print(3)\n")
    code, out, _ = shop("idle.py", "main.py")
    assert code == 0
    assert out.split("\n")[:3] == ["no line of this file ran", "printed: 3", "python main.py → ends"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("open('data.txt')", "'data.txt'; programs run in an empty world: --file data.txt lets it read that"),
        ("open('gone.txt')", "No such file or directory: 'gone.txt'\n"),
        ("input()", "a traced program reads what is piped to `codereasoner trace`"),
        ("import glob\nprint(glob.glob('*'))", "a traced program sees no files but those of --file"),
        ("open('new.txt', 'w')", "a traced program writes no files"),
        ("import os\nos.mkdir('new')", "a traced program writes no files"),
        ("import tempfile\ntempfile.mkdtemp()", "a traced program writes no files"),
        ("import multiprocessing\nmultiprocessing.Pool(2)", "no network, process, thread or environment"),
        ("import subprocess\nsubprocess.run(['ls'])", "no network, process, thread or environment"),
        ("import socket\nsocket.socket()", "no network, process, thread or environment"),
        ("import os\nos.environ['HOME']", "no network, process, thread or environment"),
    ],
)
def test_what_the_world_of_a_traced_script_lacks_is_told_with_what_helps(
    source: str, said: str, trace: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    Path("data.txt").write_text("1\n")
    Path("script.py").write_text(source + "\n")
    assert said in trace("script.py")[2]


def test_a_function_of_ones_own_that_walks_is_not_taken_for_one_that_looks_for_files(trace: Command) -> None:
    Path("tree.py").write_text("import ast\n\n\ndef walk(text):\n    return len([*ast.walk(ast.parse(text))])\n")
    assert trace("tree.py", "walk('1')")[2] == ""


def test_a_script_reads_what_is_piped_to_trace(trace: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for source, call in (
        ("import sys\nfor line in sys.stdin:\n    print(int(line) * 2)\n", ()),
        ("import sys\nprint(sys.stdin.buffer.read().decode().replace('1', '2').replace('3', '6'))\n", ()),
        ("def ask():\n    for n in range(2):\n        print(int(input()) * 2)\n", ("ask()",)),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"1\n3\n")))
        Path("script.py").write_text(source)
        code, out, err = trace("script.py", *call)
        assert (code, err, "printed: 2\n6\n" in out) == (0, "", True)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"1" * 1_000_001)))
    code, _, err = trace("script.py", "ask()")
    assert (code, "standard input has more than 1,000,000 bytes" in err) == (2, True)


def test_a_script_reads_the_files_that_it_is_given_and_those_in_its_arguments(trace: Command) -> None:
    Path("data").mkdir()
    Path("data/n.txt").write_text("3")
    Path("read.py").write_text(
        "import sys\nfrom pathlib import Path\n\n\ndef f(path):\n    return int(open(path).read())\n\n\n"
        "if __name__ == '__main__':\n    print([*map(f, sys.argv[1:])], Path(__file__).with_name('data').is_dir())\n"
    )
    for each in (Path(), Path("data"), Path("data/n.txt")):
        each.chmod(0o755)
    assert "printed: [3] True" in trace("read.py", "--argv", "data/n.txt")[1]
    assert "printed: [] True" in trace("read.py", "--file", "data")[1]
    assert "f('data/n.txt') → 3" in trace("read.py", "f('data/n.txt')", "--file", "data")[1]
    assert f"f('{Path('data/n.txt').resolve()}') → 3" in trace(
        "read.py", f"f('{Path('data/n.txt').resolve()}')", "--file", "data/n.txt"
    )[1].replace("\n", "")
    code, _, err = trace("read.py", "--file", "gone")
    assert (code, "'gone' does not exist" in err) == (2, True)


def test_a_module_is_not_shown_as_changed_where_it_is_used(trace: Command) -> None:
    Path("seed.py").write_text("import random, os\nrandom.seed(1)\nos.getcwd()\n")
    assert "<module" not in trace("seed.py")[1]


def test_a_mistyped_class_is_answered_with_the_classes_of_the_file(command: Command) -> None:
    Path("bank.py").write_text("class Account:\n    pass\n")
    code, _, err = command("trace", "bank.py", "Acount()", "--allow-weak-isolation")
    assert (code, "'Acount' is unknown, did you mean 'Account'?" in err) == (2, True)
