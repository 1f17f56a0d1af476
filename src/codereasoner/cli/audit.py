"""audit: are the steps true, or only the answer?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from codereasoner import stages
from codereasoner.cli.command_files import file_of, set_aside_if_fresh
from codereasoner.cli.option_types import NUMBER, PERCENT
from codereasoner.cli.options import (
    Stage,
    bar,
    console,
    json_option,
    open_pool,
    print_json,
    weak_option,
    workers_option,
)
from codereasoner.errors import ConfigError
from codereasoner.ledger import read_rows

_PATH = click.Path(path_type=Path)


@click.command("audit", cls=Stage)
@click.argument("texts", type=_PATH)
@click.option("--questions", type=_PATH, help="Their questions; questions.jsonl beside the texts by default.")
@click.option("--out", type=_PATH, help="One row for each text; TEXTS.audit.jsonl by default.")
@click.option("--keep-above", type=PERCENT, help="Keep the texts of which so many percent of the claims are true.")
@click.option("--kept", type=_PATH, help="Where they go; TEXTS.true.jsonl by default.")
@click.option("--examples", type=NUMBER, default=3, show_default=True, help="False claims of right answers to show.")
@workers_option
@weak_option
@json_option
def audit_command(
    texts: Path,
    questions: Path | None,
    out: Path | None,
    keep_above: float | None,
    kept: Path | None,
    examples: int,
    workers: int | None,
    allow_weak_isolation: bool,
    as_json: bool,
) -> None:
    """Check every claim of chains.jsonl or answers.jsonl, or of an evaluation's folder, against a trace.

    A text claims things: "x = 3", "x is now 3". Each is looked up in the trace of the call that the text is about.
    """
    if keep_above is not None and not 0 <= keep_above <= 100:
        raise ConfigError(f"--keep-above is a percentage from 0 to 100, not {keep_above:g}")
    texts = file_of(texts, "answers.jsonl", "chains.jsonl")
    questions = questions or texts.with_name("questions.jsonl")
    out = out or texts.with_suffix(".audit.jsonl")
    kept = kept or texts.with_suffix(".true.jsonl")
    set_aside_if_fresh(out, kept)
    with open_pool(workers, allow_weak_isolation) as pool, bar("audit") as progress:
        stages.audit_texts(texts, questions, out, pool.run, progress)
    result = {"texts_file": str(texts), "audit_file": str(out), **stages.summarize_audit(out)}
    result["examples"] = _examples(out, examples)
    if keep_above is not None:
        stages.keep_true(texts, out, kept, keep_above / 100)
        result["kept_file"], result["kept"] = str(kept), stages.counts(kept)
    if as_json:
        print_json(result)
        return
    _show(result)


def _examples(out: Path, most: int) -> list[dict[str, Any]]:
    """The first false claims of texts whose answer is right."""
    found = (row for row in read_rows(out) if row["class"] == "answer right, steps wrong")
    keys = ("id", "question", "by", "first_false")
    return [{key: row[key] for key in keys} for row in islice(found, most)]


def _show(result: Mapping[str, Any]) -> None:
    table = Table(title=f"claims of {result['texts_file']}", title_justify="left", box=None)
    for name in ("by", "task", "texts", "claims", "true", "texts all true", "right, steps wrong"):
        table.add_column(name, justify="left" if name in ("by", "task") else "right")
    for part in [*result["parts"], {"by": "all", "task": "", **result}]:
        table.add_row(part["by"], part["task"], f"{part['texts']:,}", f"{part['claims']:,}", *_shares(part))
    console.print(table)
    for name, count in result["classes"].items():
        console.print(f"  {count:>8,}  {name}")
    for each in result["examples"]:
        console.print(f"first false claim of a right answer, {each['by']} on {each['question']}: {each['first_false']}")
    if "kept" in result:
        kept = result["kept"]
        console.print(f"{result['kept_file']}: {kept['kept']:,} kept, {kept['dropped']:,} dropped")
        for reason, count in kept["drops"].items():
            console.print(f"  {count:>8,}  {reason}")


def _shares(part: Mapping[str, Any]) -> list[str]:
    shown = ["-" if part[key] is None else f"{part[key]:.2f} %" for key in ("true_percent", "all_true_percent")]
    return [*shown, f"{part['classes'].get('answer right, steps wrong', 0):,}"]
