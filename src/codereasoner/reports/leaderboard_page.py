"""A leaderboard as one HTML page without scripts: a table for each benchmark, with bars and intervals."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence
from importlib.resources import files

from codereasoner.reports.leaderboard_table import Board, Entry, interval_text

WIDTH = 220  # of a bar, in pixels


def leaderboard_page(boards: Sequence[Board]) -> str:
    """The page. Every text is escaped, and a content security policy admits the page's own style and nothing else."""
    style = files("codereasoner.reports").joinpath("web", "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    tables = "\n".join(map(_section, boards))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{digest}'; img-src data:">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Leaderboard · codereasoner</title>
<style>{style}</style>
</head>
<body>
<header class="bar"><span class="home"><b>codereasoner</b> <span>leaderboard</span></span></header>
<main class="summary leaderboard">
{tables}
<p class="small soft">Published numbers were got with other prompts and other parsers than yours: look at them side by
side, but compare two models with <code>codereasoner compare</code>, on the same questions.</p>
</main>
</body>
</html>
"""


def _section(board: Board) -> str:
    rows = "\n".join(map(_row, board.entries))
    return f"""<section aria-label="{html.escape(board.title)}">
<h2>{html.escape(board.title)}</h2>
<div class="card scroll" tabindex="0" role="region" aria-label="Table of {html.escape(board.title)}">
<table>
<thead><tr><th scope="col">model</th><th scope="col">pass@1 with its 95 % interval</th><th scope="col"></th>
<th scope="col">settings</th><th scope="col">source</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
</section>"""


def _row(entry: Entry) -> str:
    name = html.escape(entry.model)
    cells = (
        f'<th scope="row">{name}</th>',
        f'<td><b>{entry.value:.1f} %</b> <span class="interval">{interval_text(entry)}</span></td>',
        f"<td>{_bar(entry)}</td>",
        f'<td class="small soft">{html.escape(entry.settings)}</td>',
        f'<td class="small soft">{html.escape(entry.source)}</td>',
    )
    return f'<tr class="{entry.kind}">{"".join(cells)}</tr>'


def _bar(entry: Entry) -> str:
    scale = WIDTH / 100
    whisker = ""
    if entry.interval:
        low, high = (bound * scale for bound in entry.interval)
        whisker = f'<line class="axis" x1="{low:.1f}" x2="{high:.1f}" y1="7" y2="7" stroke-width="1.5" />'
    return (
        f'<svg width="{WIDTH}" height="14" aria-hidden="true"><rect class="rest" width="{WIDTH}" height="14" rx="3" />'
        f'<rect class="value" width="{entry.value * scale:.1f}" height="14" rx="3" />{whisker}</svg>'
    )
