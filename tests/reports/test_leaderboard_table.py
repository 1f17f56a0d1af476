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
from codereasoner.reports.leaderboard_table import (
    board_markdown,
    leaderboard,
    leaderboard_text,
    size_of,
    write_site,
)

SUMMARY = {
    "model": "local:runs/demo/grpo",
    "style": "direct",
    "grader": "strict",
    "sampling": {"temperature": 0.8, "samples": 5},
    "n_questions": 800,
    "n_answers": 4000,
    "completion_tokens": 48_000,
    "pass@1": 62.5,
    "interval": [57.6, 67.2],
    "outcomes": {"correct": 2500, "wrong": 1100, "truncated": 400},
    "baselines": {"copy <the> first argument": 17.4},
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """One evaluation on CRUXEval-O, and one on questions of one's own."""
    for name in ("cruxeval-o@mine", "held-out@mine"):
        folder = tmp_path / "evaluations" / name
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text(json.dumps(SUMMARY))
        (folder / "grades.jsonl.manifest.json").write_text('{"version": "0.1.9", "commit": "1f3c5d7"}')
    return tmp_path


def test_own_and_published_results_stand_in_one_table_best_first(own: Path) -> None:
    [board] = leaderboard([own], ["cruxeval-o"])
    values = [entry.value for entry in board.entries]
    assert values == sorted(values, reverse=True)
    kinds = [entry.kind for entry in board.entries]
    assert (kinds.count("own"), kinds.count("baseline")) == (1, 1)
    assert kinds.count("published") == len(published_numbers(CruxevalOutput)) > 0


def test_a_guess_for_one_task_is_not_ranked_among_accuracies_of_all(own: Path) -> None:
    summary = own / "evaluations" / "held-out@mine" / "summary.json"
    tasks = {"raises": {"n_questions": 100}, "path": {"n_questions": 600}, "trace": {"n_questions": 100}}
    guesses = {"raises: always returns": 100.0, "path: always the end": 40.0, "path: always 2": 50.0, "copying": 3.0}
    summary.write_text(json.dumps(SUMMARY | {"by_task": tasks, "baselines": guesses}))
    [board] = [each for each in leaderboard([own], []) if each.title == "held-out"]
    ranked = {entry.model: entry.value for entry in board.entries if entry.kind == "baseline"}
    assert ranked == {"no model: the best guess of each task": 50.0, "no model: copying": 3.0}


def test_an_own_row_says_how_it_was_got_and_what_went_wrong(own: Path) -> None:
    [mine] = [entry for entry in leaderboard([own], ["cruxeval-o"])[0].entries if entry.kind == "own"]
    assert mine.settings == "style direct, T=0.8, 5 samples, strict grader, 800 questions, 10 % truncated"
    assert mine.interval == (57.6, 67.2)
    assert mine.evidence == "strict grader of codereasoner 0.1.9 (1f3c5d7)"
    assert (mine.mode, mine.tokens) == ("direct", 12.0)


def test_without_names_the_boards_are_those_of_ones_own_results(own: Path) -> None:
    assert [board.benchmark for board in leaderboard([own])] == ["cruxeval-o", "held-out"]


def test_without_anything_every_published_result_is_shown() -> None:
    boards = {board.benchmark: board for board in leaderboard([])}
    assert {"cruxeval-o", "cruxeval-i", "livecodebench-exec", "reval"} <= set(boards)
    assert len(boards["livecodebench-exec"].entries) > 40
    rows = [entry for board in boards.values() for entry in board.entries]
    assert all(entry.settings and entry.source for entry in rows)
    assert {entry.evidence for entry in rows} == {"recomputed", "stated", "quoted", "unconfirmed"}
    assert {entry.mode for entry in rows} == {"direct", "reasoning", "unknown"}


@pytest.mark.parametrize(
    ("name", "size"),
    [("Qwen3-Coder 480B-A35B", 480), ("Phi-2 2.7B", 2.7), ("SmolLM2-135M", 0.135), ("qwen-14b", 14), ("GPT-4o", None)],
)
def test_a_size_is_what_the_name_tells(name: str, size: float | None) -> None:
    assert size_of(name) == size


def test_a_site_is_a_page_and_the_same_as_tables_and_data(own: Path, tmp_path: Path) -> None:
    boards = leaderboard([own])
    for _ in range(2):  # a site may be written again
        page, tables, data = write_site(boards, tmp_path / "site")
    assert blocks(page)["summary"]["files"] == ["leaderboard.md", "leaderboard.json"] == [tables.name, data.name]
    assert json.loads(data.read_text())["boards"] == blocks(page)["summary"]["boards"]
    assert tables.read_text() == "\n".join([*map(board_markdown, boards), "<!-- Made by codereasoner. -->\n"])


def test_a_site_replaces_no_page_of_another_program(own: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>mine</p>")
    with pytest.raises(ConfigError, match="was not made by codereasoner"):
        write_site(leaderboard([own]), tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["index.html"]


def test_markdown_marks_ones_own_rows(own: Path) -> None:
    text = board_markdown(leaderboard([own], ["cruxeval-o"])[0])
    assert "| **mine** | **62.5 %** | **57.6 to 67.2** | **12** |" in text
    assert "| no model: copy &lt;the> first argument | 17.4 % |" in text


def test_the_page_holds_every_row_as_data_and_never_as_markup(own: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(leaderboard_text(leaderboard([own]), ".html"))
    boards = blocks(tmp_path / "page.html")["summary"]["boards"]
    assert [board["benchmark"] for board in boards] == ["cruxeval-o", "held-out"]
    assert "no model: copy <the> first argument" in [row["model"] for row in boards[0]["entries"]]
    assert "copy <the>" not in (tmp_path / "page.html").read_text()


def test_the_hubs_own_reader_reads_what_is_written_for_it(own: Path, tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    [path] = write_eval_results([own], tmp_path / "hub", "https://example.org/report.html")
    assert path.relative_to(tmp_path / "hub").as_posix() == "mine/.eval_results/cruxeval-o.yaml"
    from huggingface_hub._eval_results import parse_eval_result_entries

    assert write_eval_results([own], tmp_path / "hub", "https://example.org/report.html") == [path]
    [entry] = parse_eval_result_entries(yaml.safe_load(path.read_text()))
    assert isinstance(entry, hub.EvalResultEntry)
    assert (entry.dataset_id, entry.task_id, entry.value) == ("cruxeval-org/cruxeval", "cruxeval_o", 62.5)
    assert "95 % interval 57.6 to 67.2" in entry.notes
    assert entry.source_url == "https://example.org/report.html"


def test_no_name_of_a_model_leads_out_of_the_folder_of_results(own: Path, tmp_path: Path) -> None:
    odd = (own / "evaluations" / "cruxeval-o@mine").rename(tmp_path / "cruxeval-o@..")
    with pytest.raises(DataError, match=r"the model's name, '\.\.', is none of a folder"):
        write_eval_results([odd], tmp_path / "hub")
    assert not (tmp_path / ".eval_results").exists()


def test_results_on_no_benchmark_of_the_hub_are_refused(own: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of these evaluations is on a benchmark that the Hub has"):
        write_eval_results([own / "evaluations" / "held-out@mine"], tmp_path)


def test_an_unknown_benchmark_is_named() -> None:
    with pytest.raises(UnknownName, match="benchmark 'cruxeval' is unknown"):
        leaderboard([], ["cruxeval"])


def test_a_benchmark_without_any_result_says_so() -> None:
    with pytest.raises(ConfigError, match="no results on codeglance-pannum"):
        leaderboard([], ["codeglance-pannum"])
