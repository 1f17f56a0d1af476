"""CodeMind's programs that models wrote (DER), and the code that a description asks for (SR)."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.benchmarks.codemind import CodemindDerHumaneval, CodemindSrHumaneval, code_in
from codereasoner.errors import DataError
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.gold_check import check_benchmark
from codereasoner.evaluation.score import score
from codereasoner.extend import Generations
from codereasoner.task import Runner
from codereasoner.tasks.replay import equalities

HEAD = 'import math\n\ndef up(x: float) -> int:\n    """The next whole number."""\n'
BODY = "def up(x: float) -> int:\n    return math.ceil(x)\n"
TESTS = (
    "METADATA = {}\n\ndef check(candidate):\n    assert candidate(1.5) == 2\n    assert candidate(-0.5) == 0, 'why'\n"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("HumanEval_1", "HumanEval_0"):
        folder = tmp_path / "dataset" / "Intermediate" / "Synthesis" / "humaneval" / name
        folder.mkdir(parents=True)
        for file, text in {
            "nl.txt": HEAD,
            "asserts.txt": TESTS,
            "main.py": BODY,
            "input.txt": "up(1.5) ",
            "output.txt": " 2",
        }.items():
            (folder / file).write_text(text)
    return tmp_path


def test_code_is_judged_by_tests_whose_values_it_never_sees(checkout: Path, runner: Runner) -> None:
    benchmark = CodemindSrHumaneval()
    questions = benchmark.load(checkout)
    assert [question.id for question in questions] == ["HumanEval_0", "HumanEval_1"]
    job = extend.task("code-generation").job(questions[0], BODY)
    assert job is not None
    assert "candidate(1.5)" in job.harness
    assert "== 2" not in job.source + job.harness
    texts = {
        "HumanEval_0": [f"```python\n{HEAD}\n{BODY}```", "import math\ndef up(x):\n    return 2", "x = ("],
        "HumanEval_1": [
            f"import math\n{BODY}",
            "import sys\ndef up(x):\n    sys.exit(0)",
            "class E:\n    def __eq__(s, o):\n        return True\ndef up(x):\n    return E()",
        ],
    }
    result = score(benchmark, questions, texts, "strict", runner)
    assert result["outcomes"] == {"correct": 2, "wrong": 4, "no_answer": 0, "truncated": 0, "error": 0}
    # Officially whatever prints no error passes: a program that ends itself, a value that equals everything.
    assert result["other"]["outcomes"]["correct"] == 4


@pytest.mark.parametrize(
    ("end", "passes"),
    [
        ("sys.exit(True)", True),
        ("sys.exit('1')", False),
        ("exit(3)", True),
        ("os._exit(1)", True),
        ("print('x', file=sys.stderr)\nos._exit(0)", False),
        ("os.write(2, b'x')\nos.abort()", False),
        ("os.abort()", True),
        ("os.kill(os.getpid(), 9)", True),
        ("print('x', file=sys.stderr)", False),
        ("print('x')", True),
        ("warnings.warn('x')", False),
        ("print(1 is 1)", False),
        ("if __name__ == '__main__':\n    raise ValueError", False),
        ("os.write(2, b'x')", False),
        ("sys.__stderr__.write('x')", False),
        ("sys.stderr = io.StringIO()\nprint('x', file=sys.stderr)", True),
        ("sys.stderr.close()", True),
        ("@dataclasses.dataclass\nclass P:\n    x: 'int'\nassert typing.get_type_hints(P) == {'x': int}", True),
        ("class P:\n    pass\nassert type(pickle.loads(pickle.dumps(P()))) is P", True),
        ("assert type(__builtins__) is type(sys) and __loader__ is not None", True),
        ("assert inspect.getsource(up).startswith('def up(x: float)')", True),
        ("atexit.register(lambda: 1 / 0)", False),
        ("assert sys.modules['__main__'].up is up and sys.argv == [__file__]", True),
    ],
)
def test_officially_code_passes_that_leaves_the_error_stream_empty(
    checkout: Path, runner: Runner, end: str, passes: bool
) -> None:
    benchmark = CodemindSrHumaneval()
    head = "import atexit, dataclasses, inspect, io, math, os, pickle, sys, typing, warnings"
    given = Generations({"HumanEval_0": [f"{head}\n{BODY}\n{end}"]})
    assert benchmark.grade_officially(benchmark.load(checkout)[:1], given, runner) == {"HumanEval_0": [passes]}


def test_the_prompt_shows_the_tests_only_where_asked(checkout: Path) -> None:
    task = extend.task("code-generation")
    assert "assert" not in task.statement(CodemindSrHumaneval().load(checkout)[0])
    assert "candidate(1.5) == 2" in task.statement(CodemindSrHumaneval(use_test=True).load(checkout)[0])


def test_a_solution_that_fails_its_own_tests_is_ill_posed(checkout: Path, runner: Runner) -> None:
    broken = checkout / "dataset/Intermediate/Synthesis/humaneval/HumanEval_1/main.py"
    broken.write_text("def up(x):\n    return x\n")
    result = check_benchmark("codemind-sr-humaneval", checkout, runner)
    assert (result["questions"], result["gold_accepted"], result["rejected"]) == (2, 1, [])
    assert result["ill_posed"] == [{"id": "HumanEval_1", "reason": "a test has another value"}]


def test_tests_that_are_more_than_equalities_are_run_apart_from_the_code(checkout: Path, runner: Runner) -> None:
    assert (known := equalities("assert f(1) == 2\nassert f(2) == [3]", "f", ""))
    assert (known.calls, known.values) == (("told(lambda: f(1))", "told(lambda: f(2))"), (2, [3]))
    for text in ("assert abs(f(1) - 2) < 1e-6", "for i in range(3):\n    assert f(i) == i", "not Python ("):
        assert equalities(text, "f", "") is None
    assert equalities("def check(other):\n    assert other(1) == 1", "f", "") is None
    tests = checkout / "dataset/Intermediate/Synthesis/humaneval/HumanEval_0/asserts.txt"
    tests.write_text("def check(candidate):\n    for i in range(3):\n        assert candidate(i - 0.5) == i\n")
    benchmark = CodemindSrHumaneval()
    questions = benchmark.load(checkout)[:1]
    texts = {"HumanEval_0": [f"import math\n{BODY}", "def up(x):\n    return 0"]}
    assert score(benchmark, questions, texts, "strict", runner, compare=False)["outcomes"]["correct"] == 1


def test_marked_code_is_found() -> None:
    assert code_in("so\n```python\na\n```\n```python\nb\n```") == "\na\n"
    assert code_in("[PYTHON]a[/PYTHON]") == code_in("a") == "a"


def test_results_are_read_from_folders(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "HumanEval_0").mkdir(parents=True)
    (tmp_path / "out" / "HumanEval_0" / "raw_output.txt").write_text("code")
    benchmark = CodemindSrHumaneval()
    found = read_generations(benchmark, tmp_path / "out", benchmark.load(checkout))
    assert found == {"HumanEval_0": ["code"], "HumanEval_1": [""]}


def test_dependent_reasoning_is_about_programs_that_a_model_wrote(checkout: Path) -> None:
    results = checkout / "Experiment_Results" / "DER" / "Synthesis" / "model" / "humaneval"
    for name in ("HumanEval_0", "HumanEval_1"):
        (results / name).mkdir(parents=True)
        (results / name / "main.py").write_text(f"import math\n{BODY}# by a model")
    benchmark = CodemindDerHumaneval()
    assert [question.gold for question in benchmark.load(results)] == [("2",), ("2",)]
    (results / "pass_id.txt").write_text("HumanEval_1\n")
    (question,) = benchmark.load(results)
    assert question.facts["source"].endswith("# by a model")
    assert question.facts["source"].startswith("from typing import *")
    shipped = benchmark.load(checkout)
    assert [question.id for question in shipped] == ["HumanEval_0", "HumanEval_1"]


def test_calls_and_outputs_are_those_that_codemind_compares(checkout: Path) -> None:
    compared = checkout / "dataset" / "humaneval" / "HumanEval_1"
    compared.mkdir(parents=True)
    (compared / "input.txt").write_text("up(2.5)")
    (compared / "output.txt").write_text("3")
    questions = CodemindDerHumaneval().load(checkout)
    assert [(each.id, each.facts["call"], each.gold) for each in questions] == [("HumanEval_1", "2.5", ("3",))]
    assert questions[0].facts["source"].endswith(BODY.strip())
    assert "dataset/humaneval/HumanEval_0 has no input.txt" in questions.unavailable["HumanEval_0"]


def test_a_program_without_its_call_is_unavailable(checkout: Path) -> None:
    (checkout / "dataset/Intermediate/Synthesis/humaneval/HumanEval_0/input.txt").write_text("up(1.5")
    benchmark = CodemindDerHumaneval()
    questions = benchmark.load(checkout)
    assert [question.id for question in questions] == ["HumanEval_1"]
    assert "must be a call" in questions.unavailable["HumanEval_0"]
    with pytest.raises(DataError, match="no checkout"):
        benchmark.load(checkout / "dataset")
