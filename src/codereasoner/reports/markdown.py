"""The parts that every card is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from codereasoner.reports.run_folder import command_of, config, manifests
from codereasoner.reports.text_table import markdown


def document(head: Mapping[str, Any], *parts: str) -> str:
    """A card: its front matter, which the Hub reads, and its parts; empty ones are left out."""
    return (
        f"---\n{yaml.safe_dump(dict(head), sort_keys=False)}---\n\n"
        + "\n\n".join(part for part in parts if part)
        + "\n"
    )


def section(title: str, body: str) -> str:
    """A part with its title; nothing where there is nothing to say."""
    return f"## {title}\n\n{body}" if body else ""


def origin(run_folder: Path) -> str:
    """The command, the seed, the version, the commit, the host, and every option."""
    settings, text = config(run_folder)
    outputs = manifests(run_folder)
    newest = list(outputs.values())[-1] if outputs else {}
    facts = {
        "command": settings.get("command") or command_of(text),
        "seed": settings.get("seed", newest.get("seed")),
        **{name: newest.get(name) for name in ("version", "commit", "python", "host", "written")},
    }
    rows = [[name, str(value)] for name, value in facts.items() if value not in (None, "")]
    table = markdown([["", "value"], *rows]) if rows else ""
    settings_text = f"```yaml\n{text.replace('```', '` ` `').strip()}\n```" if text else ""
    return section("How it was made", "\n\n".join(part for part in (table, settings_text) if part))


def count(value: float | None) -> str:
    """A number with its thousands apart; a dash for none."""
    return "-" if value is None else f"{value:,.0f}"
