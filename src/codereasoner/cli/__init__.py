"""The command line: one command for each stage, named by the stage's own word.

Exit codes: 0 done, 1 something fell short, 2 wrong use, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import importlib
import sys

import click

from codereasoner import __version__
from codereasoner.errors import CodeReasonerError, UserError

_WHERE = {
    "demo": "demo",
    "programs": "data",
    "census": "census",
    "trace": "data",
    "ask": "data",
    "select": "select",
    "chain": "data",
    "rows": "data",
    "audit": "audit",
    "export": "export",
    "build": "build",
    "sft": "train",
    "grpo": "train",
    "rft": "train",
    "ablate": "ablate",
    "evaluate": "measure",
    "score": "measure",
    "check": "check",
    "compare": "compare",
    "leaderboard": "leaderboard",
    "quiz": "quiz",
    "report": "look",
    "why": "why",
    "list": "look",
    "doctor": "look",
}


class _Commands(click.Group):
    """Imports a command's file only when the command is used, so that `codereasoner --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_WHERE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _WHERE:
            return None
        module = importlib.import_module(f"codereasoner.cli.{_WHERE[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="codereasoner")
def app() -> None:
    """Teach language models to predict how programs behave when they run, and measure how well they do."""


def main() -> None:
    """Run the command line; user mistakes are one sentence on standard error, without a traceback."""
    try:
        code = app(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = 2
    except click.ClickException as error:
        error.show()
        code = 2
    except CodeReasonerError as error:
        from codereasoner.cli.screen import visible  # here, so that `--help` does not wait for rich

        click.echo(f"codereasoner: {visible(str(error))}", err=True)
        code = 2 if isinstance(error, UserError) else 1
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("codereasoner: stopped; the same command continues where it was", err=True)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)
