"""trace and quiz, as an engineer types them."""

from __future__ import annotations

import json
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
    assert "no.py cannot be read as Python source" in err
