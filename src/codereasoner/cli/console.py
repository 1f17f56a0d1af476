"""Output of commands: consoles that show any text as text, tables, progress bars, and notes on waiting."""

import contextlib
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from codereasoner.interfaces import Progress as Report

LEAST_WIDTH, USUAL_WIDTH = 20, 80  # columns below which nothing can be read, and those that are taken then
WIDEST = 1_000  # columns of a table in a file or a pipe
PATIENCE = 2.0  # seconds without a sign of work, after which people begin to ask what happens

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that a terminal would obey instead of show, or cannot encode: controls, directions, half letters."""


class Screen(Console):
    """A console on which names, answers and programs are plain text, never markup or control sequences."""

    def __init__(self, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False)
        if self.width < LEAST_WIDTH:  # COLUMNS is 0 in some logs, and a table of that width is nothing at all
            self.width = USUAL_WIDTH

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does, but squeeze no table until words break and columns vanish.

        A table may take 80 columns for its words, and as many as it needs where neither a terminal nor $COLUMNS sets a
        width. There a sentence is one line, so that a log can be searched.
        """
        free = not self.is_terminal and "COLUMNS" not in os.environ
        given, most = self._width, WIDEST if free else USUAL_WIDTH
        if free and all(isinstance(each, str | Text) for each in objects):
            options.setdefault("soft_wrap", True)
        tables = [each for each in objects if isinstance(each, Rows)]
        needed = max((_room(each, self._widths(each)[0]) for each in tables), default=0)
        try:
            if needed > self.width:
                self._width = max(self.width, min(needed, most))
            for each in tables:
                self._fit(each)
            super().print(*objects, **options)
        finally:
            self._width = given

    def _fit(self, table: Table) -> None:
        """Set the widths of a table that is too wide for the screen so that no word breaks, where there is room for it.

        rich takes what is missing from the widest columns, also below their longest word.
        """
        least, whole = self._widths(table)
        spare = self.width - _room(table, least)
        if spare < 0 or _room(table, whole) <= self.width:
            return
        wanted = [most - width for width, most in zip(least, whole, strict=True)]
        for count, place in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
            given = min(wanted[place], spare // (len(wanted) - count))
            table.columns[place].width = least[place] + given
            spare -= given

    def _widths(self, table: Table) -> tuple[list[int], list[int]]:
        """Return the widths of columns that break text between words only and no number; and those of whole texts."""
        wide, least, whole = self.options.update(width=WIDEST), [], []
        for column in table.columns:
            cells = [Measurement.get(self, wide, each) for each in (column.header, *column.cells)]
            whole.append(max(each.maximum for each in cells))
            least.append(whole[-1] if column.no_wrap else max(each.minimum for each in cells))
        return least, whole

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, with a picture in the place of each character that cannot be shown."""
        for segment in super().render(renderable, options):
            if segment.control is None and _UNSEEN.search(segment.text):
                yield Segment(visible(segment.text), segment.style)
            else:
                yield segment


def _room(table: Table, widths: Sequence[int]) -> int:
    """Return how wide a table is whose columns have these widths."""
    lines = len(widths) - 1 + 2 * table.show_edge if table.box else 0
    return lines + 2 * len(widths) - 2 * (not table.pad_edge) + sum(widths)


class Rows(Table):
    """A table whose columns all stay, also in a terminal that is too narrow for them."""


def styled(style: str, text: str, rest: str = "") -> Text:
    """Return a text in a style, followed by plain text."""
    return Text.assemble((text, style), rest)


def visible(text: str) -> str:
    """Return a text in which each character that cannot be shown is a picture of itself."""
    return _UNSEEN.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"


console = Screen(stderr=True)
"""Standard error, for progress, notices and warnings. What a command is asked for goes to standard output."""


def result_screen(as_json: bool = False) -> Screen:
    """Return the console of a command's result; with `--json` standard output has the one JSON object alone."""
    return console if as_json else Screen()


def print_json(result: Mapping[str, object]) -> None:
    """Print the one JSON object of `--json`."""
    click.echo(json.dumps(result))


def make_table(title: str | Text | None, *columns: str, right: Iterable[str] = (), bold: bool = False) -> Table:
    """Return a table without lines; the columns named in `right` hold numbers."""
    table = Rows(title=title, title_justify="left", title_style="bold" if bold else None, box=None)
    for column in columns:
        number = column in right
        table.add_column(column, justify="right" if number else "left", no_wrap=number, overflow="fold")
    return table


def ruled_table(title: str, caption: str = "") -> Table:
    """Return a table with a line below its head, still without columns."""
    table = Rows(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.caption_justify = "left"
    table.caption = caption
    return table


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Print what is waited for, where the block takes longer than PATIENCE."""
    note = threading.Timer(PATIENCE, console.print, [styled("dim", f"waiting for {what}")])
    note.daemon = True
    note.start()
    try:
        yield
    finally:
        note.cancel()


@contextlib.contextmanager
def bar(title: str, first: str = "") -> Iterator[Report]:
    """Show a progress bar on standard error, and give the callable that feeds it.

    first: what is waited for until the first report, printed after PATIENCE.
    """
    columns = (
        TextColumn("{task.description}", style="bold", markup=False),
        BarColumn(bar_width=28),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}", style="dim", markup=False),
    )
    with Progress(*columns, console=console) as bars, contextlib.ExitStack() as until_first:
        if first:
            until_first.enter_context(waiting(first))
        task = bars.add_task(title, total=1.0, words="")

        def report(share: float, words: str) -> None:
            until_first.close()
            bars.update(task, completed=share, words=words)

        yield report
        bars.update(task, completed=1.0)
