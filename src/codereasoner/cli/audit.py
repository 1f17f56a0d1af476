"""audit: check whether the steps are true, or only the answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codereasoner.cli.command_files import file_next_to, prepare_outputs, rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import NUMBER, OUT_FILE, PATH
from codereasoner.cli.options import config_options, json_option, out_option, pool_options
from codereasoner.cli.pools import PoolOptions
from codereasoner.stages.stage_options import AuditOptions

if TYPE_CHECKING:
    from codereasoner.parquet_files import Row


@click.command("audit", cls=ConfigCommand)
@click.argument("texts", type=PATH)
@click.option("--questions", type=PATH, help="Questions of the texts (default: questions.jsonl next to them).")
@out_option(None, "File of the audit, one row per text (default: TEXTS.audit.jsonl).")
@config_options(AuditOptions)
@click.option("--kept", type=OUT_FILE, help="With --keep-above: file of the kept texts (default: TEXTS.true.jsonl).")
@click.option("--examples", type=NUMBER, default=3, help="Number of false claims of right answers to show.")
@pool_options
@json_option
def audit_command(
    texts: Path,
    questions: Path | None,
    out: Path | None,
    config: AuditOptions,
    kept: Path | None,
    examples: int,
    pools: PoolOptions,
    as_json: bool,
) -> None:
    """Check every claim of chains or answers, such as "x is now 3", against a trace of the call it is about.

    Reads chains.jsonl or answers.jsonl, or the folder of an evaluation. Writes and prints how many claims are true, by
    author and task.

    Example:

    \b
        codereasoner audit chains.jsonl --keep-above 100
    """
    from codereasoner.cli.console import bar, print_json, result_screen
    from codereasoner.cli.result_tables import show_audit
    from codereasoner.reports.run_folder import Evaluation
    from codereasoner.stages.audit_chains import audit_texts, keep_true, refuse_other_true, summarize
    from codereasoner.stages.distribute import PerProcessPool
    from codereasoner.stages.engine import make_engine
    from codereasoner.stages.progress import counts
    from codereasoner.task import Question

    texts = rows_file(texts, "answers.jsonl", "chains.jsonl")
    questions = rows_file(questions or file_next_to(texts, "questions.jsonl"), "questions.jsonl", kind=Question)
    out = out or texts.with_suffix(".audit.jsonl")
    kept = kept or texts.with_suffix(".true.jsonl")
    prepare_outputs(out, *([kept] if config.keep_above is not None else []))
    if config.keep_above is not None:
        refuse_other_true(texts, kept, config.keep_above / 100)
    folders = (questions.parent, Evaluation(texts.parent, "", "").run)
    runs = next((each / "runs.parquet" for each in folders if (each / "runs.parquet").is_file()), None)
    with pools.open(), make_engine(workers=pools.workers) as engine, bar("audit", "the first texts") as progress:
        audit_texts(texts, questions, out, PerProcessPool(0, pools.allow_weak_isolation).run, progress, engine, runs)
    result = {"texts_file": str(texts), "audit_file": str(out), **summarize(out)}
    result["examples"] = _examples(out, examples)
    if config.keep_above is not None:
        keep_true(texts, out, kept, config.keep_above / 100)
        result["kept_file"], result["kept"] = str(kept), counts(kept)
    if as_json:
        print_json(result)
        return
    show_audit(result, result_screen())


def _examples(out: Path, most: int) -> list[Row]:
    """Return the first false claims of texts whose answer is right."""
    from itertools import islice

    from codereasoner.ledger import read_rows

    found = (row for row in read_rows(out) if row["class"] == "answer right, steps wrong")
    keys = ("id", "question", "by", "first_false")
    return [{key: row[key] for key in keys} for row in islice(found, most)]
