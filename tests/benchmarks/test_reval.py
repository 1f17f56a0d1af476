"""REval: its ground truth, its five numbers, its parsers, and what trivial answers get by its rules and by ours."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from codereasoner.benchmarks import reval_parsing
from codereasoner.benchmarks.loading import pool_for
from codereasoner.benchmarks.probes import probe_text
from codereasoner.benchmarks.reval import RevalAll, RevalOutput
from codereasoner.benchmarks.reval_files import Pair, read_pairs
from codereasoner.benchmarks.reval_truth import PROBE, blank_golds, derive, output_verdicts, state_verdicts
from codereasoner.errors import DataError
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.gold_check import compare_truth
from codereasoner.evaluation.score import grade_strictly, score
from codereasoner.extend import Questions, find
from codereasoner.records import Job, Run
from codereasoner.task import Runner

ORACLE = {"coverage": 100.0, "state": 98.54060913705584, "path": 100.0, "output": 100.0}
SYNTH = {
    "coverage": 81.05964467005076,
    "state": 50.66624365482234,
    "path": 60.27918781725889,
    "output": 54.63768115942029,
}


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """A pool that can also run the programs that need numpy and others."""
    with pool_for("reval", 2, allow_weak_isolation=True) as pool:
        yield pool.run


@pytest.fixture(scope="module")
def loaded(shared_data: Path, runner: Runner) -> tuple[RevalAll, Questions]:
    benchmark = RevalAll()
    return benchmark, benchmark.load(shared_data / "reval", runner)


def test_the_data_has_690_pairs_and_3152_points(shared_data: Path) -> None:
    pairs = read_pairs(shared_data / "reval")
    assert (len(pairs), sum(len(pair.points) for pair in pairs)) == (690, 3152)


@pytest.mark.slow
def test_the_published_ground_truth_is_derived_to_the_last_point(shared_data: Path, runner: Runner) -> None:
    folder = shared_data / "reval"
    result = compare_truth("reval", folder, folder / "ground_truth_py3.11.jsonl", runner)
    assert (result["points"], result["equal"], result["differing"]) == (2385, 2385, [])


def test_the_slowest_program_takes_less_than_half_of_its_time(shared_data: Path, runner: Runner) -> None:
    runs: list[Run] = []

    def keep(jobs: Sequence[Job]) -> Sequence[Run]:
        runs.extend(runner(jobs))
        return runs

    derive([pair for pair in read_pairs(shared_data / "reval") if pair.idx == 117], keep)
    assert {run.outcome for run in runs} == {"ok"}
    assert max(run.cpu_ms for run in runs) < 500 * RevalAll.cpu_seconds


def test_every_point_can_be_asked(loaded: tuple[RevalAll, Questions]) -> None:
    _, questions = loaded
    assert not questions.unavailable
    assert len(questions) == 3 * 3152 + 690


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "parts", "f1", "consistency"),
    [
        ("oracle_direct_temp0.0", ORACLE, 100.0, 98.54060913705584),
        ("synth_direct_temp0.0", SYNTH, 81.87063467962344, 21.720336294416242),
    ],
)
def test_the_five_official_numbers_of_the_logs(
    model: str,
    parts: dict[str, float],
    f1: float,
    consistency: float,
    loaded: tuple[RevalAll, Questions],
    shared_data: Path,
    runner: Runner,
) -> None:
    benchmark, questions = loaded
    texts = read_generations(benchmark, shared_data / "reval/synthetic_logs" / model, questions)
    result: Any = score(benchmark, questions, texts, "official", runner, compare=False)
    assert {part: result[part]["accuracy"] for part in parts} == pytest.approx(parts, abs=1e-9)
    assert result["coverage"]["f1"] == pytest.approx(f1, abs=1e-9)
    assert result["consistency"] == pytest.approx(consistency, abs=1e-9)


@pytest.mark.parametrize(
    ("part", "text", "baseline", "share"),
    [
        ("coverage", "YES", "coverage: yes to all", 53.74),
        ("path", "-1", "path: -1 to all", 58.66),
        ("state", "Nil", "state: Nil to all", 50.16),
    ],
)
def test_one_answer_to_all_gets_half_of_each_part(
    part: str, text: str, baseline: str, share: float, loaded: tuple[RevalAll, Questions], runner: Runner
) -> None:
    benchmark, questions = loaded
    asked = [question for question in questions if question.task == part]
    grades = grade_strictly(benchmark, asked, {question.id: [text] for question in asked}, runner)
    strict = 100 * sum(row[0].outcome == "correct" for row in grades.values()) / len(asked)
    assert strict == pytest.approx(share, abs=0.005)
    assert benchmark.baselines(questions)[baseline] == strict


@pytest.mark.slow
def test_a_true_assertion_about_nothing_gets_96_percent_officially_and_nothing_strictly(
    shared_data: Path, runner: Runner
) -> None:
    benchmark = RevalOutput()
    questions = benchmark.load(shared_data / "reval", runner)
    texts = {}
    for question in questions:
        pair = benchmark.pairs[question.id.removeprefix("output/")]
        line = "assertEqual(1, 1)" if pair.test else "assert 1 == 1"
        texts[question.id] = ["\n".join([line] * pair.output_pred.strip().count("assert"))]
    result = score(benchmark, questions, texts, "official", runner)
    assert result["pass@1"] == pytest.approx(100 * 664 / 690, abs=0.2)
    assert result["other"]["pass@1"] == 0.0


@pytest.fixture(scope="module")
def probe() -> dict[str, Any]:
    """The functions of the probe, as the worker defines them."""
    names: dict[str, Any] = {}
    exec(probe_text(*PROBE), names)
    return names


@pytest.fixture(scope="module")
def tables(shared_data: Path) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads((shared_data / "reval/official_parser_edge_cases.json").read_text())
    return found


@pytest.mark.parametrize("mode", ["direct", "cot"])
def test_coverage_and_path_are_read_as_the_official_parsers_read_them(mode: str, tables: dict[str, list[Any]]) -> None:
    reasoned = mode == "cot"
    for text, expected in tables[f"coverage_{mode}"]:
        assert reval_parsing.parse_coverage(text, reasoned) == expected, text
    for text, expected in tables[f"path_{mode}"]:
        assert reval_parsing.parse_path(text, reasoned) == expected, text


def test_states_are_read_as_the_official_parser_reads_them(tables: dict[str, list[Any]], probe: dict[str, Any]) -> None:
    pytest.importorskip("numpy")
    assert len(tables["state_direct"]) == 58
    for text, expected in tables["state_direct"]:
        found = probe["parse_state"](text, False)
        shown = (
            found if isinstance(found, str) else [repr(found[0]).replace("np.float64(0.5)", "0.5"), found[1].__name__]
        )
        assert shown == expected, text
    assert probe["parse_state"]("3; int.", False) == (3, int)


def test_states_are_compared_as_the_official_scorer_compares_them(
    tables: dict[str, list[Any]], probe: dict[str, Any]
) -> None:
    numpy = pytest.importorskip("numpy")
    for text, values, expected in tables["state_eq"]:
        actual = None if values == "Nil" else eval(values, {"array": numpy.array})
        if values == "[0.5]":  # of a numpy.float64, whose repr was that of a float
            actual = [numpy.float64(0.5)]
        assert probe["same_state"](probe["parse_state"](text, False), actual) == expected, (text, values)


def test_penalties_and_padding_are_the_official_ones(tables: dict[str, list[Any]]) -> None:
    for text, question, expected in tables["penalty"]:
        assert reval_parsing.is_penalised(text, question) == expected, text
    for text, question, padded in tables["output_phase2"]:
        assert reval_parsing.pad_output(text, question) == padded, text


def test_consistency_gives_nothing_for_a_later_task_without_the_earlier_ones() -> None:
    yes, no = True, False
    points = [(yes, yes, yes, yes), (yes, yes, yes, no), (yes, yes, no, no), (yes, no, no, no), (yes, no, yes, yes)]
    assert reval_parsing.consistency(points) == 100 * (1 + 0.5 + 0.25 + 0.125) / 5


def test_a_folder_of_several_models_is_one_set_each(shared_data: Path) -> None:
    folder = shared_data / "reval/synthetic_logs"
    sets = [path.name for path in RevalAll().generation_sets(folder)]
    assert sets == ["oracle_direct_temp0.0", "synth_direct_temp0.0"]
    one = folder / "state@synth_direct_temp0.0.jsonl"
    assert RevalAll().generation_sets(one) == [one]


def test_a_missing_log_is_told(shared_data: Path, tmp_path: Path) -> None:
    shutil.copy(shared_data / "reval/synthetic_logs/path@synth_direct_temp0.0.jsonl", tmp_path)
    with pytest.raises(DataError, match=r"has no log coverage@synth_direct_temp0\.0\.jsonl"):
        RevalAll().generation_sets(tmp_path)
    assert find("benchmark", "reval-path").read_generations(tmp_path, [])


def test_a_log_of_another_shape_is_told(tmp_path: Path) -> None:
    path = tmp_path / "path@x.jsonl"
    path.write_text('{"task_id": "DREval/0", "generation": 3}\n')
    with pytest.raises(DataError, match="line 1: 'generation' must be a list"):
        find("benchmark", "reval-path").read_generations(path, [])


def test_data_without_the_tasks_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "DREval_data.jsonl").write_text("")
    with pytest.raises(DataError, match=r"there is no file .*DREval_tasks\.jsonl"):
        read_pairs(tmp_path)


@pytest.mark.parametrize(
    "forged", ["", "[", "5", "[]", "[True, True]", "[[[]]]", "[[True], [True], [True]]", "9" * 2_000_000]
)
def test_what_an_answer_forges_beside_the_probe_is_wrong_and_no_failure(forged: str) -> None:
    pair = Pair(0, 0, "def f(x):\n    return x\n", "f", "(1,)", "", "1", ((2, "x"),), "assert f(1) == ??")

    def forging(jobs: Sequence[Job]) -> list[Run]:
        return [Run(job.source, job.entry, job.call, "ok", forged) for job in jobs]

    assert not any(state_verdicts([(pair, 0, "2; int"), (pair, 0, "3; int")], False, forging))
    if forged != "[True, True]":  # the verdicts themselves, which REval's own rule believes, too
        assert not any(output_verdicts([(pair, "assert f(1) == 2"), (pair, "assert f(1) == 3")], forging))


def test_the_repackaged_files_on_the_hub_hold_the_same_pairs(shared_data: Path, tmp_path: Path) -> None:
    own = shared_data / "reval"
    rows = [json.loads(line) for line in (own / "DREval_data.jsonl").read_text().splitlines()[:3]]
    tasks = [json.loads(line) for line in (own / "DREval_tasks.jsonl").read_text().splitlines()]
    few = [row for row in tasks if row["idx"] < 3]
    folders = {}
    for name, files, change in (
        ("original", ("DREval_data.jsonl", "DREval_tasks.jsonl"), lambda row: row),
        ("hub", ("problems.jsonl", "tasks.jsonl"), lambda row: {**row, "tasks": json.dumps(row["tasks"])}),
    ):
        folders[name] = tmp_path / name
        folders[name].mkdir()
        (folders[name] / files[0]).write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folders[name] / files[1]).write_text("".join(json.dumps(change(row)) + "\n" for row in few))
    assert read_pairs(folders["hub"]) == read_pairs(folders["original"])
    assert read_pairs(folders["hub"] / "executions.jsonl") == read_pairs(folders["original"])
    (folders["hub"] / "tasks.jsonl").write_text(json.dumps({**few[0], "tasks": "no json"}) + "\n")
    with pytest.raises(DataError, match="'tasks' is not JSON"):
        read_pairs(folders["hub"])


PROGRAM: dict[str, Any] = {"task_id": "DREval/90", "entry_point": "A", "code": "class A: pass", "inputs": ["A()"]}
TASK: dict[str, Any] = {
    "task_id": "DREval/90",
    "idx": 90,
    "tasks": [{"input_idx": 0, "task": [], "output_pred": "assertIs(A, ??)"}],
}
TEST = "class ATest:\n    def test(self):\n        self.assertIs(A, A)\n"


def written(folder: Path, programs: list[dict[str, Any]], tasks: list[dict[str, Any]]) -> Path:
    for name, rows in (("DREval_data.jsonl", programs), ("DREval_tasks.jsonl", tasks)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_some_of_the_programs_in_any_order_are_found_by_their_ids(tmp_path: Path) -> None:
    other = {**PROGRAM, "task_id": "DREval/91", "code": "class A: x = 1"}
    pairs = read_pairs(written(tmp_path, [other, PROGRAM], [TASK, {**TASK, "task_id": "DREval/91", "idx": 91}]))
    found = {pair.id: pair.code for pair in pairs}
    assert list(found.items()) == [("DREval/90/0", PROGRAM["code"]), ("DREval/91/0", other["code"])]


@pytest.mark.parametrize(
    ("programs", "tasks", "message"),
    [
        ([PROGRAM] * 2, [TASK], "data.jsonl, line 2: DREval/90 was there before"),
        ([PROGRAM], [TASK] * 2, "tasks.jsonl, line 2: DREval/90/0 was there before"),
        ([PROGRAM], [{**TASK, "task_id": "DREval/4"}], "there is no program DREval/4 in DREval_data.jsonl"),
        ([{**PROGRAM, "test": "class B: pass"}], [TASK], "DREval/90/0 has no class ATest"),
        ([{**PROGRAM, "test": "class ("}], [TASK], r"DREval/90/0: its 'test' is not Python \(.*, line 1\)"),
        ([{**PROGRAM, "test": "-" * 100_000 + "1"}], [TASK], r"DREval/90/0: its 'test' is not Python \(.+\)"),
        (
            [{**PROGRAM, "test": TEST}],
            [{**TASK, "tasks": [{**TASK["tasks"][0], "output_pred": "f(??"}]}],
            "DREval/90/0: its 'output_pred' is not Python",
        ),
    ],
)
def test_records_that_contradict_each_other_are_told(
    programs: list[dict[str, Any]], tasks: list[dict[str, Any]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        blank_golds(read_pairs(written(tmp_path, programs, tasks)), None)
