"""The documentation: the site builds without a broken link, and the commands of tutorials print what they show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TUTORIALS = [*sorted((ROOT / "docs" / "tutorials").glob("*.md")), ROOT / "docs" / "chains.md"]
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_site_builds_and_no_link_is_broken(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "NO_MKDOCS_2_WARNING": "1"}
    result = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    page = (tmp_path / "site" / "reference" / "python" / "index.html").read_text()
    assert "grade_many" in page
    assert "<blockquote>" not in page, "an example is shown as a quotation: it belongs below `Examples:`"
    commands = (tmp_path / "site" / "reference" / "command-line" / "index.html").read_text()
    assert "codereasoner-ablate" not in commands
    assert "<p>Example:</p>" in commands


def test_every_page_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert not {page for page in pages if f": {page}\n" not in text}


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=[path.stem for path in TUTORIALS])
def test_the_commands_of_a_tutorial_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    """Run the `console` blocks of a page in order; a line "..." stands for any lines, every other must be printed."""
    if page.stem == "model-developer":
        pytest.importorskip("trl")
    for language, title, text in BLOCK.findall(page.read_text()):
        if title:
            (tmp_path / title).write_text(text)
        if language != "console":
            continue
        for shown in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = shown.partition("\n")
            printed = run(command, tmp_path)
            for line in expected.splitlines():
                assert line == "..." or line.strip() in printed, f"{command}\n{printed}"


def run(command: str, folder: Path) -> str:
    """Run a line of a shell with the environment's `codereasoner` and `python`; return all that it printed."""
    here = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{here}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "120"}
    result = subprocess.run(
        command, shell=True, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}"
    return result.stdout
