"""trace: what each line of one call did, or the runs of a file of programs."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import click

from codereasoner.cli.command_files import prepare_outputs, rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import ABOVE_ZERO, PATH
from codereasoner.cli.options import config_options, json_option, out_option, pool_options, with_option
from codereasoner.cli.pools import PoolOptions
from codereasoner.errors import ConfigError
from codereasoner.stages.stage_options import TraceOptions


@click.command("trace", cls=ConfigCommand)
@click.argument("programs", metavar="FILE", type=PATH)
@click.argument("call", required=False)
@click.option("-m", "is_module", is_flag=True, help="FILE is the name of a module, which runs as `python -m` runs it.")
@click.option("--argv", metavar="TEXT", multiple=True, help="With a script: its arguments, as in a shell; repeat it.")
@config_options(TraceOptions)
@click.option("--whole-file", is_flag=True, help="With source: show every line, also of functions that did not run.")
@click.option("--cpu-seconds", type=ABOVE_ZERO, help="With source: CPU time limit (default: 1).")
@with_option
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="With source: file or folder that the code may read; repeat it. Files in --argv are given to it, too.",
)
@out_option("runs.parquet", "With a file of programs: file of the runs.")
@pool_options
@json_option
def trace_command(
    programs: Path,
    call: str | None,
    is_module: bool,
    argv: Sequence[str],
    config: TraceOptions,
    whole_file: bool,
    cpu_seconds: float | None,
    modules: tuple[str, ...],
    files: tuple[Path, ...],
    out: Path,
    pools: PoolOptions,
    as_json: bool,
) -> None:
    """Show what each line of a file did in one run, or trace a whole file of programs.

    FILE.py: prints the source with the values of each line. CALL is an expression, a test (test_file.py::test_name) or
    a script that uses FILE; without it FILE itself runs as a script. FILE.py::NAME traces the lines of a pytest test.

    programs.jsonl: writes one run per row to runs.parquet; dropped runs go to runs.parquet.dropped.jsonl with the
    reason.

    Example:

    \b
        codereasoner trace prices.py "total([3, 4], rate=2)"
        codereasoner trace prices.py
        codereasoner trace programs.jsonl
    """
    from codereasoner.cli.console import bar
    from codereasoner.cli.row_counts import show_counts
    from codereasoner.cli.trace_target import find_target, modules_of
    from codereasoner.cli.trace_view import show_trace
    from codereasoner.records import Program
    from codereasoner.stages.trace_calls import kept, own_programs, trace_programs

    if call is not None or is_module or programs.suffix == ".py" or ".py::" in str(programs):
        given = modules_of(modules)
        target = find_target(programs, call, is_module, " ".join(argv), files)
        show_trace(target, as_json, whole_file, cpu_seconds, given, pools.allow_weak_isolation)
        return
    if modules or files or cpu_seconds is not None or argv:
        raise ConfigError("--with, --file, --argv and --cpu-seconds are for source: codereasoner trace FILE.py 'f(3)'")
    programs = rows_file(programs, "programs.jsonl", kind=Program)
    keep = kept(config)
    own = own_programs(programs)
    with pools.open(own_programs=own) as pool:
        prepare_outputs(out)
        second_pool = pools.second(own) if config.second_run else nullcontext()
        with bar("trace", "the first run") as progress, second_pool as again:
            trace_programs(programs, out, pool, progress, again, keep)
    show_counts(out)
