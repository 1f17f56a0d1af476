"""doctor: how well programs are isolated on this machine."""

import click

from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.options import json_option
from codereasoner.errors import Shortfall


@click.command("doctor", cls=ConfigCommand)
@click.option("--no-hostile", is_flag=True, help="Leave out the hostile programs, which take some seconds.")
@json_option
def doctor_command(no_hostile: bool, as_json: bool) -> None:
    """Show which layers of isolation this machine has, and whether hostile programs are contained.

    Prints each layer, the isolation level from A to D, and the hostile programs that were not held, if any.

    Example:

    \b
        codereasoner doctor --no-hostile
    """
    from codereasoner.cli.console import print_json, waiting
    from codereasoner.cli.result_tables import show_isolation
    from codereasoner.execution.examination import examine

    with waiting("the hostile programs to end" if not no_hostile else "a worker to start"):
        found = examine(hostile=not no_hostile)
    if as_json:
        print_json(found)
    else:
        show_isolation(found)
    if not found["level"]:
        raise Shortfall(f"no worker starts here: {found['meaning']}")
    rows = found.get("hostile", [])
    if wrong := sum(row["state"] == "not held" for row in rows):
        raise Shortfall(f"{wrong} of {len(rows)} hostile programs were not held, though level {found['level']} should")
