"""programs: write programs from a source."""

from pathlib import Path

import click

from codereasoner.cli.command_files import prepare_outputs
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import PROCESSES
from codereasoner.cli.options import config_options, out_option
from codereasoner.stages.stage_options import ProgramOptions

_FEW = 2000  # programs that one process writes before others have started
_SPLITS = (
    " the text of a program decides its split (of 16, 10 are train, 4 rl, 2 test): --train, --rl, --test take each"
)


@click.command("programs", cls=ConfigCommand)
@config_options(ProgramOptions)
@out_option("programs.jsonl", "File of the programs.")
@click.option("--workers", type=PROCESSES, help="Processes that write programs (default: one per core).")
def programs_command(config: ProgramOptions, out: Path, workers: int | None) -> None:
    """Write programs, each with an entry point and calls, from a grammar, a model, or files.

    Reads the source's own input, if any. Writes one program per row to programs.jsonl; what a filter drops goes to
    programs.jsonl.dropped.jsonl with the reason.

    Example:

    \b
        codereasoner programs --train 100 --set difficulty=3
    """
    from codereasoner.cli.console import bar, console, styled
    from codereasoner.cli.row_counts import kept_in, show_counts
    from codereasoner.stages.engine import make_engine
    from codereasoner.stages.excluded_benchmarks import read_against
    from codereasoner.stages.make_programs import make_programs

    known = read_against(config.against)
    prepare_outputs(out)
    few = config.train + config.rl + config.test < _FEW
    with make_engine("local", workers or (1 if few else None)) as engine, bar("programs", "the source") as progress:
        make_programs(out, config, known, engine, progress)
    wanted = (config.train, config.rl, config.test)
    if 0 in wanted and kept_in(out) < sum(wanted):
        console.print(styled("yellow", "note", _SPLITS))
    show_counts(out)
