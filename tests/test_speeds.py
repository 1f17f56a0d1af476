"""The README's table of speeds, and the ratios that it is made of."""

from __future__ import annotations

import json

import pytest
from perf import bench
from perf.ratios import alternate, ratio


def test_the_table_of_speeds_in_the_readme_is_that_of_the_stored_benchmarks() -> None:
    stored, readme = json.loads(bench.STORED.read_text()), bench.README.read_text()
    assert bench.with_table(readme, stored) == readme
    assert bench.BEGIN in readme
    assert all(each["rounds"] >= 5 for each in bench.ratios(stored).values())


def test_ways_take_turns_and_a_ratio_is_the_median_of_the_turns() -> None:
    log: list[str] = []
    speeds = iter([4.0, 2.0, 9.0, 3.0, 8.0, 1.0])
    ways = {name: lambda name=name: log.append(name) or next(speeds) for name in ("slow", "fast")}  # type: ignore[func-returns-value]
    times = alternate(ways, 3)
    assert log == ["slow", "fast"] * 3
    assert ratio(times["slow"], times["fast"]) == {"median": 3.0, "low": 2.0, "high": 8.0, "rounds": 3}


def test_a_comparison_names_ratios_that_lie_outside_of_the_stored_spread() -> None:
    now = {"median": 2.0, "low": 1.9, "high": 2.1, "rounds": 5}
    result = {"benchmarks": {"data": {"ratios": {"ours: theirs": now}, "target_missed": False}}}
    stored = {"benchmarks": {"data": {"ratios": {"ours: theirs": now | {"median": 3.0, "low": 2.9, "high": 3.1}}}}}
    assert "differs" in bench.compared(result, stored)
    assert "differs" not in bench.compared(result, result)


def test_a_comparison_names_stages_whose_share_of_a_build_has_grown() -> None:
    def build(chain: float) -> dict[str, object]:
        stages = {"trace": {"cpu": 6.0}, "chain": {"cpu": chain}}
        return {"benchmarks": {"data": {"stages": stages, "target_missed": False}}}

    assert "data: chain: 50% of the CPU seconds, 33% stored" in bench.compared(build(6.0), build(3.0))
    assert "chain" not in bench.compared(build(3.0), build(3.0))


def test_a_part_of_the_benchmarks_is_not_stored_beside_old_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--only", "data", "--store"])
    with pytest.raises(SystemExit):
        bench.main()
    assert "leave --only out" in capsys.readouterr().err
