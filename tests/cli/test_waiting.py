"""Commands that wait say for what."""

from __future__ import annotations

import time

import pytest

from codereasoner.cli import console
from codereasoner.cli.console import Screen, bar, make_table, ruled_table, styled, waiting


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "PATIENCE", 0.05)


def test_a_long_wait_says_for_what_and_a_short_one_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("the server"):
        time.sleep(0.2)
    assert capsys.readouterr().err == "waiting for the server\n"
    with waiting("the server"):
        pass
    time.sleep(0.2)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("columns", ["0", "1"])
def test_a_table_is_shown_where_the_terminal_says_that_it_has_no_columns(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    table = make_table("accuracies", "model", "right")
    table.add_row("first", "100.0 %")
    Screen(stderr=True).print(table)
    assert "first  100.0 %" in capsys.readouterr().err


@pytest.mark.parametrize(("columns", "widest"), [("40", 80), ("80", 80), ("", 1_000)])
def test_no_column_of_a_table_vanishes_and_no_word_breaks_that_80_columns_have_room_for(
    columns: str, widest: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    if not columns:
        monkeypatch.delenv("COLUMNS")
    table = make_table("differences", "model", "task", "difference [95 %]", "p", right=("difference [95 %]", "p"))
    table.add_row("scripted-gold", "call-graph", "+100.0 [+100.0, +100.0]", "0.12")
    Screen(stderr=True).print(table)
    shown = capsys.readouterr().err
    assert "call-graph" in shown
    assert "+100.0 [+100.0, +100.0]  0.12" in shown
    assert "scripted-gold" in shown
    table.add_row("a" * 60, "", "", "")
    Screen(stderr=True).print(table)
    shown = capsys.readouterr().err
    assert max(map(len, shown.splitlines())) <= widest
    assert ("a" * 60 in shown) is (not columns)


def test_a_sentence_in_a_log_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    sentence = "the model: sft (" + "1,000 steps, " * 10 + "952 tokens/s)"
    Screen(stderr=True).print(styled("bold", "note", f" {sentence}"))
    Screen(stderr=True).print(sentence)
    assert capsys.readouterr().err == f"note {sentence}\n{sentence}\n"
    monkeypatch.setenv("COLUMNS", "40")
    Screen(stderr=True).print(sentence)
    assert max(map(len, capsys.readouterr().err.splitlines())) <= 40


@pytest.mark.parametrize("columns", ["40", "80"])
def test_the_table_of_the_demo_is_whole_in_80_columns(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    table = ruled_table("Accuracy")
    table.add_column("", no_wrap=True)
    for _ in range(4):
        table.add_column("backward\n1-3 steps", justify="right", no_wrap=True)
    table.add_row("control: more SFT", *["98.7 %\n96.6 to 99.5"] * 4)
    Screen(stderr=True).print(table)
    shown = capsys.readouterr().err
    assert (shown.count("96.6 to 99.5"), "control: more SFT" in shown) == (4, True)
    assert max(map(len, shown.splitlines())) <= 80


def test_a_bar_without_a_first_report_says_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("evaluate", "the first answer of m"):
        time.sleep(0.2)
    assert "waiting for the first answer of m\n" in capsys.readouterr().err
    with bar("evaluate", "the first answer of m") as progress:
        progress(0.5, "1 of 2 answers")
        time.sleep(0.2)
    assert "waiting" not in capsys.readouterr().err


def test_a_block_that_fails_does_not_say_what_it_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="gone"), bar("evaluate", "the first answer of m"):
        raise ValueError("gone")
    time.sleep(0.2)
    assert "waiting" not in capsys.readouterr().err
