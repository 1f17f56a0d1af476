"""Markdown tables, and the parts of a card: front matter, sections, origin."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from codereasoner.reports.run_folder import config, identity


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows as a Markdown table with the first row as its heading; empty where there is no other row."""
    if len(rows) < 2:
        return ""
    lines = [[_cell(cell) for cell in row] for row in rows]
    lines.insert(1, ["---", *["---:"] * (len(lines[0]) - 1)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def document(head: Mapping[str, object], *parts: str) -> str:
    """Return a card: its front matter, which the Hub reads, and its parts without the empty ones."""
    body = "\n\n".join(part for part in parts if part)
    return f"---\n{yaml.safe_dump(dict(head), sort_keys=False)}---\n\n{body}\n"


def section(title: str, body: str) -> str:
    """Return a part with its title; nothing where the body is empty."""
    return f"## {title}\n\n{body}" if body else ""


def origin(run_folder: Path) -> str:
    """Return the section with command, seed, version, commit, host, and every option."""
    text = config(run_folder)[1]
    settings = f"```yaml\n{text.replace('```', '` ` `').strip()}\n```" if text else ""
    facts = table([["", "value"], *identity(run_folder).items()])
    return section("How it was made", "\n\n".join(part for part in (facts, settings) if part))


def _cell(text: str) -> str:
    """Keep a text in one cell: no bar ends it, no line break ends the row, no markup starts in it."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
