"""list: the plugins, styles and presets there are."""

import click

from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.options import json_option


@click.command("list", cls=ConfigCommand)
@click.argument("kind", required=False)
@click.option("--path", metavar="NAME", help="Print only the path of this preset, for accelerate, verl or an editor.")
@json_option
def list_command(kind: str | None, path: str | None, as_json: bool) -> None:
    """List the tasks, sources, models, benchmarks, styles and presets there are, or those of one KIND.

    Prints the names that options take, each with one line about it; those of installed plugins are among them.

    Example:

    \b
        codereasoner list benchmarks
    """
    from codereasoner import configs
    from codereasoner.cli.console import make_table, print_json, result_screen
    from codereasoner.errors import UnknownName

    if path is not None:
        click.echo(configs.path_of(path))
        return
    found = _everything()
    if kind is not None:
        if kind not in found:
            raise UnknownName("kind", kind, found)
        found = {kind: found[kind]}
    if as_json:
        print_json(found)
        return
    for kind, plugins in found.items():
        table = make_table(kind, "", "", bold=True)
        table.show_header = False
        for name, sentence in plugins.items():
            table.add_row(f"  {name}", sentence)
        result_screen().print(table)


def _everything() -> dict[str, dict[str, str]]:
    """Return the names of each kind with a sentence about each."""
    import inspect
    from typing import get_args

    from codereasoner import configs, extend
    from codereasoner.styles import STYLES

    found = {
        f"{kind}s": {name: _sentence(plugin) for name, plugin in extend.available(kind).items()}
        for kind in get_args(extend.Kind)
    }
    for name, source in extend.available("source").items():
        words = ", ".join(each.replace("_", "-") for each in inspect.signature(source).parameters)
        found["sources"][name] += f" (--set {words})" if words else ""
    found["styles"] = {
        name: f"answer format '{style.format.name}', {'with' if style.reasons else 'without'} reasoning"
        + (f", after {style.shots} examples" if style.shots else "")
        for name, style in STYLES.items()
    }
    found["presets"] = {name: configs.about(name) for name in configs.everything()}
    return found


def _sentence(plugin: type) -> str:
    """Return the first sentence of a class's docstring."""
    text = " ".join((plugin.__doc__ or "").split())
    return text.split(". ")[0].rstrip(".")
