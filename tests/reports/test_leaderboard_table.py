"""Leaderboards of published and own results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.reports.folders import blocks

from codereasoner.benchmarks.cruxeval import CruxevalOutput
from codereasoner.benchmarks.published import published_numbers
from codereasoner.errors import ConfigError, DataError, UnknownName
from codereasoner.reports.hub import write_eval_results
from codereasoner.reports.leaderboard_table import board_markdown, leaderboard, leaderboard_page

SUMMARY = {
    "model": "local:runs/demo/grpo",
    "style": "direct",
    "grader": "strict",
    "sampling": {"temperature": 0.8, "samples": 5},
    "n_questions": 800,
    "pass@1": 62.5,
    "interval": [57.6, 67.2],
    "outcomes": {"correct": 2500, "wrong": 1100, "truncated": 400},
    "floors": {"copy <the> first argument": 17.4},
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """One evaluation on CRUXEval-O, and one on questions of one's own."""
    for name in ("cruxeval-o@mine", "held-out@mine"):
        folder = tmp_path / "evaluations" / name
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text(json.dumps(SUMMARY))
    return tmp_path


def test_own_and_published_results_stand_in_one_table_best_first(own: Path) -> None:
    [board] = leaderboard([own], ["cruxeval-o"])
    values = [entry.value for entry in board.entries]
    assert values == sorted(values, reverse=True)
    kinds = [entry.kind for entry in board.entries]
    assert (kinds.count("own"), kinds.count("floor")) == (1, 1)
    assert kinds.count("published") == len(published_numbers(CruxevalOutput)) > 0


def test_an_own_row_says_how_it_was_got_and_what_went_wrong(own: Path) -> None:
    [mine] = [entry for entry in leaderboard([own], ["cruxeval-o"])[0].entries if entry.kind == "own"]
    assert mine.settings == "style direct, T=0.8, 5 samples, strict grader, 800 questions, 10 % truncated"
    assert mine.interval == (57.6, 67.2)


def test_without_names_the_boards_are_those_of_ones_own_results(own: Path) -> None:
    assert [board.benchmark for board in leaderboard([own])] == ["cruxeval-o", "held-out"]


def test_without_anything_every_published_result_is_shown() -> None:
    boards = {board.benchmark: board for board in leaderboard([])}
    assert {"cruxeval-o", "cruxeval-i", "livecodebench-exec", "reval"} <= set(boards)
    assert len(boards["livecodebench-exec"].entries) > 40
    assert all(entry.settings and entry.source for board in boards.values() for entry in board.entries)


def test_markdown_marks_ones_own_rows(own: Path) -> None:
    text = board_markdown(leaderboard([own], ["cruxeval-o"])[0])
    assert "| **mine** | **62.5 %** | **57.6 to 67.2** |" in text
    assert "| no model: copy &lt;the> first argument | 17.4 % |" in text


def test_the_page_holds_every_row_as_data_and_never_as_markup(own: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(leaderboard_page(leaderboard([own])))
    boards = blocks(tmp_path / "page.html")["summary"]["boards"]
    assert [board["benchmark"] for board in boards] == ["cruxeval-o", "held-out"]
    assert "no model: copy <the> first argument" in [row["model"] for row in boards[0]["entries"]]
    assert "copy <the>" not in (tmp_path / "page.html").read_text()


def test_the_hubs_own_reader_reads_what_is_written_for_it(own: Path, tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    [path] = write_eval_results([own], tmp_path / "hub", "https://example.org/report.html")
    assert path.relative_to(tmp_path / "hub").as_posix() == "mine/.eval_results/cruxeval-o.yaml"
    from huggingface_hub._eval_results import parse_eval_result_entries

    [entry] = parse_eval_result_entries(yaml.safe_load(path.read_text()))
    assert isinstance(entry, hub.EvalResultEntry)
    assert (entry.dataset_id, entry.task_id, entry.value) == ("cruxeval-org/cruxeval", "cruxeval_o", 62.5)
    assert "95 % interval 57.6 to 67.2" in entry.notes
    assert entry.source_url == "https://example.org/report.html"


def test_results_on_no_benchmark_of_the_hub_are_refused(own: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of these evaluations is on a benchmark that the Hub has"):
        write_eval_results([own / "evaluations" / "held-out@mine"], tmp_path)


def test_an_unknown_benchmark_is_named() -> None:
    with pytest.raises(UnknownName, match="benchmark 'cruxeval' is unknown"):
        leaderboard([], ["cruxeval"])


def test_a_benchmark_without_any_result_says_so() -> None:
    with pytest.raises(ConfigError, match="no results on codeglance-pannum"):
        leaderboard([], ["codeglance-pannum"])
