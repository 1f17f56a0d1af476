"""The cards of a data set and of a model."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from codereasoner.errors import DataError
from codereasoner.ledger import read_manifest
from codereasoner.reports.cards import dataset_card, model_card, write_cards

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
    with pytest.raises(DataError, match=r"evaluations is no checkpoint of codereasoner"):
        model_card(run_folder / "evaluations", run_folder)


def test_a_readme_of_somebodys_own_is_left_alone(run_folder: Path) -> None:
    assert run_folder / "README.md" in write_cards(run_folder)
    assert run_folder / "README.md" in write_cards(run_folder), "a card of ours is made anew"
    (run_folder / "README.md").write_text("# My project\n")
    assert run_folder / "README.md" not in write_cards(run_folder)
    assert (run_folder / "README.md").read_text() == "# My project\n"


def test_a_folder_of_evaluations_has_no_data_to_describe(run_folder: Path) -> None:
    assert write_cards(run_folder / "evaluations") == []
