"""A data set is built with one command: what is in it, its card, and that nothing is done twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from codereasoner.cli import app
from codereasoner.ledger import read_manifest, read_records, read_rows
from codereasoner.records import Chain
from codereasoner.reports.set_plots import draw_plots
from codereasoner.stages.audit_chains import summarize
from codereasoner.stages.progress import counts
from codereasoner.task import Question

CONFIG = """
train: 60
rl: 30
task: [output, input, state]
sft-size: 90
rl-size: 40
keep-above: 100
workers: 1
allow-weak-isolation: true
"""


def run(folder: Path, *words: str) -> str:
    found = CliRunner().invoke(app, ["build", "--config", str(folder / "build.yaml"), *words], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("build")
    (folder / "build.yaml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codereasoner.reports.set_card.draw_plots", draw_plots)
        run(folder, "--out", str(folder / "set"))
        yield folder / "set"


def test_the_sets_have_their_sizes_and_share_no_program(built: Path) -> None:
    sets = [list(read_rows(built / f"{name}.parquet")) for name in ("sft", "grpo")]
    assert [len(each) for each in sets] == [90, 40]
    programs = [{json.loads(row["question"])["program"] for row in rows} for rows in sets]
    assert not programs[0] & programs[1]


def test_a_question_without_a_chain_is_replaced_and_the_set_keeps_its_balance(built: Path) -> None:
    chosen = read_manifest(built / "chosen.jsonl") or {}
    assert chosen["balance"]["train"]["after"]["direction"] == {"forward": 45, "backward": 45}
    assert chosen["drops"]["no chain"] > 5
    assert counts(built / "sft.parquet")["drops"] == {}


def test_every_chain_that_is_kept_is_true_to_the_last_claim(built: Path) -> None:
    found = summarize(built / "chains.audit.jsonl")
    assert found["claims"] > 300
    assert found["true_percent"] == 100
    assert len(list(read_rows(built / "chains.true.jsonl"))) == len(list(read_rows(built / "chains.jsonl"))) > 70


def test_a_third_of_the_questions_for_a_call_have_a_chain_that_finds_one_by_inversion_or_search(built: Path) -> None:
    questions = {each.id: each for each in read_records(built / "questions.jsonl", Question)}
    asked = [each for each in questions.values() if each.task == "input" and each.split == "train"]
    chains = [each for each in read_records(built / "chains.jsonl", Chain) if questions[each.question].task == "input"]
    assert len(chains) > len(asked) / 3
    assert all(each.text.endswith(", the value that is wanted.") for each in chains)
    assert any(each.answer not in questions[each.question].gold for each in chains)
    assert counts(built / "chains.jsonl")["drops"] == {"no call was found": len(asked) - len(chains)}


def test_the_row_of_a_question_for_a_call_answers_with_the_call_that_its_chain_found(built: Path) -> None:
    answers = {each.question: each.answer for each in read_records(built / "chains.true.jsonl", Chain) if each.answer}
    rows = {row["id"]: row["completion"][0]["content"] for row in read_rows(built / "sft.parquet")}
    told = rows.keys() & answers
    assert len(told) == 45
    assert all(answers[each] in rows[each].rpartition("<answer>")[2] for each in told)


def test_the_card_says_what_is_in_the_set(built: Path) -> None:
    card = (built / "README.md").read_text()
    for title in ("The sets", "Dropped, by reason", "Balance of the split train", "Are the steps true?", "Plots"):
        assert f"## {title}\n" in card
    assert "Programs that are in both sets: 0." in card
    assert "(100.00 %) are true" in card
    assert "| direction | backward | " in card


def test_the_plots_of_the_card_are_there(built: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in ("balance-train", "balance-rl", "lengths", "drops"):
        assert f"](plots/{name}.png)" in (built / "README.md").read_text()
        assert (built / "plots" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_second_time_nothing_is_made_and_a_dry_run_lists_what_a_push_would_take(built: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.glob("*.jsonl")}
    shown = run(built.parent, "--out", str(built), "--push", "someone/set", "--dry-run")
    assert {path: path.stat().st_mtime_ns for path in built.glob("*.jsonl")} == before
    assert "someone/set, a private data set, would get" in shown
    assert "sft.parquet" in shown


def test_a_name_that_the_hub_cannot_have_is_refused_before_the_work(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["build", "--out", str(tmp_path / "set"), "--push", "set"])
    assert "--push takes OWNER/NAME, not 'set'" in str(found.exception)
    assert not (tmp_path / "set").exists()
