"""trace and quiz, as an engineer types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.cli.conftest import Command

SOURCE = """\
def f(xs, limit=2):
    total = 0
    for x in xs:
        if x > limit:
            total += x
    return [total, "a"][0]
"""

CHAIN = '''
from codereasoner.extend import Completion, Model


class Stale(Model):
    """Forgets the first item, in a chain."""

    name = "stale"

    def complete(self, prompts, sampling):
        for index, prompt in enumerate(prompts):
            text = "total = 0\\nx = 5, total = 5\\nx = 3, total = 3" if prompt.question.task == "output" else ""
            yield index, Completion(f"{text}\\n<answer>3</answer>")
'''


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(SOURCE)
    return path


def test_a_trace_folds_the_values_of_a_loop_and_tells_its_tests(command: Command, program: Path) -> None:
    code, out, _ = command("trace", str(program), "f([1, 5, 3, 4, 9, 7])", "--allow-weak-isolation")
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert code == 0
    assert "x = 1 → 5 → 3 → … → 7" in lines["3"]
    assert "×7" in lines["3"]
    assert "false, true ×5" in lines["4"]
    assert "total = 5 → 8 → 12 → … → 28" in lines["5"]
    assert "returns 28" in lines["6"]
    assert out.rstrip().endswith("f([1, 5, 3, 4, 9, 7]) → 28")


def test_a_trace_of_a_call_that_raises_shows_where(command: Command, program: Path) -> None:
    code, out, err = command("trace", str(program), "f([1, 'a'])", "--allow-weak-isolation")
    assert code == 1
    assert "raises TypeError" in out
    assert "TypeError" in err


def test_a_trace_as_json_is_the_run(command: Command, program: Path) -> None:
    code, out, _ = command("trace", str(program), "f([1, 5])", "--json", "--allow-weak-isolation")
    assert code == 0
    assert json.loads(out)["value"] == "5"


def test_a_right_reader_is_told_so(command: Command, program: Path) -> None:
    code, out, _ = command("quiz", str(program), "f([5, 1, 3])", "--model", "scripted:gold", "--allow-weak-isolation")
    assert code == 0
    assert "first goes wrong" not in out
    assert "output 1/1" in out


def test_a_wrong_reader_is_shown_the_false_claim_beside_the_trace(
    command: Command, program: Path, tmp_path: Path
) -> None:
    (tmp_path / "stale.py").write_text(CHAIN)
    model = f"{tmp_path / 'stale.py'}:Stale"
    code, out, _ = command("quiz", str(program), "f([5, 1, 3])", "--model", model, "--allow-weak-isolation")
    assert code == 0
    assert "first goes wrong in the question about output: stale value" in out
    [noted] = [number for number, line in enumerate(out.splitlines()) if "◀ stale value" in line]
    assert "total += x" in out.splitlines()[noted - 1]
    assert "4 of the 5 claims are true" in out


def test_a_quiz_is_about_code_that_imports_modules(command: Command) -> None:
    Path("prices.py").write_text("RATE = 2\n")
    Path("shop.py").write_text("import prices\n\n\ndef f(x):\n    y = x * prices.RATE\n    return y\n")
    Path().chmod(0o755)  # programs of root run as the user nobody
    words = ("quiz", "shop.py", "f(3)", "--model", "scripted:gold", "--allow-weak-isolation")
    code, _, err = command(*words)
    assert (code, "No module named 'prices'; --with NAME imports it before" in err) == (1, True)
    code, out, _ = command(*words, "--with", "./prices.py")
    assert (code, "f(3) → 6" in out) == (0, True)


def test_a_quiz_as_json_has_every_grade_and_mistake(command: Command, program: Path) -> None:
    words = ("quiz", str(program), "f([5, 1, 3])", "--model", "scripted:wrong", "--task", "output", "--json")
    code, out, _ = command(*words, "--allow-weak-isolation")
    found = json.loads(out)
    assert code == 0
    assert (found["right"], found["asked"], found["value"]) == (0, 1, "8")
    assert found["questions"][0]["mistake"]["kind"] == "type_confusion"


def test_a_file_that_is_not_there_is_named(command: Command) -> None:
    code, _, err = command("quiz", "no.py", "f(1)", "--model", "scripted:gold", "--allow-weak-isolation")
    assert code == 2
    assert "there is no file no.py" in err


HASHED = """\
def f(words):
    return list(set(words))


