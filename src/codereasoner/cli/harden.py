"""harden: the same questions about rewritten programs."""

from pathlib import Path

import click

from codereasoner.cli.command_files import prepare_outputs, rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import BENCHMARK, CALLS, COUNT, NUMBER
from codereasoner.cli.options import data_option, json_option, out_option, pool_options
from codereasoner.cli.pools import PoolOptions


@click.command("harden", cls=ConfigCommand)
@click.argument("questions", type=BENCHMARK)
@click.option(
    "--with",
    "rewrites",
    required=True,
    metavar="KIND,KIND",
    help="Rewrites to apply, in this order, layout and comments always last: rename, rename-misleading, reformat, "
    "conditions, dead-code, misleading-comments, misleading-prints, misleading-hint, unroll, reroll, for-while, "
    "comprehensions, inline, commute.",
)
@click.option(
    "--calls",
    type=CALLS,
    default=2,
    help="Number of calls with other arguments that must agree, too, before a rewrite counts as proved.",
)
@click.option("--seed", type=NUMBER, default=0, help="Seed of the random names and places.")
@data_option
@click.option("--limit", type=COUNT, help="Rewrite only the first N questions.")
@out_option("hardened.jsonl", "File of the hard questions.")
@pool_options
@json_option
def harden_command(
    questions: str,
    rewrites: str,
    calls: int,
    seed: int,
    data: Path | None,
    limit: int | None,
    out: Path,
    pools: PoolOptions,
    as_json: bool,
) -> None:
    """Write hard versions of questions: the same questions about rewritten programs that do the same.

    QUESTIONS is a file or the name of a benchmark (`codereasoner list`). A rewrite is kept only if both programs, run
    under two hash seeds, give the same outcome, value and output; the reasons against the others are counted. The right
    answers come from a run of the new program. `compare` shows how much accuracy the rewrites cost a model.

    Example:

    \b
        codereasoner harden questions.jsonl --with rename,dead-code
    """
    from codereasoner.cli.console import bar, console, print_json
    from codereasoner.cli.row_counts import check_rows, show_counts
    from codereasoner.evaluation.load_questions import is_file, load_questions
    from codereasoner.extend import read_questions
    from codereasoner.ledger import read_manifest
    from codereasoner.stages.harden_questions import Hardening, harden_questions

    hardening = Hardening(tuple(each.strip() for each in rewrites.split(",") if each.strip()), calls, seed)
    prepare_outputs(out)
    named = "" if is_file(questions) else questions
    found = [] if named else list(read_questions(rows_file(Path(questions), "questions.jsonl")))[:limit]
    with pools.open(named) as pool, pools.second() as again, bar("harden") as progress:
        if named:
            found = load_questions(named, data, "test", pool.run, limit).questions
        harden_questions(found, out, hardening, pool.run, again.run, progress)
    manifest = read_manifest(out) or {}
    show_counts(out, needed=False)
    for kind, count in manifest.get("rewrites", {}).items():
        console.print(f"  {count:>8,}  {kind} made and proved")
    for reason, count in manifest.get("not_rewritten", {}).items():
        console.print(f"  {count:>8,}  not made, {reason}")
    if as_json:
        print_json({name: manifest.get(name) for name in ("counts", "drops", "rewrites", "not_rewritten")})
    check_rows(out)
