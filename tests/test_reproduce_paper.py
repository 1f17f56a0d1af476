"""docs/reproduce-paper.md and examples/*.sh: every command is one, its options parse, and its presets load."""

from __future__ import annotations

import re
import shlex
import string
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.cli import app
from codereasoner.renamed import NEW_NAMES

ROOT = Path(__file__).parents[1]
PAGES = ("docs/reproduce-paper.md", "README.md")
SCRIPTS = sorted((ROOT / "examples").glob("*.sh"))
LOOPS = {"benchmark": "cruxeval-o", "model": "sft"}  # the variables of loops, each with one of its values


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        blocks = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
        code = "\n".join(blocks + re.findall(r"^ {4}.*$", text, re.MULTILINE))
        for line in re.findall(r"^ {0,4}(?:\$ )?(codereasoner [a-z].*)$", code, re.MULTILINE):
            yield page, line.partition(" #")[0].strip()
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        known = LOOPS | dict(re.findall(r"^(\w+)=\$\{\w+:-(.*)\}$", text, re.MULTILINE))
        for line in re.findall(r"^ *(codereasoner [a-z].*)$", text, re.MULTILINE):
            plain = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", line)
            yield f"examples/{script.name}", string.Template(plain).substitute(known)


COMMANDS = list(commands())


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}: {line[:60]}" for page, line in COMMANDS])
def test_every_command_of_the_page_parses_and_its_preset_loads(page: str, line: str) -> None:
    _, name, *words = shlex.split(line)
    context = app.make_context("codereasoner", [name, *words], resilient_parsing=False)
    found, command, rest = app.resolve_command(context, [name, *words])
    assert found == name
    assert command is not None
    command.make_context(name, rest, parent=context)
    assert not NEW_NAMES["preset"].keys() & set(words)


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.name for script in SCRIPTS])
def test_a_script_is_bash_that_stops_at_the_first_failure_and_names_benchmarks_there_are(script: Path) -> None:
    subprocess.run(["bash", "-n", str(script)], check=True)
    text = script.read_text(encoding="utf-8")
    assert "set -euo pipefail" in text
    for names in re.findall(r"for benchmark in (.*); do", text):
        assert set(names.split()) <= set(extend.available("benchmark"))


def test_the_readme_leads_to_the_page() -> None:
    assert "docs/reproduce-paper.md" in (ROOT / "README.md").read_text(encoding="utf-8")