def g(words):
    found = set(words)
    count = 0
    for word in found:
        count += len(word)
    return count
"""


def test_a_value_that_depends_on_the_hash_seed_is_not_asked_about(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "order.py"
    path.write_text(HASHED)
    words = "['pear', 'fig', 'plum', 'date', 'fig tree']"
    code, _, err = command("quiz", str(path), f"f({words})", "--model", "scripted:gold", "--allow-weak-isolation")
    assert code == 1
    assert "its value depends on the hash seed" in err
    code, out, err = command("quiz", str(path), f"g({words})", "--model", "scripted:gold", "--allow-weak-isolation")
    assert code == 0
    assert "1 of 1 right: output 1/1" in out
    assert "only its value is asked about" in err


LONG = """\
LIMIT = "a constant whose line is far longer than any terminal of eighty columns would ever show in one row"


def unused(x):
    return x


def f(point, limit):
    match point:
        case (0, x) | (x, 0) if x > limit and limit < 1_000_000_000_000 and isinstance(x, int) and True:
            where = f"axis {x}"
        case _:
            where = "none"
    if (where
            and limit):
        pass
    return where


def g(n):
    yield n


class Point:
    def __init__(self, x):
        self.x = x


def h(x):
    return Point(x)
"""


@pytest.fixture
def long(tmp_path: Path) -> Path:
    path = tmp_path / "long.py"
    path.write_text(LONG)
    return path


@pytest.mark.parametrize("columns", ["20", "60", "80", "200"])
def test_values_never_give_way_to_the_source(
    command: Command, long: Path, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    code, out, _ = command("trace", str(long), "f((7, 0), 3)", "--allow-weak-isolation")
    assert code == 0
    assert all(len(line) <= int(columns) for line in out.splitlines())
    if columns == "20":
        out = " ".join(out.split())
        assert re.search(r"\d def f\(point,.*…", out)
    for value in ("point = (7, 0)", "x = 7", "where = 'axis 7'", "returns 'axis 7'", "matches", "true"):
        assert value in out, value


def test_only_functions_that_ran_are_shown_and_a_statement_counts_once(command: Command, long: Path) -> None:
    _, out, _ = command("trace", str(long), "f((7, 0), 3)", "--allow-weak-isolation")
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "def unused" not in out
    assert "×1" in lines["14"]
    assert "×" not in lines["15"]
    assert "x = 7" in lines["10"]
    _, whole, _ = command("trace", str(long), "f((7, 0), 3)", "--allow-weak-isolation", "--whole-file")
    assert "def unused" in whole


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("g(3)", "a generator, which was never run: trace 'list(g(3))'"),
        ("h(3)", "<Point x=3>"),
        ("Point(3)", "<Point x=3>"),
        ("[h(3)]", "<list [<Point x=3>]>"),
        ("(g(3), 1)", "<tuple (<generator g>, 1)>"),
        ("str(h(3).x) * 9000", f"'{'3' * 1999}… (9,002 characters; --json has them all)"),
    ],
)
def test_what_is_known_of_a_value_without_a_literal_is_said(command: Command, long: Path, call: str, told: str) -> None:
    _, out, _ = command("trace", str(long), call, "--allow-weak-isolation")
    assert out.replace("\n", "").endswith(f"{call} → {told}")


def test_a_lambda_outside_of_functions_is_shown(command: Command) -> None:
    Path("l.py").write_text("f = lambda x: x + 1\ndef g(y):\n    return f(y) + f(y + 1)\nh = [f]\n")
    for call, told in (
        ("f(3)", "x = 3 returns 4"),
        ("g(3)", "x = 3 → 4 returns 4 → 5"),
        ("h[0](2)", "x = 2 returns 3"),
    ):
        _, out, _ = command("trace", "l.py", call, "--allow-weak-isolation")
        first = out.partition("\n2 ")[0].partition(call + " →")[0]
        assert " ".join(first.split()) == f"1 ×{told.count('→') // 2 + 1} f = lambda x: x + 1 {told}"
    _, out, _ = command("trace", "l.py", "(lambda q: g(q))(1)", "--allow-weak-isolation")
    assert out.split("\n")[-2] == "(lambda q: g(q))(1) → 5"


def test_where_no_line_of_a_file_ran_none_is_shown(command: Command, long: Path) -> None:
    _, out, _ = command("trace", str(long), "print('x')", "--allow-weak-isolation")
    assert out == "no line of this file ran\nprinted: x\nprint('x') → None\n"
