"""What holds for every registered benchmark, the moment its file exists."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.benchmarks.published import published_numbers
from codereasoner.errors import UserError
from codereasoner.extend import Benchmark
from codereasoner.task import Question

NAMES = sorted(extend.available("benchmark"))


def test_the_benchmarks_of_the_design_are_all_there() -> None:
    wanted = {"cruxeval-i", "cruxeval-o", "livecodebench-exec", "reval"}
    wanted |= {f"reval-{part}" for part in ("coverage", "state", "path", "output", "consistency")}
    wanted |= {f"codeglance-{part}" for part in ("cruxeval", "ds1000", "pannum", "monkbeat", "torchdata")}
    assert wanted <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_facts_are_stated(name: str) -> None:
    benchmark = extend.find("benchmark", name)
    for fact in ("title", "version", "license", "paper"):
        assert getattr(benchmark, fact), fact
    assert benchmark.paper.startswith("arXiv:")
    assert benchmark.files
    assert all(0 < each.value <= 100 and each.settings and each.source for _, each in published_numbers(benchmark))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", ["", "{}\n", "[1, 2]\n", "no json\n", "\x00"])
def test_a_file_of_something_else_is_an_error_of_the_user(name: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(content)
    with pytest.raises(UserError):
        extend.find("benchmark", name).load(path, lambda jobs: [])


def test_a_model_is_not_asked_about_programs_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps({"sample_0": "1"}))
    command = [sys.executable, "-m", "codereasoner", "evaluate", "livecodebench-exec", "--model", "scripted:gold"]
    command += ["--data", str(path), "--out", str(tmp_path / "out"), "--allow-weak-isolation"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 2
    assert "has no programs" in " ".join(done.stderr.split())


def test_the_baselines_of_a_benchmark_written_for_0_1_are_read() -> None:
    class Old(Benchmark):
        name = "old"

        def floors(self, questions: Sequence[Question]) -> dict[str, float]:
            return {"nothing": 7.0}

    assert Old().baselines([]) == {"nothing": 7.0}
