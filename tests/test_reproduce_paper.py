"""docs/reproduce-paper.md: every command is one, its options parse, and its presets load."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from codereasoner.cli import app

ROOT = Path(__file__).parents[1]
PAGES = ("docs/reproduce-paper.md", "README.md")
COMMANDS = [
    (page, line.partition(" #")[0].strip())
    for page in PAGES
    for line in re.findall(r"^ {0,4}(codereasoner [a-z].*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}: {line[:60]}" for page, line in COMMANDS])
def test_every_command_of_the_page_parses_and_its_preset_loads(page: str, line: str) -> None:
    _, name, *words = shlex.split(line)
    context = app.make_context("codereasoner", [name, *words], resilient_parsing=False)
    found, command, rest = app.resolve_command(context, [name, *words])
    assert found == name
    assert command is not None
    command.make_context(name, rest, parent=context)


def test_the_readme_leads_to_the_page() -> None:
    assert "docs/reproduce-paper.md" in (ROOT / "README.md").read_text(encoding="utf-8")
