"""CodeGlance's analysis of one score as a page: accuracy by feature, and the logistic model of all features together.

Static SVG and tables in one file that asks nothing of the network and runs no script.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from codereasoner.errors import ConfigError
from codereasoner.ledger import write_whole

WIDTH, LEFT, RIGHT, ROW, FOOT = 600, 190, 70, 24, 30  # pixels
_STYLE = """
:root { --ink: #22262b; --soft: #5b636d; --line: #e3dfd7; --paper: #faf9f6; --mark: #2b5cb0; color-scheme: light dark }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e5e3de; --soft: #a3abb5; --line: #31373e; --paper: #14171a; --mark: #8fb4ff } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 75rem;
  margin: 2rem auto; padding: 0 1rem }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem }
figure { margin: 0; max-width: 40rem } figcaption { font-weight: 600 }
svg { width: 100%; height: auto; font-size: 13px }
svg text { fill: var(--ink) } svg .soft, .soft { fill: var(--soft); color: var(--soft) }
svg line { stroke: var(--line) } svg .whisker { stroke: var(--mark); stroke-width: 2 } svg circle { fill: var(--mark) }
table { border-collapse: collapse }
th, td { padding: .2rem .8rem; text-align: right; border-top: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left }
"""

Point = tuple[str, float, float, float, str]
"""A row of a plot: its label, the value, the ends of its interval, and what stands at the right."""


def write_feature_plots(score: Mapping[str, Any], out: Path) -> None:
    """Write the page of a score that has "by_feature", or of several models' scores, to `out`.

    Raises:
        ConfigError: no score in it has an analysis by feature.
    """
    scores = score.get("models") or {"": score}
    parts = [_of_model(name, each["by_feature"]) for name, each in scores.items() if "by_feature" in each]
    if not parts:
        raise ConfigError(f"the score of {score['benchmark']} has no analysis by feature: only CodeGlance's have one")
    title = f"{escape(str(score['benchmark']))}, graded by the {escape(str(score['grader']))} grader"
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>'
    )
    write_whole(out, f"{head}\n<body><h1>{title}</h1>\n{''.join(parts)}</body></html>\n")


def _of_model(name: str, found: Mapping[str, Any]) -> str:
    features = dict.fromkeys(row["feature"] for row in found["accuracy"])
    plots = [_accuracy_plot(each, [row for row in found["accuracy"] if row["feature"] == each]) for each in features]
    title = f"<h2>{escape(name)}</h2>\n" if name else ""
    accuracy = f'<h3>Accuracy by feature, 95 % intervals</h3>\n<div class="plots">{"".join(plots)}</div>\n'
    return title + accuracy + _logistic(found["logistic"]) + _accuracy_table(found["accuracy"])


def _accuracy_plot(feature: str, rows: Sequence[Mapping[str, Any]]) -> str:
    points = [
        (_range(row), row["accuracy"], row["interval"][0], row["interval"][1], f"{row['questions']:,}") for row in rows
    ]
    return _figure(_words(feature), points, [(value, f"{value} %") for value in (0, 25, 50, 75, 100)], "questions")


def _logistic(effects: Sequence[Mapping[str, Any]]) -> str:
    """The odds on a logarithmic scale: 1 is no effect."""
    if not effects:
        return ""
    points: list[Point] = []
    for each in effects:
        low, high = map(_log, each["interval"])
        points.append((_words(each["feature"]), _log(each["odds"]), low, high, _p(each["p_value"])))
    low, high = min(point[2] for point in points), max(point[3] for point in points)
    reach = min(8, max(1, math.ceil(max(-low, high))))
    step = math.ceil(reach / 4)
    ticks = [(float(power), f"{2.0**power:g}") for power in range(-step * 4, step * 4 + 1, step) if abs(power) <= reach]
    caption = "Odds of a right answer for each standard deviation more, the other features held"
    figure = _figure(caption, points, ticks, "p")
    rows = (
        (
            _words(each["feature"]),
            f"{each['odds']:.3f}",
            f"{each['interval'][0]:.3f} to {each['interval'][1]:.3f}",
            _p(each["p_value"]),
            f"{each['deviation']:.4g}",
        )
        for each in effects
    )
    table = _table(("feature", "odds", "95 % interval", "p", "standard deviation"), rows)
    return f"<h3>Logistic model of all features</h3>\n{figure}{table}"


def _accuracy_table(rows: Sequence[Mapping[str, Any]]) -> str:
    cells = (
        (
            _words(row["feature"]),
            _range(row),
            f"{row['questions']:,}",
            f"{row['accuracy']:.1f} %",
            f"{row['interval'][0]:.1f} to {row['interval'][1]:.1f}",
        )
        for row in rows
    )
    return "<h3>Table</h3>\n" + _table(("feature", "values", "questions", "accuracy", "95 % interval"), cells)


def _figure(caption: str, points: Sequence[Point], ticks: Sequence[tuple[float, str]], right: str) -> str:
    """Dots with their intervals, one row each, over an axis with these ticks."""
    first, last = ticks[0][0], ticks[-1][0]
    foot = ROW * len(points) + 18

    def place(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (min(max(value, first), last) - first) / (last - first)

    marks = [f'<text class="soft" x="{WIDTH}" y="12" text-anchor="end">{escape(right)}</text>']
    for value, text in ticks:
        x = place(value)
        marks.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="18" y2="{foot}"/>')
        marks.append(f'<text class="soft" x="{x:.1f}" y="{foot + 16}" text-anchor="middle">{escape(text)}</text>')
    for number, (label, value, low, high, beside) in enumerate(points):
        y = 18 + ROW * number + ROW / 2
        marks.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
        marks.append(
            f'<line class="whisker" x1="{place(low):.1f}" x2="{place(high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<circle cx="{place(value):.1f}" cy="{y:.1f}" r="4"/>'
        )
        marks.append(f'<text class="soft" x="{WIDTH}" y="{y + 4:.1f}" text-anchor="end">{escape(beside)}</text>')
    drawing = (
        f'<svg viewBox="0 0 {WIDTH} {foot + FOOT}" role="img" aria-label="{escape(caption)}">{"".join(marks)}</svg>'
    )
    return f"<figure><figcaption>{escape(caption)}</figcaption>{drawing}</figure>\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr>{body}</table>\n"


def _range(row: Mapping[str, Any]) -> str:
    return f"{row['low']:,}" if row["low"] == row["high"] else f"{row['low']:,} to {row['high']:,}"


def _words(feature: str) -> str:
    return feature.replace("_", " ")


def _log(odds: float) -> float:
    return math.log2(max(odds, 1e-6))


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
