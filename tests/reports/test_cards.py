"""The cards of a data set and of a model."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from codereasoner import extend
from codereasoner.errors import DataError
from codereasoner.ledger import read_manifest, write_records
from codereasoner.records import Chain, Run
from codereasoner.reports.cards import model_card, write_cards
from codereasoner.reports.set_card import dataset_card
from codereasoner.stages.balance_sets import Choice, choose_questions
from codereasoner.styles import find_style
from codereasoner.training.training_rows import sft_row

pytest_plugins = ["tests.reports.report_fixtures"]


def test_the_card_of_the_data_counts_what_was_kept_and_dropped(run_folder: Path) -> None:
    card = dataset_card(run_folder)
    assert "| programs.jsonl | 48 | 11 |" in card
    assert "| duplicate of another program | programs.jsonl | 9 |" in card
    assert "| CC0-1.0 | 48 |" in card


def test_the_card_names_command_and_commit(run_folder: Path) -> None:
    card = dataset_card(run_folder)
    manifest = read_manifest(run_folder / "programs.jsonl") or {}
    assert "| command | codereasoner demo --seed 7 |" in card
    assert f"| version | {manifest['version']} |" in card


def test_the_front_matter_of_a_card_is_yaml(run_folder: Path) -> None:
    head = yaml.safe_load(dataset_card(run_folder).split("---")[1])
    assert head["license"] == "cc0-1.0"
    assert head["size_categories"] == ["n<1K"]


def test_the_card_of_a_model_shows_its_results_beside_the_others(run_folder: Path) -> None:
    card = model_card(run_folder / "grpo", run_folder)
    assert "asked in the style `terse`" in card
    assert all(f"| {model} |" in card for model in ("base", "sft", "control", "grpo"))
    assert "| last reward |" in card


def test_a_folder_that_is_no_checkpoint_is_refused(run_folder: Path) -> None:
    with pytest.raises(DataError, match=r"evaluations is not a checkpoint of codereasoner"):
        model_card(run_folder / "evaluations", run_folder)


def test_a_readme_of_somebodys_own_is_left_alone(run_folder: Path) -> None:
    assert run_folder / "README.md" in write_cards(run_folder)
    assert run_folder / "README.md" in write_cards(run_folder), "a card of ours is made anew"
    (run_folder / "README.md").write_text("# My project\n")
    assert run_folder / "README.md" not in write_cards(run_folder)
    assert (run_folder / "README.md").read_text() == "# My project\n"


def test_a_folder_of_evaluations_has_no_data_to_describe(run_folder: Path) -> None:
    assert write_cards(run_folder / "evaluations") == []


def test_the_card_of_a_set_that_was_not_balanced_shows_no_balance_but_its_authors_and_two_examples(
    tmp_path: Path,
) -> None:
    run = Run("def f(x):\n    return [x]\n", "f", "1", "ok", value="[1]", split="train")
    asked = [question for name in ("output", "input") for question in extend.task(name).collect(run).questions]
    write_records(tmp_path / "questions.jsonl", asked, {})
    choose_questions(Choice(tmp_path / "questions.jsonl", {}), tmp_path / "chosen.jsonl")
    chains = [Chain(asked[0].id, "x", "narrator"), Chain(asked[1].id, "x", "openai:large")]
    write_records(tmp_path / "chains.jsonl", chains, {})
    rows = [sft_row(each, "x is 1", find_style("reasoning")) for each in asked]
    write_records(tmp_path / "sft.parquet", rows, {})
    card = dataset_card(tmp_path)
    assert "Balance of the split" not in card
    assert "before balancing and after" not in card
    assert "| the narrator: a program, from the trace | 1 |" in card
    assert "| openai:large | 1 |" in card
    assert card.count("<reasoning>x is 1</reasoning><answer>") == 2
    assert 'load_dataset("OWNER/NAME", "sft", split="train")' in card
