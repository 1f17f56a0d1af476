"""The command line: one command for each stage, in a file of the command's name.

Exit codes: 0 done, 1 something fell short, 2 wrong use, 130 stopped by Ctrl-C.
"""

import errno
import importlib
import io
import os
import re
import sys

import click

from codereasoner import __version__
from codereasoner.cli.commands import FILES, GROUPS
from codereasoner.errors import CodeReasonerError, UserError, did_you_mean
from codereasoner.renamed import current_name


class _Commands(click.Group):
    """Imports a command's file only when the command is used, so that `codereasoner --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(FILES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        cmd_name = current_name("command", cmd_name, FILES)
        if cmd_name not in FILES:
            return None
        module = importlib.import_module(f"codereasoner.cli.{FILES[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and current_name("command", args[0], FILES) not in FILES and not args[0].startswith("-"):
            near = did_you_mean(args[0], FILES) or "; `codereasoner --help` lists them"
            raise click.UsageError(f"there is no command '{args[0]}'{near}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True}


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="codereasoner")
def app() -> None:
    """Teach language models to predict how programs behave when they run, and measure how well they do."""


def main() -> None:
    """Run the command line; user mistakes are one sentence on standard error, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal of another encoding shows what it lacks as an escape
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = 2
    except click.ClickException as error:
        error.show()
        code = 2
    except CodeReasonerError as error:
        from codereasoner.cli.console import visible  # here, so that `--help` does not wait for rich

        click.echo(f"codereasoner: {visible(str(error))}", err=True)
        code = 2 if isinstance(error, UserError) else 1
    except BrokenPipeError:  # whoever reads our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        click.echo(f"codereasoner: {_os_error(error)}", err=True)
        code = 1
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("codereasoner: stopped; the same command continues where it was", err=True)
        code = 130
    except _library_errors() as error:
        if not _DISK_FULL.search(str(error)):
            raise
        click.echo(f"codereasoner: {os.strerror(errno.ENOSPC)}; {_MAKE_ROOM}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _library_errors() -> tuple[type[Exception], ...]:
    """Return the errors of torch, and of SQLite and safetensors if they were imported."""
    names = (("sqlite3", "Error"), ("safetensors", "SafetensorError"))
    found = (getattr(sys.modules.get(module), name, None) for module, name in names)
    bare = (Exception,) if type(sys.exception()) is Exception else ()  # as tokenizers raises it
    return (RuntimeError, *bare, *(each for each in found if each is not None))


_DISK_FULL = re.compile(r"No space left on device|disk is full|unexpected pos \d+ vs|PytorchStreamWriter")
"""What safetensors, tokenizers, SQLite and torch say of a full disk: their errors are no OSError."""
_MAKE_ROOM = "what was written is kept: make room (also in $TMPDIR), and the same command continues where it was"


def _os_error(error: OSError) -> str:
    """Say in one sentence what the system refused, of which file, and what helps."""
    where = f"{error.filename}: " if error.filename else ""
    said = f"{where}{error.strerror or error}"
    try:
        os.getcwd()
    except FileNotFoundError:
        return "the current folder was removed: change to one that is there"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return f"{where}there is a file where a folder is wanted: give another path"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{said}; {_MAKE_ROOM}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{said}: this user cannot write or read there; give another path"
    return said
